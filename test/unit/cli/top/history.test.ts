import { describe, expect, it } from 'vitest'
import { History, historyLength } from '../../../../lib/cli/top/model/history.ts'
import { HostModel } from '../../../../lib/cli/top/model/host-model.ts'
import { MiB } from '../../../../lib/util/units.ts'
import { guestOf, pinOf, tickOf } from './ticks.ts'

const uuid = 'uuid-web1-0'
const running = (usage: number, used = 768) => {
  const [vcpu] = guestOf('web1').vcpus
  const memory = { actual: 1_024 * MiB, usable: (1_024 - used) * MiB }
  return guestOf('web1', { vcpus: [{ ...vcpu!, usage }], memory })
}

describe('the history of a guest', () => {
  it('has its values of the last ticks, up to the one that is asked for', () => {
    const history = new History()
    for (const [index, usage] of [0.1, 0.2, 0.3, 0.4].entries())
      history.take(tickOf(index, { domains: [running(usage)] }))
    const rounded = (values: number[]) => values.map((value) => Number(value.toFixed(3)))
    expect(rounded(history.series(uuid, 'usage', 3, 10))).toEqual([0.1, 0.2, 0.3, 0.4])
    expect(rounded(history.series(uuid, 'usage', 2, 2))).toEqual([0.2, 0.3])
    expect(rounded(history.vcpuSeries(uuid, 0, 'usage', 3, 2))).toEqual([0.3, 0.4])
    expect(history.series(uuid, 'used', 3, 1)).toEqual([768 * MiB])
    expect(history.series('another', 'usage', 3, 2)).toEqual([])
  })

  it('knows nothing of the ticks in which the guest was not there', () => {
    const history = new History()
    for (const [index, domains] of [[running(0.1)], [], [], [running(0.4)], []].entries())
      history.take(tickOf(index, { domains }))
    const known = history.series(uuid, 'usage', 4, 5).map((value) => !Number.isNaN(value))
    expect(known).toEqual([true, false, false, true, false])
    expect(history.vcpuSeries(uuid, 0, 'usage', 4, 5).map((value) => !Number.isNaN(value))).toEqual(known)
  })

  it('is no longer than it may be, and has nothing of what was there before', () => {
    const history = new History()
    const ticks = historyLength + 50
    for (let index = 0; index < ticks; index++) {
      history.take(tickOf(index, { domains: [running(index / ticks)] }))
    }
    const values = history.series(uuid, 'usage', ticks - 1, 1_000)
    expect(values).toHaveLength(historyLength)
    expect(values[0]).toBeCloseTo(50 / ticks)
    expect(values.at(-1)).toBeCloseTo((ticks - 1) / ticks)
  })
})

describe('the model of a host', () => {
  it('keeps fewer ticks of more guests, and ten at least', () => {
    const of = (guests: number) => {
      const model = new HostModel()
      const domains = Array.from({ length: guests }, (_, index) => guestOf('g', {}, index))
      for (let index = 0; index < 250; index++) model.take(tickOf(index, { domains }))
      return model.last - model.first + 1
    }
    expect([of(1), of(100), of(2_000)]).toEqual([200, 100, 10])
  })

  it('has the changes up to a moment, and what came of them', () => {
    const model = new HostModel()
    const done = tickOf(0, { outcomes: [pinOf('web1', '1')] })
    model.takeDecisions(done)
    const { kind, uuid } = done.outcomes[0]!.action
    const seen = { cpu: { delay: 0.01 } } as never
    model.take(
      tickOf(1, { results: [{ tick: 0, after: 'samples', kind, uuid, domain: 'web1', vcpu: 0, seen }] }),
    )
    expect(model.changes(done.wallTime - 1)).toEqual([])
    expect(model.changes(done.wallTime)).toMatchObject([{ tick: 0, after: seen }])
  })
})
