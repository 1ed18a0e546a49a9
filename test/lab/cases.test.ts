import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { CaseResult } from './cases/case.ts'
import { runCase } from './cases/index.ts'
import { differencesIn } from './cases/recorded.ts'
import { replayFigures } from './cases/recorded-pilot.ts'
import { LabCpuset } from './cpuset.ts'
import { describeLab } from './describe-lab.ts'
import { Lab } from './lab.ts'
import { patience, quietly } from './quietly.ts'
import { recordingDirectory } from './recording-directory.ts'

const isRoot = process.getuid?.() === 0

/** Runs the lab's command line; gives what it printed and its exit code. */
function lab(...args: string[]): Promise<{ stdout: string; code: number }> {
  const main = fileURLToPath(new URL('main.ts', import.meta.url))
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', 'tsx', main, ...args], (error, stdout) => {
      resolve({ stdout, code: typeof error?.code === 'number' ? error.code : 0 })
    })
  })
}

/** One lab for several cases: to boot its guests takes longer than many a case. */
let shared: Lab

describeLab('on real guests that one case leaves to the next', { timeout: patience }, () => {
  beforeAll(async () => {
    shared = await Lab.up()
  }, patience)

  afterAll(() => shared.down(), patience)

  const toBeMoved = ['A4', 'A5', 'A7']
  const leftAlone = ['A2', 'A3', 'A6']

  it.each(toBeMoved)('%s: balanced in time, with the fewest moves, and left then', async (name) => {
    const result = await runCase(name, quietly({ lab: shared }))
    expect(result).toMatchObject({ passed: true, broken: [], movesAfterBalance: 0, ticksAfterBalance: 30 })
  })

  it.each(leftAlone)('%s: what is balanced is left alone, by a scheduler that is awake', async (name) => {
    expect(await runCase(name, quietly({ lab: shared }))).toMatchObject({ passed: true, broken: [] })
  })

  it.each(toBeMoved)('%s fails without a scheduler', async (name) => {
    const result = await runCase(name, quietly({ lab: shared, off: true }))
    expect(result).toMatchObject({ passed: false, moves: 0 })
  })

  it.each(leftAlone)('%s fails without a scheduler', async (name) => {
    const didNotWake = ({ ticksToWake }: CaseResult) => ticksToWake === null
    const result = await runCase(name, quietly({ lab: shared, off: true }), didNotWake)
    expect(result).toMatchObject({ passed: false, ticksToWake: null })
  })

  it('DEMAND: the estimate under contention is what each guest uses alone', async () => {
    expect(await runCase('DEMAND', quietly({ lab: shared }))).toMatchObject({ passed: true, broken: [] })
  })

  it.skipIf(LabCpuset.unavailable() !== undefined)(
    'CPUSET: levelled within, with one refused pin for each pCPU at most, and restored',
    async () => {
      const result = await runCase('CPUSET', quietly({ lab: shared }))
      expect(result).toMatchObject({ passed: true, broken: [], pinsRefusedReadable: 0 })
    },
  )

  it('TRAP: moves one where usage shows nothing to do', async () => {
    const result = await runCase('TRAP', quietly({ lab: shared }))
    expect(result).toMatchObject({ passed: true, broken: [], moves: 1, usageBasedMoves: 0 })
  })

  it('TRAP fails without a scheduler', async () => {
    const result = await runCase('TRAP', quietly({ lab: shared, off: true }))
    expect(result).toMatchObject({ passed: false, moves: 0, ticksToBalance: null })
  })

  it('M3: memory moves from two that stop early to two that go on', async () => {
    const result = await runCase('M3', quietly({ lab: shared }))
    expect(result).toMatchObject({
      passed: true,
      broken: [],
      programsKilled: 0,
      hostReserveHeld: true,
      reachedMaximum: true,
      gaveBack: true,
    })
    expect(result.swappedOutMiB).toBeLessThanOrEqual(8)
    expect(result.minimumUnusedMiB).toBeGreaterThanOrEqual(100)
  })

  it('M3 fails without ballooning: programs are lost', async () => {
    const result = await runCase('M3', quietly({ lab: shared, off: true }))
    expect(result).toMatchObject({ passed: false, changes: 0 })
    expect(result.programsKilled).toBeGreaterThanOrEqual(1)
  })

  it('SQUEEZE: a guest that swaps is helped within two statistics periods, and swaps no more', async () => {
    const result = await runCase('SQUEEZE', quietly({ lab: shared }))
    expect(result).toMatchObject({ passed: true, broken: [], programsKilled: 0, hostReserveHeld: true })
  })

  it('REFUSE: a guest without a balloon driver is counted and left alone, and the others are served', async () => {
    const result = await runCase('REFUSE', quietly({ lab: shared }))
    expect(result).toMatchObject({
      passed: true,
      broken: [],
      wrongBooks: 0,
      hostReserveHeld: true,
      refuserAsked: 0,
    })
  })
})

describeLab('on real guests', { timeout: patience }, () => {
  it.runIf(isRoot)('A1 on qemu:///system', async () => {
    expect(await runCase('A1', quietly({ system: true }))).toMatchObject({ passed: true, broken: [] })
  })

  it.runIf(isRoot)('QUOTA: what quotas hold back is no demand and no delay', async () => {
    expect(await runCase('QUOTA', quietly())).toMatchObject({ passed: true, broken: [], moves: 2 })
  })

  it.runIf(isRoot)('QUOTA fails without a scheduler', async () => {
    expect(await runCase('QUOTA', quietly({ off: true }))).toMatchObject({ passed: false, moves: 0 })
  })

  it('the command line says of a case that it failed', async () => {
    const { stdout, code } = await lab('case', 'A1', '--json', '--off')
    const last = JSON.parse(stdout.trimEnd().split('\n').at(-1)!)
    expect(last).toMatchObject({ case: 'A1', passed: false, ticksToBalance: null, moves: 0 })
    expect(code).toBe(1)
  })

  it('VIRTIO-MEM: the balloon is never asked for what the device has, and is restored', async () => {
    const result = await runCase('VIRTIO-MEM', quietly())
    expect(result).toMatchObject({ passed: true, broken: [], requestsFailed: 0, countedWrong: 0 })
  })

  it('VIRTIO-MEM fails without ballooning', async () => {
    const result = await runCase('VIRTIO-MEM', quietly({ off: true }))
    expect(result).toMatchObject({ passed: false, requests: 0 })
  })

  it('REBOOT: nothing is decided on what the guest told before, and all of its memory counts', async () => {
    const result = await runCase('REBOOT', quietly())
    expect(result).toMatchObject({ passed: true, broken: [], decidedOnOld: 0, wrongAccount: 0 })
  })

  it('REBOOT fails without ballooning', async () => {
    expect(await runCase('REBOOT', quietly({ off: true }))).toMatchObject({ passed: false, changes: 0 })
  })

  it('RUN-ID: what was changed in one run of a guest is not restored to the next that has its id', async () => {
    const result = await runCase('RUN-ID', quietly())
    expect(result).toMatchObject({
      passed: true,
      broken: [],
      idsRepeated: 2,
      restored: 0,
      settingsChanged: 6,
    })
  })

  it('DRY-RUN: says why nothing is known of memory, and with periods what it would do', async () => {
    const result = await runCase('DRY-RUN', quietly())
    expect(result).toMatchObject({
      passed: true,
      broken: [],
      reasons: ['no-statistics-period'],
      periodsSet: 2,
    })
  })

  it('M2: all grow alike as far as the host goes, and give back', async () => {
    const result = await runCase('M2', quietly())
    expect(result).toMatchObject({ passed: true, broken: [], programsKilled: 0, gaveBack: true })
  })

  it('M4: one grows by what another and two idle ones give', async () => {
    const result = await runCase('M4', quietly())
    expect(result).toMatchObject({ passed: true, broken: [], programsKilled: 0, gaveBack: true })
  })

  it.each(['M2', 'M4'])('%s fails without ballooning: programs are lost', async (name) => {
    const result = await runCase(name, quietly({ off: true }))
    expect(result).toMatchObject({ passed: false, changes: 0 })
    expect(result.programsKilled).toBeGreaterThanOrEqual(1)
  })

  it('M1: a guest grows to its maximum by what idle ones give, and gives back; replayed the same', async () => {
    const recordTo = await recordingDirectory()
    const result = await runCase('M1', quietly({ recordTo }))
    expect(differencesIn(await replayFigures(recordTo))).toEqual([])
    expect(result).toMatchObject({
      passed: true,
      broken: [],
      programsKilled: 0,
      hostReserveHeld: true,
      gaveBack: true,
    })
    expect(result.minimumUnusedMiB).toBeGreaterThanOrEqual(100)
  })

  it('M1 fails without ballooning: the program is lost', async () => {
    expect(await runCase('M1', quietly({ off: true }))).toMatchObject({
      passed: false,
      programsKilled: 1,
      reachedMaximum: false,
    })
  })
})
