import type { DomainScenario, Load, Scenario } from '../../lib/simulation/scenario.ts'
import { GiB, MiB } from '../../lib/util/units.ts'

const roles: readonly { readonly name: string; readonly count: number; readonly load: Load }[] = [
  { name: 'web', count: 10, load: { kind: 'loop', work: 5, sleep: 6 } },
  { name: 'db', count: 4, load: { kind: 'loop', work: 8, sleep: 4 } },
  { name: 'build', count: 4, load: { kind: 'loop', work: 20, sleep: 20 } },
  { name: 'mail', count: 6, load: { kind: 'loop', work: 2, sleep: 12 } },
]

/** A host of two sockets whose guests have all come up on the first eight cores, and one of which grows. */
export function crowdedHost(): Scenario {
  const domains = roles.flatMap(({ name, count, load }) =>
    Array.from({ length: count }, (_, i): DomainScenario => {
      const vcpu = { affinity: '0-7', load }
      return {
        name: `${name}${i + 1}`,
        vcpus: [vcpu, vcpu],
        memory: { maximum: 2 * GiB, actual: 1 * GiB, program: { size: 500 * MiB } },
      }
    }),
  )
  return {
    pcpus: { sockets: 2, cores: 8, threads: 2 },
    memory: 40 * GiB,
    domains,
    changes: [{ at: 60_000, domain: 'db1', kind: 'program', program: { size: 1_500 * MiB, rate: 20 * MiB } }],
  }
}
