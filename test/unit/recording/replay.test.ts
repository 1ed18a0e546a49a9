import { describe, expect, it } from 'vitest'
import { autopilot } from '../../../lib/control/autopilot.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import type { Entry, Header } from '../../../lib/recording/entries.ts'
import { record } from '../../../lib/recording/record.ts'
import { RecordingHost } from '../../../lib/recording/recording-host.ts'
import { replay } from '../../../lib/recording/replay.ts'
import { ballooning, schedulers, simulate } from '../../../lib/index.ts'
import { scenarios } from '../../../lib/simulation/index.ts'

const header: Header = {
  ballastRecording: 1,
  id: 'test',
  part: 0,
  versions: { ballast: '0.1.0', node: '20' },
  uri: 'simulation:///',
  readOnly: false,
  wallTime: 0,
}

const options = (ticks?: number) => ({
  interval: 2_000,
  ticks,
  scheduler: schedulers.balance(),
  ballooning: ballooning.shares(),
})

/** Records a scenario; gives the Ticks, and the lines as they are written. */
async function recorded(scenario: Parameters<typeof simulate>[0], ticks: number) {
  const lines: string[] = []
  const tape = { write: (entry: Entry) => void lines.push(JSON.stringify(entry)) }
  const host = new RecordingHost(simulate(scenario), tape)
  const seen: Tick[] = []
  for await (const tick of record(host, options(ticks), tape, {})) seen.push(tick)
  return { seen, lines }
}

async function* parsed(lines: readonly string[]): AsyncGenerator<Entry> {
  for (const line of lines) yield JSON.parse(line) as Entry
}

describe('a replay', () => {
  it.each(Object.keys(scenarios))('of %s sees the same and decides the same, to the bit', async (name) => {
    const scenario = (scenarios as unknown as Record<string, () => Parameters<typeof simulate>[0]>)[name]!
    const { seen, lines } = await recorded(scenario(), 40)
    const again: Tick[] = []
    for await (const { tick, recorded } of replay({ header, entries: parsed(lines) }, () => options())) {
      expect(recorded?.index).toBe(tick.index)
      again.push(tick)
    }
    expect(again).toHaveLength(seen.length)
    expect(again).toEqual(seen)
  })
})
