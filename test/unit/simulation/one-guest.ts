import {
  type DomainChange,
  type MemoryScenario,
  type SimulatedHost,
  simulate,
} from '../../../lib/simulation/index.ts'

export type ChangeOfGuest = DomainChange extends infer C
  ? C extends DomainChange
    ? Omit<C, 'domain'>
    : never
  : never

/** One guest, named `guest`, that reports each second. */
export async function oneGuest(memory: MemoryScenario, changes: readonly ChangeOfGuest[] = []) {
  const host = simulate({
    pcpus: 2,
    domains: [{ name: 'guest', memory }],
    changes: changes.map((change): DomainChange => ({ ...change, domain: 'guest' })),
  })
  const guest = await host.domain('guest')
  return { host, guest, levels: () => levelsOf(host), truth: () => host.truth(guest.uuid)! }
}

export async function levelsOf(host: SimulatedHost) {
  const sample = await host.sampleMemory()
  const [actual, available, unused, usable, swapOut, rss, lastUpdate] = [
    sample.actual[0]!,
    sample.available[0]!,
    sample.unused[0]!,
    sample.usable[0]!,
    sample.swapOut[0]!,
    sample.rss[0]!,
    sample.lastUpdate[0]!,
  ]
  return { actual, available, unused, usable, swapOut, rss, lastUpdate }
}
