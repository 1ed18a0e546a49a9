import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { connect } from '../../lib/libvirt/connect.ts'
import { chromium, launchBrowser, visit } from '../page/browser.ts'
import buildPage from '../page/built.ts'
import { type Served, serve } from '../page/served.ts'
import { describeLab } from './describe-lab.ts'
import { Lab } from './lab.ts'
import { patience } from './quietly.ts'

/** Guests whose load is too much for the one pCPU that they are on, and not for two. */
const names = ['page1', 'page2', 'page3', 'page4']

describeLab('the page of real guests', { timeout: patience }, () => {
  let lab: Lab
  let browser: Browser
  let served: Served
  let directory: string

  beforeAll(async () => {
    await buildPage()
    directory = await mkdtemp(join(tmpdir(), 'ballast-page-'))
    lab = await Lab.up()
    const guests = await lab.startAll(names.map((name) => ({ name })))
    await Promise.all(guests.map((guest) => guest.pin('0')))
    await Promise.all(guests.map((guest) => guest.send('work 40')))
    if (chromium()) browser = await launchBrowser()
  }, patience)

  afterAll(async () => {
    await browser?.close()
    await served?.[Symbol.asyncDispose]()
    await lab?.down()
    await rm(directory, { recursive: true, force: true })
  }, patience)

  it.skipIf(!chromium())('shows them being balanced, and then in a recording', async () => {
    const recordings = join(directory, 'recordings')
    const journal = join(directory, 'journal')
    const args = ['--connect', lab.uri, '--journal', journal, '--record', recordings]
    served = await serve(connect, ['run', '1', '--serve', '0', ...args])
    const { page, complaints } = await visit(browser, served.url)
    const move = page.locator('.change', { hasText: 'pinned to pCPU' }).first()
    await move.waitFor({ timeout: 60_000 })
    expect(await move.locator('.reason').textContent()).toMatch(/^wants [\d.]+ %, from pCPU 0/)
    await move.getByRole('button', { name: /^Why / }).click()
    await move.locator('dd', { hasText: '(3 samples)' }).waitFor({ timeout: 60_000 })
    await move.locator('.line .name').click()
    await page.locator('section.guest canvas').first().waitFor()
    expect(complaints).toEqual([])
    await page.close()
    await served[Symbol.asyncDispose]()

    served = await serve(connect, ['serve', recordings, '--listen', '0'])
    const later = await visit(browser, served.url)
    await later.page.locator('.change', { hasText: 'pinned to pCPU' }).first().waitFor()
    await later.page.getByRole('slider', { name: 'Moment that is shown' }).press('Home')
    expect(later.complaints).toEqual([])
    await later.page.close()
  })
})
