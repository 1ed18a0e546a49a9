import { type AutopilotOptions, autopilot } from '../control/autopilot.ts'
import type { Tick } from '../control/tick.ts'
import { tickDecisions } from '../report/tick-decisions.ts'
import type { RecordedTick, RunEntry, Tape } from './entries.ts'
import { toPlain } from './plain.ts'
import type { RecordingHost } from './recording-host.ts'

/**
 * Runs the autopilot on `host` and writes on `tape` all that a replay needs, and its Ticks. `configuration` is what the
 * replay makes the same options from.
 */
export async function* record(
  host: RecordingHost,
  options: AutopilotOptions,
  tape: Tape,
  configuration: unknown,
): AsyncGenerator<Tick, void, undefined> {
  const { journal, respectPins } = options
  const entries = journal && respectPins ? await journal.entries() : undefined
  const run: RunEntry['run'] = {
    configuration: toPlain(configuration),
    ...(entries && { journal: toPlain(entries) }),
  }
  const ticks = new TickWriter()
  host.begin(run)
  for await (const tick of autopilot(host, options)) {
    tape.write({ t: host.clock.moment, tick: ticks.write(tick) })
    yield tick
  }
}

/** Writes Ticks, without what lasts from one to the next. */
class TickWriter {
  #clamps = ''
  #skipped = ''

  write(tick: Tick): RecordedTick {
    const { clamps, skipped, ...decisions } = tickDecisions(tick)
    const lasting = { clamps: JSON.stringify(clamps), skipped: JSON.stringify(skipped) }
    const news = {
      ...(lasting.clamps !== this.#clamps && { clamps }),
      ...(lasting.skipped !== this.#skipped && { skipped }),
    }
    this.#clamps = lasting.clamps
    this.#skipped = lasting.skipped
    return { ...decisions, ...news }
  }
}
