import { describe, expect, it } from 'vitest'
import { DomainState, MemoryStatus } from '../../../lib/host/sample.ts'
import { MiB } from '../../../lib/util/units.ts'
import { staleAfter } from '../../../lib/view/memory/hold.ts'
import { underPressure } from '../../../lib/view/memory/shortage.ts'
import { Observer } from '../../../lib/view/observer.ts'
import { topologyOf } from '../schedulers/world.ts'
import { cpuSample, epoch, memorySample, type Row } from './samples.ts'

const targets = new Map<string, number>()

function observer(pcpus = 4): Observer {
  return new Observer(topologyOf(pcpus), { hostMemoryReserve: 1_024 * MiB, domainOverhead: 64 * MiB })
}

describe('the memory side of a View', () => {
  const good = { maximum: 2_048, actual: 1_024, available: 960, unused: 300, usable: 400, rss: 700 }
  const row = (changes: Partial<Row> = {}): Row => ({
    uuid: 'a',
    memory: { ...good, lastUpdate: epoch - 1_000 },
    ...changes,
  })
  const look = (rows: readonly Row[], host?: Parameters<typeof memorySample>[2]) => {
    const cpu = cpuSample(0, rows)
    return observer().observe({ cpu, memory: memorySample(0, rows, host), targets })
  }
  const memoryOf = (changes: Partial<Row>) => look([row(changes)]).domains[0]!.memory

  it('has the levels in bytes, their age, and no reason to hold', () => {
    expect(memoryOf({})).toMatchObject({
      age: 1_000,
      hold: undefined,
      maximum: 2_048 * MiB,
      actual: 1_024 * MiB,
      target: undefined,
      available: 960 * MiB,
      unused: 300 * MiB,
      usable: 400 * MiB,
      swappedOut: undefined,
      rss: 700 * MiB,
    })
  })

  it.each<[string, string, Partial<Row>]>([
    ['paused', 'not running', { state: DomainState.paused }],
    ['ended meanwhile', 'not running', { status: MemoryStatus.gone }],
    ['stuck', 'stuck', { status: MemoryStatus.stuck }],
    ['failed', 'failed', { status: MemoryStatus.failed }],
    ['without a report', 'no statistics', { memory: good }],
    ['without unused', 'no statistics', { memory: { maximum: 2_048, actual: 1_024, lastUpdate: epoch } }],
    ['without a size', 'no statistics', { memory: { maximum: 2_048, unused: 100, lastUpdate: epoch } }],
    ['without a maximum', 'no statistics', { memory: { actual: 1_024, unused: 100, lastUpdate: epoch } }],
    ['reported long ago', 'stale statistics', { memory: { ...good, lastUpdate: epoch - staleAfter - 1 } }],
    ['more unused than there is', 'contradictory statistics', reported({ unused: 961 })],
    ['more usable than there is', 'contradictory statistics', reported({ usable: 961 })],
    ['larger than its maximum', 'contradictory statistics', reported({ actual: 2_049 })],
    ['negative', 'contradictory statistics', reported({ unused: -1 })],
    ['reported in the future', 'contradictory statistics', reported({ lastUpdate: epoch + 5_000 })],
  ])('holds a guest that is %s: %s', (_, hold, changes) => {
    expect(memoryOf(changes).hold).toBe(hold)
  })

  it.each<[string, Partial<Row>]>([
    ['whose report is 5.5 s old, as they are at a period of 5 s', reported({ lastUpdate: epoch - 5_500 })],
    [
      'without usable, as old kernels are',
      { memory: { actual: 9, maximum: 9, unused: 1, lastUpdate: epoch } },
    ],
    ['whose report is dated a little ahead', reported({ lastUpdate: epoch + 500 })],
  ])('does not hold a guest %s', (_, changes) => {
    expect(memoryOf(changes).hold).toBeUndefined()
    expect(memoryOf(changes).age).toBeGreaterThanOrEqual(0)
  })

  it('knows nothing before the first sample, nor of a domain that is not in it', () => {
    const before = observer().observe({ cpu: cpuSample(0, [row()]), memory: undefined, targets })
    expect(before.domains[0]!.memory).toMatchObject({
      hold: 'no statistics',
      age: undefined,
      actual: undefined,
    })
    expect(before.memory).toMatchObject({ free: undefined, available: undefined, committed: 64 * MiB })
    const other = observer().observe({ cpu: cpuSample(0, [row()]), memory: memorySample(0, []), targets })
    expect(other.domains[0]!.memory.hold).toBe('no statistics')
  })

  it('lets a sample that is handed in again grow older', () => {
    const eye = observer()
    const memory = memorySample(0, [row()])
    const ages = [0, 2_000, 9_500].map((time) => {
      const view = eye.observe({ cpu: cpuSample(time, [row()]), memory, targets })
      return [view.domains[0]!.memory.age, view.domains[0]!.memory.hold]
    })
    expect(ages).toEqual([
      [1_000, undefined],
      [3_000, undefined],
      [10_500, 'stale statistics'],
    ])
  })

  it('keeps the last known levels of a guest that is stuck, with their growing age', () => {
    const eye = observer()
    eye.observe({ cpu: cpuSample(0, [row()]), memory: memorySample(0, [row()]), targets })
    const stuck: Row = { uuid: 'a', status: MemoryStatus.stuck, memory: { maximum: 2_048, actual: 900 } }
    const view = eye.observe({
      cpu: cpuSample(4_000, [stuck]),
      memory: memorySample(4_000, [stuck]),
      targets,
    })
    expect(view.domains[0]!.memory).toMatchObject({
      hold: 'stuck',
      age: 5_000,
      actual: 900 * MiB,
      unused: 300 * MiB,
      rss: 700 * MiB,
    })
    const back = { uuid: 'a', memory: { ...good, unused: 250, lastUpdate: epoch + 5_000 } }
    const after = eye.observe({ cpu: cpuSample(6_000, [back]), memory: memorySample(6_000, [back]), targets })
    expect(after.domains[0]!.memory).toMatchObject({ hold: undefined, age: 1_000, unused: 250 * MiB })
  })

  it('forgets the levels of a domain that restarted', () => {
    const eye = observer()
    eye.observe({ cpu: cpuSample(0, [row()]), memory: memorySample(0, [row()]), targets })
    const anew: Row = { uuid: 'a', id: 2, status: MemoryStatus.stuck }
    const view = eye.observe({ cpu: cpuSample(2_000, [anew]), memory: memorySample(2_000, [anew]), targets })
    expect(view.domains[0]!.memory).toMatchObject({ hold: 'stuck', age: undefined, unused: undefined })
  })

  it('does not take the levels of the run before for those of the new one', () => {
    const eye = observer()
    const old = memorySample(0, [row()])
    eye.observe({ cpu: cpuSample(0, [row()]), memory: old, targets })
    const view = eye.observe({ cpu: cpuSample(2_000, [row({ id: 2 })]), memory: old, targets })
    expect(view.domains[0]!.memory).toMatchObject({ hold: 'no statistics', unused: undefined })
  })

  it('tells what was swapped out between two samples, not after a reboot nor when either is unknown', () => {
    const eye = observer()
    const swapped = [10, 10, 25, 5, undefined, 30, 31].map((swapOut, i) => {
      const rows = [row({ memory: { ...good, ...(swapOut === undefined ? {} : { swapOut }) } })]
      const view = eye.observe({
        cpu: cpuSample(2_000 * i, rows),
        memory: memorySample(2_000 * i, rows),
        targets,
      })
      return view.domains[0]!.memory.swappedOut
    })
    expect(swapped).toEqual([undefined, 0, 15 * MiB, undefined, undefined, undefined, MiB])
  })

  it('tells of the same sample the same twice', () => {
    const eye = observer()
    const [first, second] = [10, 25].map((swapOut, i) => {
      return memorySample(2_000 * i, [row({ memory: { ...good, swapOut } })])
    })
    eye.observe({ cpu: cpuSample(0, [row()]), memory: first, targets })
    for (const time of [2_000, 4_000]) {
      const view = eye.observe({ cpu: cpuSample(time, [row()]), memory: second, targets })
      expect(view.domains[0]!.memory.swappedOut).toBe(15 * MiB)
    }
  })

  it("keeps the host's books", () => {
    const rows = [row(), row({ uuid: 'b', memory: { maximum: 512, actual: 512, rss: 700 } })]
    const view = observer().observe({
      cpu: cpuSample(0, rows),
      memory: memorySample(0, rows),
      targets: new Map([['a', 1_100 * MiB]]),
    })
    expect(view.domains[0]!.memory.target).toBe(1_100 * MiB)
    expect(view.memory).toEqual({
      total: 8_192 * MiB,
      free: 4_096 * MiB,
      available: 5_000 * MiB,
      state: 'high',
      pressure: undefined,
      reserve: 1_024 * MiB,
      reserved: 0,
      budget: 7_168 * MiB,
      committed: (1_100 + 64 + 512 + 188) * MiB,
    })
  })

  it('takes the total from the topology, and nothing for the rest, where the host does not tell', () => {
    const nothing = { total: Number.NaN, free: Number.NaN, available: Number.NaN, pressure: Number.NaN }
    expect(look([], nothing).memory).toMatchObject({ total: 2 ** 34, free: undefined, available: undefined })
  })

  function reported(memory: Row['memory']): Partial<Row> {
    return { memory: { ...good, lastUpdate: epoch - 1_000, ...memory } }
  }
})

describe('the memory between two Views', () => {
  const rows = (swapped: number): Row[] =>
    ['a', 'b', 'c'].map((uuid, i) => ({
      uuid,
      vcpus: [{ usage: 0.5, pcpu: i }],
      memory: {
        maximum: 2_048,
        actual: 1_024,
        available: 976,
        unused: 300,
        usable: 400,
        swapIn: 0,
        swapOut: uuid === 'b' ? swapped : 0,
        majorFaults: 0,
      },
    }))
  const reported = (time: number, swapped: number) =>
    memorySample(
      time,
      rows(swapped).map((row) => ({ ...row, memory: { ...row.memory, lastUpdate: epoch + time } })),
    )

  it('is that of a View with the vCPUs of the one before, worked out when it is asked for', () => {
    const seen = observer()
    const view = seen.observe({ cpu: cpuSample(2_000, rows(0)), memory: reported(2_000, 0), targets })
    const before = { view }
    const glance = seen.observeMemory(before, { memory: reported(4_000, 64), targets })
    expect(glance.suffering).toEqual(['b'])
    expect(glance.get('none')).toBeUndefined()
    const one = glance.get('a')
    expect(glance.get('a')).toBe(one)
    expect(underPressure(glance.view).map(({ uuid }) => uuid)).toEqual(['b'])
    expect(glance.view.domains[0]!.memory).toBe(one!.memory)
    expect(glance.view.domains[1]!.memory.events).toMatchObject({ underPressure: true, swappedOut: 64 * MiB })
    expect(glance.view.vcpus.map(({ usage }) => usage)).toEqual([0.5, 0.5, 0.5])
    expect(glance.view).toMatchObject({ time: 4_000, interval: view.interval })
  })

  it('leads back to the last View with vCPUs, over others that nobody asked for', () => {
    const seen = observer()
    const view = seen.observe({ cpu: cpuSample(2_000, rows(0)), memory: reported(2_000, 0), targets })
    const first = seen.observeMemory({ view }, { memory: reported(4_000, 0), targets })
    const second = seen.observeMemory(first, { memory: reported(6_000, 64), targets })
    expect(second.suffering).toEqual(['b'])
    expect(second.view.vcpus).toHaveLength(3)
    expect(second.view.domains.map(({ memory }) => memory.age)).toEqual([0, 0, 0])
  })
})
