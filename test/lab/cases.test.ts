import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it, onTestFailed } from 'vitest'
import type { CaseOptions, CaseResult } from './cases/case.ts'
import { faults } from './cases/faults/index.ts'
import { cases } from './cases/index.ts'
import { describeLab } from './describe-lab.ts'
import { Lab } from './lab.ts'

/** The longest case takes five minutes when it fails, and is run four times where the machine is to blame. */
const patience = 1_500_000
const isRoot = process.getuid?.() === 0

/** Options of a case whose ticks are told only when the test fails. */
function quietly(way: Partial<CaseOptions> = {}): CaseOptions {
  const lines: string[] = []
  onTestFailed(() => console.error(lines.join('\n')))
  return { system: false, off: false, ...way, log: (line) => lines.push(line) }
}

/** Runs a case, and again when it ended otherwise while the machine was not what the case takes it for: that says nothing. */
async function undisturbed(
  run: (options: CaseOptions) => Promise<CaseResult>,
  way?: Partial<CaseOptions>,
  endedWell = ({ passed }: CaseResult) => passed,
): Promise<CaseResult> {
  let result = await run(quietly(way))
  for (let again = 0; again < 3 && !endedWell(result) && result.disturbed; again++) {
    console.warn(`${result.case} is run again: ${result.broken.join('; ')}`)
    result = await run(quietly(way))
  }
  return result
}

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

  const toBeMoved = ['A1', 'A4', 'A5', 'A7']
  const leftAlone = ['A2', 'A3', 'A6']

  it.each(toBeMoved)('%s: balanced in time, with the fewest moves, and left then', async (name) => {
    const result = await undisturbed(cases[name]!, { lab: shared })
    expect(result).toMatchObject({ passed: true, broken: [], movesAfterBalance: 0, ticksAfterBalance: 30 })
  })

  it.each(leftAlone)('%s: what is balanced is left alone, by a scheduler that is awake', async (name) => {
    expect(await undisturbed(cases[name]!, { lab: shared })).toMatchObject({ passed: true, broken: [] })
  })

  it.each(toBeMoved)('%s fails without a scheduler', async (name) => {
    const result = await cases[name]!(quietly({ lab: shared, off: true }))
    expect(result).toMatchObject({ passed: false, moves: 0 })
  })

  it.each(leftAlone)('%s fails without a scheduler', async (name) => {
    const didNotWake = ({ ticksToWake }: CaseResult) => ticksToWake === null
    const result = await undisturbed(cases[name]!, { lab: shared, off: true }, didNotWake)
    expect(result).toMatchObject({ passed: false, ticksToWake: null })
  })

  it('DEMAND: the estimate under contention is what each guest uses alone', async () => {
    expect(await undisturbed(cases.DEMAND!, { lab: shared })).toMatchObject({ passed: true, broken: [] })
  })

  it('TRAP: moves one where usage shows nothing to do', async () => {
    const result = await undisturbed(cases.TRAP!, { lab: shared })
    expect(result).toMatchObject({ passed: true, broken: [], moves: 1, usageBasedMoves: 0 })
  })

  it('TRAP fails without a scheduler', async () => {
    const result = await cases.TRAP!(quietly({ lab: shared, off: true }))
    expect(result).toMatchObject({ passed: false, moves: 0, ticksToBalance: null })
  })

  it('M3: memory moves from two that stop early to two that go on', async () => {
    const result = await undisturbed(cases.M3!, { lab: shared })
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
    const result = await cases.M3!(quietly({ lab: shared, off: true }))
    expect(result).toMatchObject({ passed: false, changes: 0 })
    expect(result.programsKilled).toBeGreaterThanOrEqual(1)
  })

  it('SQUEEZE: a guest that swaps is helped within two statistics periods', async () => {
    const result = await undisturbed(cases.SQUEEZE!, { lab: shared })
    expect(result).toMatchObject({ passed: true, broken: [], programsKilled: 0, hostReserveHeld: true })
    expect(result.swappedAtStartMiB).toBeGreaterThan(100)
    expect(result.periodsToHelp).toBeLessThanOrEqual(2)
    expect(result.periodsToHelpMore).toBeLessThanOrEqual(2)
  })

  it('SQUEEZE fails without ballooning: it goes on swapping', async () => {
    const result = await cases.SQUEEZE!(quietly({ lab: shared, off: true }))
    expect(result).toMatchObject({ passed: false, periodsToHelp: null, changes: 0 })
  })

  it('REFUSE: a guest without a balloon driver is counted and left alone, and the others are served', async () => {
    const result = await undisturbed(cases.REFUSE!, { lab: shared })
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
    expect(await undisturbed(cases.A1!, { system: true })).toMatchObject({ passed: true, broken: [] })
  })

  it('the command line says of a case that it failed', async () => {
    const { stdout, code } = await lab('case', 'A1', '--json', '--off')
    const last = JSON.parse(stdout.trimEnd().split('\n').at(-1)!)
    expect(last).toMatchObject({ case: 'A1', passed: false, ticksToBalance: null, moves: 0 })
    expect(code).toBe(1)
  })

  it('M1: a guest grows to its maximum by what idle ones give, and gives back', async () => {
    const result = await undisturbed(cases.M1!)
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
    expect(await cases.M1!(quietly({ off: true }))).toMatchObject({
      passed: false,
      programsKilled: 1,
      reachedMaximum: false,
    })
  })

  it('rides out faults: nothing is lost, and nothing wrong is done', async () => {
    // All of them, and more often, by hand: npm run lab -- faults
    const only = [
      'QEMU stopped',
      'many QEMUs stopped',
      'QEMU killed',
      'libvirtd killed 3 times',
      'controller killed',
    ]
    let survived = 0
    for await (const result of faults({ ...quietly(), only, daemonKills: 3, controllerKills: 5 })) {
      expect(result).toMatchObject({ survived: true, wrongActions: 0, broken: [] })
      survived++
    }
    expect(survived).toBe(only.length)
  })

  it('fails the faults without a policy', async () => {
    for await (const result of faults({ ...quietly({ off: true }), only: ['QEMU stopped'] })) {
      expect(result).toMatchObject({ survived: false, actions: 0 })
    }
  })
})
