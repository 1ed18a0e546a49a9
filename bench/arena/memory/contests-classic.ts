import { type Scenario, scenarios } from '../../../lib/simulation/index.ts'
import { MiB } from '../../../lib/util/units.ts'
import { contest } from './build.ts'
import type { MemoryContest } from './contest.ts'

const cases = {
  M1: 'the first of four grows to its maximum, then frees',
  M2: 'all four grow as far as the host goes, then free',
  M3: 'all grow, the first two stop early and free',
  M4: 'the first stops early, the second goes on, two are idle',
} as const

/** So many times the same host in one: its guests, its memory, its reserve. */
function times(count: number, one: Scenario): Scenario {
  const copies = Array.from({ length: count }, (_, copy) => copy)
  return {
    ...one,
    pcpus: 8,
    memory: one.memory! * count,
    domains: copies.flatMap((copy) =>
      one.domains.map((domain) => ({ ...domain, name: `${domain.name}-${copy}` })),
    ),
    changes: copies.flatMap((copy) =>
      (one.changes ?? []).map((change) =>
        !('domain' in change) ? change : { ...change, domain: `${change.domain}-${copy}` },
      ),
    ),
  }
}

export const classic: readonly MemoryContest[] = Object.entries(cases).flatMap(([name, about]) => {
  const one = scenarios[name as keyof typeof cases]()
  const ten = times(10, one)
  return [
    contest(`${name}-4`, about, one),
    contest(`${name}-40`, `ten times: ${about}`, ten, { options: { hostMemoryReserve: 5_120 * MiB } }),
  ]
})
