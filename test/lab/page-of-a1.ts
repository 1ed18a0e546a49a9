import { join } from 'node:path'
import type { Browser, Locator, Page } from 'playwright-core'
import { expect } from 'vitest'
import { connect } from '../../lib/libvirt/connect.ts'
import { seriousFaults } from '../page/accessibility.ts'
import { type Visit, visit } from '../page/browser.ts'
import { serve } from '../page/served.ts'
import { placeA1 } from './cases/balance.ts'
import { Stage } from './cases/case.ts'
import type { Lab } from './lab.ts'
import { quietly } from './quietly.ts'

/** What a page has to say of real guests takes ticks of theirs. */
const timeout = 100_000

/** Puts the guests of A1 in their places and has `ballast run` balance them, seen by its page; what it recorded is in `directory`. */
export async function visitBalancing(lab: Lab, browser: Browser, directory: string): Promise<void> {
  await using stage = await Stage.set(quietly({ lab }))
  await placeA1(stage)
  const files = ['--journal', join(directory, 'journal'), '--record', recordingsIn(directory)]
  await using served = await serve(connect, ['run', '1', '--serve', '0', '--connect', lab.uri, ...files])
  const seen = await visit(browser, served.url)
  const { page } = seen
  const move = movesOn(page).first()
  await move.waitFor({ timeout })
  expect(await move.locator('.reason').textContent()).toMatch(/^wants [\d.]+ %, from pCPU 0/)
  await move.getByRole('button', { name: /^Why / }).click()
  await move.locator('dd', { hasText: '(3 samples)' }).waitFor({ timeout })
  await openGuestOf(move, page)
  await goThrough(page, 'Live')
  await askWhatIf(page)
  await isSound(seen)
}

/** Looks at the recording of {@link visitBalancing}, as `ballast serve` shows it. */
export async function visitRecorded(browser: Browser, directory: string): Promise<void> {
  await using served = await serve(connect, ['serve', recordingsIn(directory), '--listen', '0'])
  const seen = await visit(browser, served.url)
  const { page } = seen
  const move = movesOn(page).last()
  await move.waitFor({ timeout })
  await openGuestOf(move, page)
  await goThrough(page, 'End')
  await isSound(seen)
}

const recordingsIn = (directory: string) => join(directory, 'recordings')

/** The changes that took a vCPU from where all of them were. */
const movesOn = (page: Page) => page.locator('.change', { hasText: ', from pCPU 0' })

async function openGuestOf(move: Locator, page: Page): Promise<void> {
  const name = move.locator('.line .name')
  const text = await name.textContent()
  await name.click()
  const panel = page.locator('section.guest')
  await panel.locator('canvas').first().waitFor()
  expect(await panel.getByRole('heading').first().textContent()).toBe(text)
  await page.getByRole('button', { name: 'Close' }).click()
}

/** Goes by slider to the first moment, to the first move, and to the last moment: the load was uneven, and is level. */
async function goThrough(page: Page, toLast: 'Live' | 'End'): Promise<void> {
  const slider = page.getByRole('slider', { name: 'Moment that is shown' })
  await slider.press('Home')
  expect(await slider.inputValue()).toBe('0')
  await movesOn(page).first().waitFor({ state: 'detached' })
  await slider.press('End')
  await movesOn(page).last().locator('time').click()
  const before = await deviationOn(page)
  await page.getByRole('button', { name: toLast, exact: true }).click()
  expect(await deviationOn(page)).toBeLessThan(before / 2)
}

async function deviationOn(page: Page): Promise<number> {
  const tile = page.locator('.tile', { hasText: 'pCPUs busy' }).locator('small')
  return Number(/^deviation ([\d.]+) %$/.exec((await tile.textContent()) ?? '')?.[1] ?? Number.NaN)
}

/** Has what was seen so far played under another policy, in the browser. */
async function askWhatIf(page: Page): Promise<void> {
  const part = page.getByRole('region', { name: 'What if' })
  await part.getByLabel('scheduler').selectOption('fair')
  await part.getByLabel('tolerance').fill('0.2')
  await part.getByRole('button', { name: 'Play it' }).click()
  await part.locator('thead th', { hasText: 'fair, tolerance 0.2 + shares' }).waitFor({ timeout })
  const regret = part.locator('tbody tr', { hasText: 'regret: vCPUs' }).locator('td')
  expect(await regret.nth(1).textContent()).toMatch(/^[\d.]+ %$/)
}

/** Nothing failed, nothing was asked of anybody else, and anybody can use it. */
async function isSound({ page, complaints }: Visit): Promise<void> {
  expect(await seriousFaults(page)).toEqual([])
  expect(complaints).toEqual([])
  await page.close()
}
