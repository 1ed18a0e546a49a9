import { type AutopilotOptions, autopilot } from '../control/autopilot.ts'
import { type JournalEntry, memoryJournal } from '../control/journal/journal.ts'
import type { Tick } from '../control/tick.ts'
import type { ClockEntry, Entry, Header, RecordedTick, RunEntry } from './entries.ts'
import { fromPlain } from './plain.ts'
import { ReplayHost } from './replay-host.ts'

/** The entries of one recording, in their order. */
export interface Recorded {
  readonly header: Header
  readonly entries: AsyncIterable<Entry>
}

/** A Tick of a replay. */
export interface Replayed {
  readonly tick: Tick
  /** The Tick that was recorded at this point; undefined: there was none. */
  readonly recorded: RecordedTick | undefined
}

/** The options of the loop that a `run` entry tells of. */
export type PilotOf = (run: RunEntry['run']) => Omit<AutopilotOptions, 'journal' | 'signal' | 'ticks'>

/**
 * Has the loop decide anew on what was recorded. With the options that it had it sees the same Views and decides the
 * same, to the bit, from the beginning of a recording on. Yields each Tick beside the one recorded.
 *
 * With other policies it decides on what was seen under those of then: for what would have come of it there is
 * the simulated host.
 */
export async function* replay(
  { header, entries }: Recorded,
  pilotOf: PilotOf,
): AsyncGenerator<Replayed, void, undefined> {
  const host = new ReplayHost(header)
  let loop: ReplayedLoop | undefined
  for await (const { entry, readings, ticks } of moments(entries)) {
    host.play(entry, readings)
    if ('run' in entry) {
      yield* (await loop?.end()) ?? []
      loop = new ReplayedLoop(host, pilotOf(entry.run), entry.run)
    }
    await settled()
    loop?.recorded.push(...ticks)
    yield* loop?.take() ?? []
  }
  yield* (await loop?.end()) ?? []
}

/** Something that happened, with what the loop did then: how it read the clock, and the Ticks that it made. */
interface MomentOfLoop {
  readonly entry: Entry
  readonly readings: readonly ClockEntry[]
  readonly ticks: readonly RecordedTick[]
}

async function* moments(entries: AsyncIterable<Entry>): AsyncGenerator<MomentOfLoop, void, undefined> {
  let last: Entry | undefined
  let readings: ClockEntry[] = []
  let ticks: RecordedTick[] = []
  for await (const entry of entries) {
    if ('reads' in entry) readings.push(entry)
    else if ('tick' in entry) ticks.push(entry.tick)
    else {
      if (last) yield { entry: last, readings, ticks }
      last = entry
      readings = []
      ticks = []
    }
  }
  if (last) yield { entry: last, readings, ticks }
}

/** One run of the loop over a part of the recording. */
class ReplayedLoop {
  readonly recorded: RecordedTick[] = []
  readonly #ticks: Tick[] = []
  readonly #stop = new AbortController()
  readonly #done: Promise<void>
  #failure: unknown

  constructor(host: ReplayHost, pilot: ReturnType<PilotOf>, { journal }: RunEntry['run']) {
    const entries = (fromPlain(journal ?? []) ?? []) as readonly JournalEntry[]
    const kept = memoryJournal()
    void kept.record(entries)
    const options = { ...pilot, journal: kept, signal: this.#stop.signal }
    this.#done = this.#run(host, options)
  }

  /** The Ticks that are there both recorded and replayed, in pairs. */
  take(): Replayed[] {
    const pairs = Math.min(this.#ticks.length, this.recorded.length)
    const recorded = this.recorded.splice(0, pairs)
    return this.#ticks.splice(0, pairs).map((tick, index) => ({ tick, recorded: recorded[index] }))
  }

  /** The rest. Rejects with what ended the loop. */
  async end(): Promise<Replayed[]> {
    this.#stop.abort('end of the recording')
    await Promise.race([this.#done, settled()])
    if (this.#failure !== undefined) throw this.#failure
    return [...this.take(), ...this.#ticks.splice(0).map((tick) => ({ tick, recorded: undefined }))]
  }

  async #run(host: ReplayHost, options: AutopilotOptions): Promise<void> {
    try {
      for await (const tick of autopilot(host, options)) this.#ticks.push(tick)
    } catch (error) {
      this.#failure = error
    }
  }
}

/** After all promises that can settle have settled. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
