import { expect, it } from 'vitest'
import { DomainState, type MemorySample, MemoryStatus } from '../../../../lib/host/sample.ts'
import { MiB } from '../../../../lib/util/units.ts'
import { Observer } from '../../../../lib/view/observer.ts'
import type { View } from '../../../../lib/view/view.ts'
import { topologyOf } from '../../schedulers/world.ts'
import { cpuSample, epoch } from '../samples.ts'

const uuid = 'a'
const seconds = 2

/** A sample with a number of its own in each column; between two of them 2 s pass and each counter rises. */
function sample(turn: number): MemorySample {
  const one = (figure: number) => Float64Array.of(figure)
  const time = turn * seconds * 1_000
  return {
    domains: [{ uuid, name: uuid, id: 1 }],
    time,
    wallTime: epoch + time,
    status: Uint8Array.of(MemoryStatus.fresh),
    state: Uint8Array.of(DomainState.running),
    maximum: one(4_096 * MiB),
    actual: one(1_024 * MiB),
    available: one(977 * MiB),
    unused: one(311 * MiB),
    usable: one(613 * MiB),
    diskCaches: one(251 * MiB),
    swapIn: one(7 * MiB * turn),
    swapOut: one(23 * MiB * turn),
    majorFaults: one(5_000 + 38 * turn),
    rss: one(1_117 * MiB),
    hugePages: one(0), // any would keep the rest from being seen
    rssFile: one(43 * MiB),
    lastUpdate: one(epoch + time - 1_300),
    host: { total: 16_384 * MiB, free: 1_531 * MiB, available: 2_777 * MiB, pressure: 0.037 },
  }
}

/** For every column of a sample where it is in the View, and what it is there. */
const found: Record<keyof MemorySample, readonly [(view: View) => unknown, unknown]> = {
  domains: [(view) => view.domains[0]!.name, uuid],
  time: [(view) => view.time, 4_000],
  wallTime: [(view) => view.wallTime, epoch + 4_000],
  status: [(view) => view.domains[0]!.memory.hold, undefined],
  state: [(view) => view.domains[0]!.state, DomainState.running],
  maximum: [(view) => view.domains[0]!.memory.maximum, 4_096 * MiB],
  actual: [(view) => view.domains[0]!.memory.actual, 1_024 * MiB],
  available: [(view) => view.domains[0]!.memory.available, 977 * MiB],
  unused: [(view) => view.domains[0]!.memory.unused, 311 * MiB],
  usable: [(view) => view.domains[0]!.memory.usable, 613 * MiB],
  diskCaches: [(view) => view.domains[0]!.memory.diskCaches, 251 * MiB],
  swapIn: [(view) => view.domains[0]!.memory.swappedIn, 7 * MiB],
  swapOut: [(view) => view.domains[0]!.memory.swappedOut, 23 * MiB],
  majorFaults: [(view) => view.domains[0]!.memory.events?.majorFaultsPerSecond, 38 / seconds],
  rss: [(view) => view.domains[0]!.memory.rss, 1_117 * MiB],
  hugePages: [(view) => view.domains[0]!.memory.hugePages, undefined],
  rssFile: [(view) => view.domains[0]!.memory.rssFile, 43 * MiB],
  lastUpdate: [(view) => view.domains[0]!.memory.age, 1_300],
  host: [
    ({ memory: { total, free, available, pressure } }) => ({ total, free, available, pressure }),
    { total: 16_384 * MiB, free: 1_531 * MiB, available: 2_777 * MiB, pressure: 0.037 },
  ],
}

it('every column of a sample is in the View, in bytes, milliseconds or events per second', () => {
  const observer = new Observer(topologyOf(1), { hostMemoryReserve: 0, domainOverhead: 0 })
  const [, view] = [1, 2].map((turn) => {
    const cpu = cpuSample(turn * seconds * 1_000, [{ uuid, id: 1 }], 1)
    return observer.observe({ cpu, memory: sample(turn), targets: new Map() })
  })
  for (const column of Object.keys(sample(1)) as (keyof MemorySample)[]) {
    const [where, what] = found[column]
    expect(where(view!), column).toEqual(what)
  }
  // 1024 - 613
  expect(view!.domains[0]!.memory.need?.inUse).toBe(411 * MiB)
  expect(view!.domains[0]!.memory.events?.swappedOut).toBe(23 * MiB)
})
