import { expect, it } from 'vitest'
import { readRecordedPage } from '../../lib/cli/page/recorded-page.ts'
import { servePage } from '../../lib/cli/page/serve.ts'
import { balance } from '../../lib/schedulers/index.ts'
import { scenarios, simulate } from '../../lib/simulation/index.ts'
import { header, recorded, stalledAfter } from '../unit/recording/recorded.ts'
import { launchBrowser, visit } from './browser.ts'

it('shows what was read of a recording, and then the rest, without being loaded again', async () => {
  const loop = { interval: 1_000 }
  const configuration = { loop, policies: { scheduler: { name: 'balance', options: {} } } }
  const host = simulate(scenarios.A1())
  const { lines } = await recorded(host, { ...loop, scheduler: balance() }, 300, configuration)
  const { entries, release } = stalledAfter(200, lines)
  const open = async () => [{ header, files: [], problems: [], entries: entries() }]
  const source = await readRecordedPage(open, {}, new AbortController().signal)
  await source.hasTicks
  const address = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const
  await using served = await servePage({ address, tokenFile: undefined }, source, console.error)
  const browser = await launchBrowser()
  try {
    const { page, complaints } = await visit(browser, served.address)
    const slider = page.getByRole('slider', { name: 'Moment that is shown' })
    await page.getByText(/^recording, read up to /).waitFor()
    expect(await slider.inputValue()).toBe('119')
    await slider.press('Home')
    expect(await slider.inputValue()).toBe('0')
    release()
    await page.getByText('recording', { exact: true }).waitFor()
    // Whoever looks at a moment goes on looking at it.
    expect(await slider.inputValue()).toBe('0')
    await slider.press('End')
    expect(await slider.inputValue()).toBe('299')
    await page.getByText('300 ticks').waitFor()
    expect(complaints).toEqual([])
  } finally {
    await browser.close()
  }
})
