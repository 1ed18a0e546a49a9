import { randomBytes } from 'node:crypto'
import { inflateRawSync } from 'node:zlib'
import { describe, expect, it, vi } from 'vitest'
import { scenarios, schedulers, simulate } from '../../../lib/index.ts'
import type { Entry } from '../../../lib/recording/entries.ts'
import { LoopRecorder } from '../../../lib/recording/loop-recorder.ts'
import { RecentEntries, recentEntriesLimits } from '../../../lib/recording/recent-entries.ts'
import { replay } from '../../../lib/recording/replay.ts'
import { fitRecording } from '../../../lib/whatif/fit.ts'
import { header, parsed } from './recorded.ts'

const minute = 60_000

async function linesOf(kept: RecentEntries): Promise<string[]> {
  const text = inflateRawSync(Buffer.concat(await kept.compressed())).toString()
  return text.split('\n').slice(0, -1)
}

/** Nothing that can be compressed by much, of so many bytes. */
const noise = (t: number, length: number): Entry => ({
  t,
  call: 'x',
  of: [randomBytes(0.75 * length).toString('base64')],
})

/** A loop that is recorded, tick for tick. */
async function record(kept: RecentEntries, ticks: number, interval = 1_000) {
  const options = { interval, ticks, scheduler: schedulers.balance() }
  await using recorder = new LoopRecorder(simulate(scenarios.A1()), [kept])
  const seen = []
  for await (const tick of recorder.autopilot(options, { loop: { interval }, policies: {} })) seen.push(tick)
  return seen
}

describe('the entries of the last hour', () => {
  it('are a recording, which is replayed the same', async () => {
    const kept = new RecentEntries()
    const ticks = await record(kept, 30)
    const recording = { header, entries: parsed(await linesOf(kept)) }
    const pilot = () => ({ interval: 1_000, scheduler: schedulers.balance() })
    const replayed = []
    for await (const one of replay(recording, pilot)) replayed.push(one)
    expect(replayed.map(({ tick }) => tick?.summary)).toEqual(ticks.map(({ summary }) => summary))
    expect(ticks.some(({ outcomes }) => outcomes.length > 0)).toBe(true)
  })

  it('begin where there is room for them, and a load can be fitted to them from there', async () => {
    const kept = new RecentEntries({ age: minute, bytes: 2 ** 23 })
    const ticks = await record(kept, 100, 10_000)
    const lines = await linesOf(kept)
    const first = lines.map((line) => JSON.parse(line)).find((entry) => entry.tick)
    const age = ticks.at(-1)!.wallTime - first.tick.wallTime
    expect(age).toBeGreaterThanOrEqual(minute)
    expect(age).toBeLessThan(7 * minute)
    const { load, run } = await fitRecording(parsed(lines))
    expect(load.scenario.domains).toHaveLength(8)
    expect(load.ticks).toBeGreaterThanOrEqual(6)
    expect(run?.configuration).toEqual({ loop: { interval: 10_000 }, policies: {} })
  })

  it('take no more memory than is said, at any time', async () => {
    const limits = { ...recentEntriesLimits, bytes: 2 ** 20 }
    const kept = new RecentEntries(limits)
    kept.beginWith(() => [{ t: 0, wallOffset: 0 }])
    let most = 0
    for (let t = 0; t < 600; t++) {
      kept.write(noise(t, 20_000))
      most = Math.max(most, kept.bytes)
      kept.rotate()
      most = Math.max(most, kept.bytes)
      // What is compressed takes its turns beside.
      if (t % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(most).toBeLessThanOrEqual(limits.bytes)
    expect(most).toBeGreaterThan(limits.bytes / 2)
    const bytes = Buffer.concat(await kept.compressed()).length
    expect(bytes).toBeLessThanOrEqual(limits.bytes)
    const lines = (await linesOf(kept)).map((line) => JSON.parse(line))
    // From the beginning of a part to the end, and nothing in between is missing.
    expect(lines[0]).toEqual({ t: 0, wallOffset: 0 })
    const times = lines.slice(1).map(({ t }) => t)
    expect(times.at(-1)).toBe(599)
    expect(times).toEqual(times.map((_, i) => times[0] + i))
  })

  it('begin anew after more at once than there is room for', async () => {
    const kept = new RecentEntries({ age: 60 * minute, bytes: 2 ** 20 })
    kept.beginWith(() => [{ t: 7, wallOffset: 0 }])
    kept.write({ t: 1, wake: 1 })
    for (let t = 2; t < 6; t++) kept.write(noise(t, 400_000))
    expect(kept.bytes).toBe(0)
    kept.write({ t: 6, wake: 6 })
    expect(await linesOf(kept)).toEqual([])
    kept.rotate()
    kept.write({ t: 8, wake: 8 })
    expect(await linesOf(kept)).toEqual(['{"t":7,"wallOffset":0}', '{"t":8,"wake":8}'])
  })

  it('are whole while they are read and written at once', async () => {
    const kept = new RecentEntries()
    const read: Promise<string[]>[] = []
    for (let t = 0; t < 200; t++) {
      kept.write(noise(t, 4_000))
      if (t % 20 === 0) read.push(linesOf(kept))
    }
    const lengths = (await Promise.all(read)).map((lines) => lines.length)
    expect(lengths).toEqual(lengths.map((_, i) => 20 * i + 1))
  })

  it('cost the loop no wait', () => {
    const kept = new RecentEntries()
    const later = vi.fn()
    setImmediate(later)
    for (let t = 0; t < 100; t++) kept.write(noise(t, 40_000))
    expect(later).not.toHaveBeenCalled()
    // None of it is compressed by now: all waits for threads, and is counted.
    expect(kept.bytes).toBeGreaterThan(100 * 40_000)
  })
})
