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
): Promise<{ ticks: Tick[]; lines: string[] }> {
  const lines: string[] = []
  const tape = { write: (entry: Entry) => void lines.push(JSON.stringify(entry)) }
  const recording = new RecordingHost(host, tape)
  const seen: Tick[] = []
  for await (const tick of record(recording, { ...options, ticks }, {})) seen.push(tick)
  return { ticks: seen, lines }
}

export async function* parsed(lines: readonly string[]): AsyncGenerator<Entry> {
  for (const line of lines) yield JSON.parse(line) as Entry
}
