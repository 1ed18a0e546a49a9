import { describe, expect, it } from 'vitest'
import { TickReader } from '../../../lib/recording/tick-reader.ts'
import { TickWriter } from '../../../lib/recording/tick-writer.ts'
import { pinnedGuests, tickOf, viewOf } from '../report/ticks.ts'

const busy = tickOf(0, viewOf(2, pinnedGuests([0, 0, 1])))
const [first] = busy.view.domains
const skipped = {
  uuid: first!.uuid,
  domain: first!.name,
  what: 'vcpus',
  rule: 'unmanaged',
  reason: { kind: 'paused' },
} as const

/** Writes Ticks and reads them again, by way of JSON. */
function written(...ticks: (typeof busy)[]) {
  const writer = new TickWriter()
  return ticks.map((tick) => JSON.parse(JSON.stringify(writer.write(tick))))
}

describe('a Tick in a recording', () => {
  it('has the scores of its guests by UUID, without those that are not known', () => {
    const [tick] = written(busy)
    const read = new TickReader().read(tick)
    expect([...read.scores]).toEqual(busy.view.domains.map(({ uuid }) => [uuid, { cpu: 100 }]))
  })

  it('leaves out what is as in the one before, and is read whole', () => {
    const scores = { ...busy.scores, cpu: Float64Array.of(100, 40, 100) }
    const ticks = [busy, { ...busy, index: 1, skipped: [skipped] }, { ...busy, index: 2, scores }]
    const [, second, third] = written(...ticks)
    expect(second).not.toHaveProperty('scores')
    expect(second).not.toHaveProperty('clamps')
    expect(third.scores).toEqual({ cpu: [100, 40, 100] })
    const reader = new TickReader()
    const whole = written(...ticks).map((tick) => reader.read(tick))
    expect(whole.map((tick) => tick.skipped.length)).toEqual([0, 1, 0])
    expect(whole.map((tick) => [...tick.scores.values()].map(({ cpu }) => cpu))).toEqual([
      [100, 100, 100],
      [100, 100, 100],
      [100, 40, 100],
    ])
  })

  it('is whole at the beginning of a file', () => {
    const writer = new TickWriter()
    const whole = writer.write(busy)
    expect(writer.write(busy)).not.toHaveProperty('scores')
    writer.reset()
    expect(writer.write(busy)).toEqual(whole)
  })

  it('of a Ballast that had no scores has none', () => {
    const [{ scores: _, ...older }] = written(busy)
    expect(new TickReader().read(older).scores.size).toBe(0)
  })
})
