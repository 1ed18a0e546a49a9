import type { Demand, FleetGuestScenario, FleetHostScenario } from '../../../lib/fleet/simulation/scenario.ts'
import { Random } from '../../../lib/util/random.ts'
import { GiB } from '../../../lib/util/units.ts'

/** Hosts `h1`, `h2`, … that are alike. */
export function hosts(count: number, pcpus = 8, memory = 128 * GiB): FleetHostScenario[] {
  return Array.from({ length: count }, (_, i) => ({ name: `h${i + 1}`, pcpus, memory }))
}

export function steady(demand: number): Demand {
  return { kind: 'steady', demand }
}

export interface GuestOptions extends Partial<FleetGuestScenario> {
  /** Name of its kind: guests are `NAME-1`, `NAME-2`, … */
  readonly kind?: string
}

/** Guests on one host that are alike, but for what their demand is in a seed: 10 % more or less. */
export function alike(
  seed: number,
  count: number,
  host: string,
  demand: number,
  { kind = host, memory = 4 * GiB, ...more }: GuestOptions = {},
): FleetGuestScenario[] {
  const random = new Random(seed, kind)
  return Array.from({ length: count }, (_, i) => ({
    name: `${kind}-${i + 1}`,
    host,
    memory,
    demand: steady(random.around(demand, 0.1)),
    ...more,
  }))
}

/**
 * Guests that are dealt to hosts unevenly: the first hosts get most. `mean`: pCPUs that one wants, between a third and three times
 * of it.
 */
export function uneven(
  seed: number,
  count: number,
  names: readonly string[],
  mean: number,
  demandOf: (demand: number) => Demand = steady,
): FleetGuestScenario[] {
  const random = new Random(seed, 'uneven')
  return Array.from({ length: count }, (_, i) => {
    const wanted = mean * 3 ** (2 * random.next() - 1) * 0.9
    const place = Math.floor(names.length * random.next() ** 1.6)
    return {
      name: `g-${i + 1}`,
      host: names[place]!,
      vcpus: Math.max(1, Math.ceil(wanted)) * 2,
      demand: demandOf(wanted),
      memory: (1 + random.below(6)) * GiB,
      dirtyRate: 1e6 * (1 + random.below(60)),
    }
  })
}
