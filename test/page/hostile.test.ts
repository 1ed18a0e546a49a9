import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scenarios } from '../../lib/simulation/index.ts'
import { printable } from '../../lib/util/printable.ts'
import { launchBrowser, visit } from './browser.ts'
import { type Served, serveSimulated } from './served.ts'

/** Names that somebody may give a guest who wants to be seen. */
const names = [
  `<img src="/x" onerror="document.title='owned'">`,
  '"><script>document.title="owned"</script>',
  '\u001b[31mred\u0007\r\nhost is well',
  '\u202egnirts\u2066\u200f',
  `long${'x'.repeat(3_996)}`,
  'javascript:alert(1)',
  '{{7*7}}',
  '__proto__',
]

let browser: Browser
let served: Served
beforeAll(async () => {
  const scenario = scenarios.A1()
  const domains = scenario.domains.map((domain, i) => ({ ...domain, name: names[i]! }))
  served = await serveSimulated({ ...scenario, domains }, { speed: 10, args: ['1'] })
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser?.close()
  await served?.[Symbol.asyncDispose]()
})

describe('names that are meant to do harm', () => {
  it('are shown as text, everywhere', async () => {
    const { page, complaints } = await visit(browser, served.url, { viewport: { width: 360, height: 800 } })
    await page.locator('.change').first().waitFor()
    const titles = await page
      .locator('.guests tbody th button')
      .evaluateAll((buttons) => buttons.map((button) => button.getAttribute('title')))
    expect(titles.sort()).toEqual(names.map(printable).sort())
    // What is not visible stands there as an escape.
    expect(await page.locator('#app').textContent()).not.toMatch(/[\p{Cf}\p{Cc}]/u)
    for (const name of names) {
      const shown = printable(name)
      await page.locator('.guests tbody').getByTitle(shown, { exact: true }).press('Enter')
      await expect.poll(() => page.locator('section.guest h2').textContent()).toBe(shown)
      expect(await page.evaluate('document.documentElement.scrollWidth > innerWidth'), name).toBe(false)
    }
    for (const why of (await page.locator('.change button[aria-expanded=false]').all()).reverse())
      await why.click()
    expect(await page.locator('img, script:not([src]), iframe').count()).toBe(0)
    expect(await page.title()).toBe('Ballast')
    expect(complaints).toEqual([])
    await page.close()
  })
})
