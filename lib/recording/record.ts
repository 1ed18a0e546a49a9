import { type AutopilotOptions, autopilot } from '../control/autopilot.ts'
import type { Tick } from '../control/tick.ts'
import type { RunEntry } from './entries.ts'
import { toPlain } from './plain.ts'
import type { RecordingHost } from './recording-host.ts'

/**
 * Runs the autopilot on `host`, whose tape then has all that a replay needs, and the Ticks. `configuration` is what the
 * replay makes the same options from.
 */
export async function* record(
  host: RecordingHost,
  options: AutopilotOptions,
  configuration: unknown,
): AsyncGenerator<Tick, void, undefined> {
  const { journal, respectPins } = options
  const entries = journal && respectPins ? await journal.entries() : undefined
  const run: RunEntry['run'] = {
    configuration: toPlain(configuration),
    ...(entries && { journal: toPlain(entries) }),
  }
  host.begin(run)
  for await (const tick of autopilot(host, options)) {
    host.writeTick(tick)
    yield tick
  }
}
