import type { AutopilotOptions } from '../../../lib/control/autopilot.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import type { Host } from '../../../lib/host/host.ts'
import type { Entry, Header } from '../../../lib/recording/entries.ts'
import { record } from '../../../lib/recording/record.ts'
import { RecordingHost } from '../../../lib/recording/recording-host.ts'

export type Options = Omit<AutopilotOptions, 'journal' | 'signal' | 'ticks'>

export const header: Header = {
  ballastRecording: 1,
  id: 'test',
  part: 0,
  versions: { ballast: '0.1.0', node: 'v20.0.0' },
  uri: 'simulation:///',
  readOnly: false,
  wallTime: 0,
  beginning: 0,
}

/** Records some ticks of a loop: gives them, and the lines as they are written. */
export async function recorded(
  host: Host,
  options: Options,
  ticks: number,
  configuration: unknown = {},
): Promise<{ ticks: Tick[]; lines: string[] }> {
  const lines: string[] = []
  const tape = { write: (entry: Entry) => void lines.push(JSON.stringify(entry)) }
  const recording = new RecordingHost(host, tape)
  const seen: Tick[] = []
  for await (const tick of record(recording, { ...options, ticks }, configuration)) seen.push(tick)
  return { ticks: seen, lines }
}

export async function* parsed(lines: readonly string[]): AsyncGenerator<Entry> {
  for (const line of lines) yield JSON.parse(line) as Entry
}

/** The entries of lines, of which those after a number of ticks come when `release` is called, or `fail` instead. */
export function stalledAfter(ticks: number, lines: readonly string[]) {
  let release: () => void = () => undefined
  let fail: (error: Error) => void = () => undefined
  const rest = new Promise<void>((resolve, reject) => {
    release = resolve
    fail = reject
  })
  async function* entries(): AsyncGenerator<Entry> {
    let seen = 0
    for await (const entry of parsed(lines)) {
      if (seen === ticks) await rest
      yield entry
      if ('tick' in entry) seen++
    }
  }
  return { entries, release: () => release(), fail: (error: Error) => fail(error) }
}
