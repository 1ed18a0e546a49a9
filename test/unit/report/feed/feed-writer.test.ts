import { describe, expect, it } from 'vitest'
import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { FeedWriter } from '../../../../lib/report/feed/feed-writer.ts'
import type { FeedMessage, FeedTick } from '../../../../lib/report/feed/messages.ts'
import { overviewRow } from '../../../../lib/report/feed/overview.ts'
import { tickDecisions } from '../../../../lib/report/tick-decisions.ts'
import { MiB } from '../../../../lib/util/units.ts'
import { type DomainSketch, tickOf, viewOf } from '../ticks.ts'

const written = (writer: FeedWriter, guests: readonly DomainSketch[], pcpus = 2) => {
  const tick = tickOf(0, viewOf(pcpus, guests))
  // A topology is one object for as long as the host has that shape.
  const view = { ...tick.view, topology: topologies[pcpus] ?? tick.view.topology }
  topologies[pcpus] = view.topology
  return writer.write({ view, scores: tick.scores, decisions: tickDecisions(tick) })
}
const topologies: Record<number, ReturnType<typeof viewOf>['topology']> = {}

const kinds = (messages: readonly FeedMessage[]) => messages.map((message) => Object.keys(message)[0])
const tickIn = (messages: readonly FeedMessage[]): FeedTick => {
  const last = messages.at(-1)!
  if (!('tick' in last)) throw new Error('no tick')
  return last.tick
}

describe('a feed', () => {
  it('says again only what has changed, and all of it to somebody new', () => {
    const writer = new FeedWriter()
    const web = { name: 'web', vcpus: [{ usage: 0.5 }] }
    expect(kinds(written(writer, [web]))).toEqual(['inventory', 'standing', 'tick'])
    expect(kinds(written(writer, [web]))).toEqual(['tick'])
    expect(kinds(written(writer, [web, { name: 'db' }]))).toEqual(['inventory', 'tick'])
    expect(kinds(written(writer, [{ ...web, vcpus: [{}, {}] }, { name: 'db' }]))).toEqual([
      'inventory',
      'tick',
    ])
    expect(kinds(written(writer, [{ ...web, vcpus: [{}, {}] }, { name: 'db' }], 4))).toEqual([
      'inventory',
      'tick',
    ])
    writer.reset()
    expect(kinds(written(writer, [web], 4))).toEqual(['inventory', 'standing', 'tick'])
  })

  it('has figures in whole numbers, in the order of the inventory; what is not known is null', () => {
    const vcpus = [{ usage: 0.4567, delay: 0.1, on: 1, affinity: CpuSet.of(1) }, { usage: undefined }]
    const messages = written(new FeedWriter(), [
      { name: 'web', vcpus, memory: { actual: 512 * MiB, hold: 'no driver' } },
      { name: 'db', vcpus: [{ usage: 1, affinity: CpuSet.of(1) }] },
    ])
    const { vcpus: columns, guests, sets, pcpus } = tickIn(messages)
    expect(columns.usage).toEqual([457, null, 1_000])
    expect(columns.delay.slice(0, 1)).toEqual([100])
    expect(columns.affinity.map((position) => sets[position!])).toEqual(['1', '0-1', '1'])
    expect(sets).toEqual(['1', '0-1'])
    expect(guests.actual[0]).toBe(512)
    expect(guests.hold[0]).toBe('no driver')
    expect(pcpus.busy).toEqual([500, 500])
  })

  it('has a tick in few figures', () => {
    const messages = written(new FeedWriter(), [
      { name: 'web', vcpus: [{ usage: 0.3, delay: 0.6, demand: 0.9 }] },
      { name: 'db', vcpus: [{ usage: 0.3, delay: 0.01, demand: 0.3 }] },
    ])
    const tick = tickIn(messages)
    const row = overviewRow(tick)
    expect(row).toMatchObject({ busy: 500, longestDelay: 600, changes: 0, undone: 0, failed: 0 })
    expect(row.lowestScore).toBe(Math.min(...tick.guests.cpuScore.filter((score) => score !== null)))
  })
})
