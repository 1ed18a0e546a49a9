import type {
  Change,
  DomainScenario,
  HostShape,
  Load,
  MemoryScenario,
  Scenario,
} from '../../lib/simulation/index.ts'
import { GiB, MiB } from '../../lib/util/units.ts'

/** A simulated host of the bench. */
export interface Size {
  readonly guests: number
  /** Of each guest. Default 4. */
  readonly vcpus?: number
  readonly pcpus: HostShape
}

/**
 * As many guests on as much host as in the arenas, mixed as on a host that is well used: most vCPUs are at rest, some are
 * woken often, a few compute; every fifth is pinned to a NUMA cell and every tenth to one pCPU; programs hold, grow, touch what
 * is swapped out and read files, and balloons move.
 */
export function scenarioOf({ guests, vcpus = 4, pcpus }: Size): Scenario {
  const { sockets = 1, cores, threads = 1 } = pcpus
  const count = sockets * cores * threads
  return {
    seed: 7,
    pcpus,
    memory: guests * 640 * MiB + 1 * GiB,
    domains: Array.from(
      { length: guests },
      (_, guest): DomainScenario => ({
        name: `guest${guest}`,
        vcpus: Array.from({ length: vcpus }, (_, vcpu) => {
          const number = guest * vcpus + vcpu
          return { load: loadOf(number), affinity: affinityOf(number, count, sockets * cores) }
        }),
        memory: memoryOf(guest),
      }),
    ),
    changes: Array.from({ length: guests }, (_, guest): Change => changeOf(guest)),
  }
}

/** What a vCPU does, by its number on the host. */
export function loadOf(number: number): Load {
  const kind = number % 100
  if (kind === 50) return { kind: 'spin' }
  if (kind % 12 === 5) return { kind: 'work', work: 4 + (number % 7) }
  if (kind % 10 === 3) return { kind: 'loop', work: 2, sleep: 30 + (number % 20) }
  return { kind: 'idle' }
}

function affinityOf(number: number, pcpus: number, cores: number): string {
  if (number % 10 === 7) return String(number % pcpus)
  if (number % 5 === 1)
    return number % 2 === 0 ? `0-${Math.max(0, cores / 2 - 1)}` : `${cores / 2}-${cores - 1}`
  return 'any'
}

function memoryOf(guest: number): MemoryScenario {
  const maximum = (512 + 256 * (guest % 4)) * MiB
  const swap = (['none', 'disk', 'zram'] as const)[guest % 3]!
  const program =
    guest % 10 === 9
      ? { size: 600 * MiB, rate: 8 * MiB }
      : guest % 10 === 4
        ? { size: 300 * MiB, touch: 40 * MiB, files: 200 * MiB }
        : { size: 200 * MiB }
  return { maximum, swap, program }
}

/** Something happens to each guest in the first minute. */
function changeOf(guest: number): Change {
  const at = (guest * 61) % 60_000
  const domain = `guest${guest}`
  switch (guest % 4) {
    case 0:
      return { at, domain, kind: 'balloon', bytes: 400 * MiB }
    case 1:
      return { at, domain, kind: 'load', load: loadOf(guest + 50) }
    case 2:
      return { at, domain, kind: 'program', program: { size: 250 * MiB } }
    default:
      return { at, domain, kind: 'pin', vcpu: 0, affinity: 'any' }
  }
}
