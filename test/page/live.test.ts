import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scenarios } from '../../lib/simulation/index.ts'
import { seriousFaults } from './accessibility.ts'
import { answerHeadings } from './answers.ts'
import { launchBrowser, visit } from './browser.ts'
import { type Served, serveSimulated } from './served.ts'

let browser: Browser
let served: Served
beforeAll(async () => {
  browser = await launchBrowser()
  served = await serveSimulated(scenarios.A1(), { speed: 10, args: ['1'] })
})
afterAll(async () => {
  await browser.close()
  await served[Symbol.asyncDispose]()
})

describe('the page of a loop that runs', () => {
  it('shows A1 being balanced, with the reason of a move, and what came of it', async () => {
    const { page, complaints } = await visit(browser, served.url)
    await page.getByRole('heading', { name: 'Physical CPUs' }).waitFor()
    expect(await page.locator('.guests tbody th').count()).toBe(8)
    const move = page.locator('.change').first()
    await move.waitFor()
    expect(await move.locator('.reason').textContent()).toMatch(/^wants [\d.]+ %, from pCPU 0/)
    await move.getByRole('button', { name: /^Why / }).click()
    await page
      .locator('.change dt', { hasText: /^after$/ })
      .first()
      .waitFor()
    await page.locator('.change dd', { hasText: '(3 samples)' }).first().waitFor()
    expect(complaints).toEqual([])
    await page.close()
  })

  it('opens a guest and goes back in time, both by links', async () => {
    const { page, complaints } = await visit(browser, served.url)
    await page.locator('.guests').getByRole('button', { name: 'guest5' }).press('Enter')
    const panel = page.locator('section.guest')
    expect(await panel.getByRole('heading').textContent()).toBe('guest5')
    await page.locator('.decisions time').first().click()
    await page.waitForURL(/#.*at=/)
    const at = await page.locator('.time b').textContent()
    const other = await visit(browser, page.url())
    await other.page.locator('section.guest').waitFor()
    expect(await other.page.locator('.time b').textContent()).toBe(at)
    await page.keyboard.press('Home')
    await page.getByRole('slider', { name: 'Moment that is shown' }).focus()
    await page.keyboard.press('Home')
    expect(await page.locator('.time b').textContent()).toContain('00:00:00')
    await page.getByRole('button', { name: 'Live' }).click()
    await page.getByText('(now)').waitFor()
    await page.getByRole('button', { name: 'Close' }).click()
    expect(await panel.count()).toBe(0)
    expect([...complaints, ...other.complaints]).toEqual([])
    await page.close()
    await other.page.close()
  })

  it('plays the last hour under another policy with options, in the browser, with its regret', async () => {
    const { page, complaints } = await visit(browser, served.url)
    const part = page.getByRole('region', { name: 'What if' })
    await part.getByText(/^Plays the last hour, or what there is of it,/).waitFor()
    await part.getByLabel('cost.remote').fill('2')
    const play = part.getByRole('button', { name: 'Play it' })
    await play.click()
    await part.getByText('cost.remote must be a fraction from 0 to 1').waitFor()
    await part.getByLabel('cost.remote').fill('0.05')
    await part.getByLabel('max-moves').fill('1')
    await part.getByLabel('ballooning').selectOption('none')
    await play.click()
    expect(await answerHeadings(part)).toEqual([
      'figure',
      'measured',
      'as recorded',
      'balance, max-moves 1 + none',
      'none',
    ])
    const regret = part.locator('tbody tr', { hasText: 'regret: vCPUs' }).locator('td')
    expect(await regret.nth(1).textContent()).toMatch(/^[\d.]+ %$/)
    expect(await part.getByRole('status').textContent()).toMatch(/^played the \d+ (second|minute)s?$/)
    expect(complaints).toEqual([])
    await page.close()
  })

  it('says when Ballast has ended that what it shows is of then', async () => {
    await using short = await serveSimulated(scenarios.A1(), { speed: 10, args: ['1'] })
    const { page } = await visit(browser, short.url)
    await page.locator('.guests tbody th').first().waitFor()
    expect(await page.getByRole('alert').count()).toBe(0)
    await short[Symbol.asyncDispose]()
    await page.getByRole('alert').waitFor()
    expect(await page.getByRole('alert').textContent()).toMatch(
      /^Ballast does not answer: .* This is how the host was at \d\d:\d\d:\d\d/,
    )
    const opacity = await page.evaluate('getComputedStyle(document.querySelector(".summary")).opacity')
    expect(Number(opacity)).toBeLessThan(1)
    await page.close()
  })

  it.each(['light', 'dark'] as const)('has no serious fault of accessibility, %s', async (colorScheme) => {
    for (const width of [360, 2_560]) {
      const { page, complaints } = await visit(browser, served.url, {
        colorScheme,
        viewport: { width, height: 900 },
      })
      await page.locator('.guests').getByRole('button', { name: 'guest2' }).press('Enter')
      await page.locator('section.guest canvas').first().waitFor()
      expect(await seriousFaults(page)).toEqual([])
      const isWider = await page.evaluate('document.documentElement.scrollWidth > innerWidth')
      expect(isWider, `wider than ${width} pixels`).toBe(false)
      expect(complaints).toEqual([])
      await page.close()
    }
  })
})
