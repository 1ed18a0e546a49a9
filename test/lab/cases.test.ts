import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFailed } from 'vitest'
import { A1, A3 } from './cases/balance.ts'
import type { CaseOptions, CaseResult } from './cases/case.ts'
import { faults } from './cases/faults.ts'
import { M1 } from './cases/memory.ts'
import { describeLab } from './describe-lab.ts'

const patience = 900_000
const isRoot = process.getuid?.() === 0

/** Options of a case whose ticks are told only when the test fails. */
function quietly(way: { system?: boolean; off?: boolean } = {}): CaseOptions {
  const lines: string[] = []
  onTestFailed(() => console.error(lines.join('\n')))
  return { system: false, off: false, ...way, log: (line) => lines.push(line) }
}

/** Runs a case, and again when it failed while the machine's other programs took what it needs: that says nothing. */
async function undisturbed(
  run: (options: CaseOptions) => Promise<CaseResult>,
  way?: { system?: boolean },
): Promise<CaseResult> {
  let result = await run(quietly(way))
  for (let again = 0; again < 2 && !result.passed && result.disturbed; again++)
    result = await run(quietly(way))
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

describeLab('on real guests', { timeout: patience }, () => {
  it('A1: guests crowded on one pCPU are spread with the fewest moves', async () => {
    const result = await undisturbed(A1)
    expect(result).toMatchObject({ passed: true, broken: [], movesAfterBalance: 0 })
    expect(result.moves).toBeGreaterThan(0)
  })

  it.runIf(isRoot)('A1 on qemu:///system', async () => {
    expect(await undisturbed(A1, { system: true })).toMatchObject({ passed: true, broken: [] })
  })

  it('A1 fails without a scheduler, and the command line says so', async () => {
    const { stdout, code } = await lab('case', 'A1', '--json', '--off')
    const last = JSON.parse(stdout.trimEnd().split('\n').at(-1)!)
    expect(last).toMatchObject({ case: 'A1', passed: false, ticksToBalance: null, moves: 0 })
    expect(code).toBe(1)
  })

  it('A3: guests that are balanced already are left alone, by a scheduler that is awake', async () => {
    expect(await undisturbed(A3)).toMatchObject({ passed: true, broken: [], pins: 0 })
  })

  it('A3 fails without a scheduler', async () => {
    expect(await A3(quietly({ off: true }))).toMatchObject({ passed: false, ticksToWake: null })
  })

  it('M1: a guest grows to its maximum by what idle ones give, and gives back', async () => {
    const result = await undisturbed(M1)
    expect(result).toMatchObject({
      passed: true,
      broken: [],
      guestsHarmed: 0,
      hostReserveHeld: true,
      gaveBack: true,
    })
    expect(result.minimumUnusedMiB).toBeGreaterThanOrEqual(100)
  })

  it.runIf(isRoot)('M1 on qemu:///system', async () => {
    expect(await undisturbed(M1, { system: true })).toMatchObject({ passed: true, broken: [] })
  })

  it('M1 fails without ballooning: the program is lost', async () => {
    expect(await M1(quietly({ off: true }))).toMatchObject({
      passed: false,
      guestsHarmed: 1,
      reachedMaximum: false,
    })
  })

  it('rides out faults, or ends with the error that tells of them', async () => {
    for await (const result of faults(quietly())) {
      expect(result).toMatchObject({ passed: true, broken: [] })
    }
  })

  it('fails the faults without a scheduler', async () => {
    const passed = new Map<string, boolean>()
    for await (const result of faults(quietly({ off: true }))) {
      passed.set(result.case, result.passed)
    }
    expect(passed.get('stopped QEMU')).toBe(false)
  })
})
