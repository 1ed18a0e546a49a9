import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Tick } from '../../../lib/control/tick.ts'
import { schedulers } from '../../../lib/index.ts'
import { readRecordings } from '../../../lib/recording/read-recording.ts'
import { Recorder, type RecorderOptions } from '../../../lib/recording/recorder.ts'
import { tickDecisions } from '../../../lib/report/tick-decisions.ts'
import { scenarios, simulate } from '../../../lib/simulation/index.ts'

const filler = 'filler'

let directory: string
let isMounted = false
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ballast-full-'))
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
  if (isMounted) execFileSync('umount', [directory])
  isMounted = false
  rmSync(directory, { recursive: true, force: true })
})

/** Whether a small file system could be mounted; only root may, and not in every container. */
function mounted(): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'ballast-test', directory], { stdio: 'ignore' })
    isMounted = true
  } catch {
    // What is skipped says so.
  }
  return isMounted
}

/** Runs a loop and records it; `at` is called after the ticks of these numbers. */
async function run(
  directory: string,
  options: RecorderOptions,
  count: number,
  at: Readonly<Record<number, () => void>>,
) {
  await using recorder = new Recorder(simulate(scenarios.A7({ pcpus: 4 })), directory, options)
  const ticks: Tick[] = []
  const pilot = { interval: 1_000, scheduler: schedulers.balance(), ticks: count }
  for await (const tick of recorder.autopilot(pilot)) {
    ticks.push(tick)
    recorder.flush()
    for (let turn = 0; turn < 20; turn++) await setImmediate()
    at[ticks.length]?.()
  }
  return ticks.map((tick) => ({ ...tickDecisions(tick), timing: undefined }))
}

it('a full disk costs the recording, which says what it lacks, and not the control', async (context) => {
  if (!mounted()) return context.skip('a tmpfs cannot be mounted here')
  const path = join(directory, 'recording')
  const told: (string | undefined)[] = []
  const fill = () => {
    try {
      writeFileSync(join(directory, filler), Buffer.alloc(2 ** 20))
    } catch {
      // It is full now.
    }
  }
  const clear = () => {
    rmSync(join(directory, filler))
    vi.setSystemTime(Date.now() + 60_000)
  }
  mkdirSync(path)
  const report = (problem: string | undefined) => void told.push(problem)
  const disturbed = await run(path, { report }, 200, { 50: fill, 150: clear })
  const elsewhere = mkdtempSync(join(tmpdir(), 'ballast-full-'))
  try {
    expect(disturbed).toEqual(await run(elsewhere, {}, 200, {}))
  } finally {
    rmSync(elsewhere, { recursive: true })
  }
  expect(told).toEqual([expect.stringContaining('ENOSPC'), undefined])
  expect(readdirSync(path)).toHaveLength(2)
  const [recording] = await readRecordings(path)
  let ticks = 0
  for await (const entry of recording!.entries) if ('tick' in entry) ticks++
  expect(ticks).toBeGreaterThan(75)
  expect(ticks).toBeLessThan(200)
  // Where the disk became full within an entry, that is said too.
  const [lacking, ...others] = recording!.problems.toReversed()
  expect(lacking).toMatch(/^\d+ entries before .* could not be written$/)
  expect(others.filter((problem) => !/ ends within an entry: /.test(problem))).toEqual([])
})
