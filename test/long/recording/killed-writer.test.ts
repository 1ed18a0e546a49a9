import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, inject, it } from 'vitest'
import { schedulers } from '../../../lib/index.ts'
import { TickComparison } from '../../../lib/recording/compare.ts'
import { readRecordings, type StoredRecording } from '../../../lib/recording/read-recording.ts'
import { replay } from '../../../lib/recording/replay.ts'
import { Random } from '../../../lib/util/random.ts'
import { runs } from '../../support/runs.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ballast-killed-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

/** Starts the writer and kills it when so many ticks are on the disk; gives how many were when it ended. */
async function killedAfter(ticks: number, path: string): Promise<number> {
  const program = `${inject('compiled')}/test/long/recording/killed-writer.js`
  const child = spawn(process.execPath, [program, path], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  let made = 0
  for await (const _ of createInterface({ input: child.stdout })) if (++made === ticks) child.kill('SIGKILL')
  await ended
  return made
}

/** Ticks in a recording, and what came of its replay. */
async function replayed(recording: StoredRecording) {
  const options = () => ({ interval: 1_000, scheduler: schedulers.balance() })
  const comparison = new TickComparison()
  let ticks = 0
  let differences = 0
  for await (const pair of replay(recording, options)) {
    // The loop may have decided on a sample whose Tick was not written any more.
    if (!pair.recorded) continue
    ticks++
    differences += comparison.differences(pair).length
  }
  return { ticks, differences }
}

it('a recording whose writer was killed at any moment opens, and replays to its last whole tick', async () => {
  const random = new Random(20261129, 'kills')
  for (let run = 0; run < runs(10); run++) {
    const path = join(directory, `${run}`)
    const made = await killedAfter(1 + Math.floor(60 * random.next()), path)
    const [recording] = await readRecordings(path)
    let whole = 0
    for await (const entry of recording!.entries) if ('tick' in entry) whole++
    const [again] = await readRecordings(path)
    expect(await replayed(again!)).toEqual({ ticks: whole, differences: 0 })
    expect(whole).toBeGreaterThanOrEqual(made)
  }
})
