import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scenarios, simulate } from '../../lib/simulation/index.ts'
import { ballast } from '../unit/cli/test-context.ts'
import { seriousFaults } from './accessibility.ts'
import { answerHeadings } from './answers.ts'
import { launchBrowser, visit } from './browser.ts'
import { type Served, serve } from './served.ts'

const directory = mkdtempSync(join(tmpdir(), 'ballast-page-'))
let browser: Browser
let served: Served
beforeAll(async () => {
  const recordings = join(directory, 'recordings')
  const args = ['run', '1', '--ticks', '150', '--record', recordings, '--journal', join(directory, 'journal')]
  await ballast(args, async () => simulate(scenarios.M1()))
  served = await serve(nowhere, ['serve', recordings, '--listen', '0'])
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser?.close()
  await served?.[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true })
})

const nowhere = async () => {
  throw new Error('it tried to connect')
}

describe('the page of a recording', () => {
  it('shows its end, and goes back to when a balloon was set', async () => {
    const { page, complaints } = await visit(browser, served.url)
    await page.getByText('recording', { exact: true }).waitFor()
    const slider = page.getByRole('slider', { name: 'Moment that is shown' })
    expect(await slider.inputValue()).toBe('149')
    const size = () => page.locator('.guests tr', { hasText: 'guest1' }).locator('td').nth(3).textContent()
    const atEnd = await size()
    const change = page.locator('.change', { hasText: 'guest1: balloon set' }).last()
    await change.getByRole('button', { name: /^Why / }).click()
    expect(await change.locator('dl.rows').textContent()).toMatch(/reason.*predicted.*after.*\(3 samples\)/)
    await change.locator('time').click()
    await page.waitForURL(/#at=2026-/)
    expect(Number(await slider.inputValue())).toBeLessThan(149)
    await page.getByRole('button', { name: 'Tick after' }).click()
    await expect.poll(size).not.toBe(atEnd)
    // Another piece of it.
    await slider.focus()
    await page.keyboard.press('Home')
    expect(await slider.inputValue()).toBe('0')
    await page.getByRole('button', { name: 'End' }).click()
    expect(await slider.inputValue()).toBe('149')
    expect(await seriousFaults(page)).toEqual([])
    expect(complaints).toEqual([])
  })

  it('plays what was recorded under another policy, in the browser, with its regret', async () => {
    const { page, complaints } = await visit(browser, served.url)
    const part = page.getByRole('region', { name: 'What if' })
    // The recording has 150 s.
    expect(await part.locator('p').first().textContent()).toMatch(/^Plays the 2 minutes from /)
    await part.getByLabel('ballooning').selectOption('watermark')
    const high = part.getByLabel('high')
    expect(await high.inputValue()).toBe('192 MiB')
    await high.fill('100 MiB')
    await part.getByRole('button', { name: 'Play it' }).click()
    await part.getByText(/^high must be a number of bytes, at least .* MiB above/).waitFor()
    expect(await high.getAttribute('aria-invalid')).toBe('true')
    await high.fill('500')
    await part.getByRole('button', { name: 'Play it' }).click()
    await part.getByText('high must be a size with its unit, such as 512 MiB').waitFor()
    expect(await seriousFaults(page)).toEqual([])
    await part.getByLabel('ballooning').selectOption('squeezed')
    await part.getByLabel('scheduler').selectOption('none')
    await part.getByRole('button', { name: 'Play it' }).click()
    expect(await answerHeadings(part)).toEqual([
      'figure',
      'measured',
      'as recorded',
      'none + squeezed',
      'none',
    ])
    const regret = part.locator('tbody tr', { hasText: 'regret: memory' }).locator('td')
    expect(await regret.allTextContents()).toEqual([
      '-',
      expect.stringMatching(/^[\d.]+ %$/),
      expect.stringMatching(/^[\d.]+ %$/),
      '-',
    ])
    expect(complaints).toEqual([])
    await page.close()
  })
})
