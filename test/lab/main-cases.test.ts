import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { chromium, launchBrowser } from '../page/browser.ts'
import buildPage from '../page/built.ts'
import { type FaultOptions, type FaultResult, faults } from './cases/faults/index.ts'
import { runCase } from './cases/index.ts'
import { differencesIn } from './cases/recorded.ts'
import { replayFigures } from './cases/recorded-pilot.ts'
import { describeLab } from './describe-lab.ts'
import { Lab } from './lab.ts'
import { visitBalancing, visitRecorded } from './page-of-a1.ts'
import { patience, quietly } from './quietly.ts'
import { recordingDirectory } from './recording-directory.ts'
import { canScrape, scrapedLoads } from './scrape.ts'

/** One lab for all: to boot its guests takes longer than many a case. */
let lab: Lab

/** What `npm test` runs of the lab: one case of each kind, with its policy and without. The rest: `npm run test:lab`. */
describeLab('the main cases', { timeout: patience }, () => {
  beforeAll(async () => {
    lab = await Lab.up()
  }, patience)

  afterAll(() => lab.down(), patience)

  it('A1: balanced in time, with the fewest moves, and left then; its recording is replayed the same', async () => {
    const recordTo = await recordingDirectory()
    const result = await runCase('A1', quietly({ lab, brief: true, recordTo }))
    expect(result).toMatchObject({ passed: true, broken: [], movesAfterBalance: 0, ticksAfterBalance: 10 })
    expect(differencesIn(await replayFigures(recordTo))).toEqual([])
  })

  it('A1 fails without a scheduler', async () => {
    expect(await runCase('A1', quietly({ lab, off: true }))).toMatchObject({ passed: false, moves: 0 })
  })

  it.skipIf(!chromium())('A1 on the page, while it is balanced and in its recording', async () => {
    await buildPage()
    const directory = await recordingDirectory()
    const browser = await launchBrowser()
    onTestFinished(() => browser.close())
    await visitBalancing(lab, browser, directory)
    await visitRecorded(browser, directory)
  })

  it.skipIf(!canScrape)('Prometheus reads the load of guests back within 5 points', async () => {
    const loads = await scrapedLoads(lab)
    expect(loads).toHaveLength(2)
    for (const { kernel, scraped } of loads) {
      expect(kernel).toBeGreaterThan(0.05)
      expect(Math.abs(scraped - kernel)).toBeLessThan(0.05)
    }
  })

  // The one after it goes on where it ends: to fill the guest's memory and its swap takes longer than either.
  it('SQUEEZE fails without ballooning: it goes on swapping', async () => {
    const result = await runCase('SQUEEZE', quietly({ lab, off: true }))
    expect(result).toMatchObject({ passed: false, periodsToHelp: null, changes: 0 })
  })

  it('SQUEEZE: a guest that swaps is helped within two statistics periods', async () => {
    const result = await runCase('SQUEEZE', quietly({ lab, brief: true }))
    expect(result).toMatchObject({ passed: true, broken: [], programsKilled: 0, hostReserveHeld: true })
    expect(result.swappedAtStartMiB).toBeGreaterThan(100)
  })

  const reconnect = 'libvirtd killed and started'
  const stuck = 'QEMU stopped'

  async function resultsOf(options: FaultOptions): Promise<FaultResult[]> {
    const results: FaultResult[] = []
    for await (const result of faults(options)) results.push(result)
    return results
  }

  it('faults: a killed libvirtd and a stuck guest are ridden out, and nothing wrong is done', async () => {
    const results = await resultsOf({ ...quietly({ lab }), only: [reconnect, stuck] })
    expect(results.map(({ fault }) => fault).sort()).toEqual([stuck, reconnect].sort())
    for (const result of results)
      expect(result).toMatchObject({ survived: true, wrongActions: 0, broken: [] })
  })

  it('the same faults are not ridden out without policies', async () => {
    const results = await resultsOf({ ...quietly({ lab, off: true }), only: [reconnect, stuck] })
    expect(results).toHaveLength(2)
    for (const result of results) expect(result).toMatchObject({ survived: false, actions: 0 })
  })
})
