import type { ShownTick, ShownVcpu } from '../../../report/shown-tick.ts'

/** One pCPU, or several that are shown as one. Loads are fractions of a pCPU. */
export interface Unit {
  /** The first of its pCPUs. */
  readonly id: number
  readonly socket: number
  readonly cell: number
  readonly cache: number
  readonly pcpus: number
  /** Mean of how busy they are; undefined: not known. */
  readonly load: number | undefined
  /** The highest demand on one of them. */
  readonly demand: number
  /** Nothing is placed on any of them. */
  readonly isUnusable: boolean
}

/** What one unit is, from the finest to the coarsest. */
export const grains = ['pcpu', 'core', 'cache', 'cell'] as const
export type Grain = (typeof grains)[number]

/** Each pCPU by itself, in the order of socket, cell, cache and core. */
export function pcpuUnits(tick: ShownTick): Unit[] {
  const usage = new Map<number, number>()
  const demand = new Map<number, number>()
  for (const { vcpus } of tick.domains) {
    for (const vcpu of vcpus) {
      const place = placeOf(vcpu)
      if (place === undefined) continue
      usage.set(place, (usage.get(place) ?? 0) + (vcpu.usage ?? 0))
      demand.set(place, (demand.get(place) ?? 0) + (vcpu.demand ?? 0))
    }
  }
  return tick.pcpus
    .map(({ id, socket, cell, cache, siblings, busy, unusable, capacity = 1 }) => ({
      core: firstOf(siblings),
      unit: {
        id,
        socket,
        cell,
        cache,
        pcpus: 1,
        load: busy ?? usage.get(id),
        demand: (demand.get(id) ?? 0) / capacity,
        isUnusable: unusable !== undefined,
      },
    }))
    .sort(
      ({ core: coreA, unit: a }, { core: coreB, unit: b }) =>
        a.socket - b.socket || a.cell - b.cell || a.cache - b.cache || coreA - coreB || a.id - b.id,
    )
    .map(({ unit }) => unit)
}

/** The units of a grain, of those of each pCPU. */
export function unitsBy(tick: ShownTick, pcpus: readonly Unit[], grain: Grain): Unit[] {
  if (grain === 'pcpu') return [...pcpus]
  const cores = new Map(tick.pcpus.map(({ id, siblings }) => [id, firstOf(siblings)]))
  const keyOf = ({ id, cell, cache }: Unit) => {
    return grain === 'core'
      ? `${cell} ${cache} ${cores.get(id)}`
      : grain === 'cache'
        ? `${cell} ${cache}`
        : `${cell}`
  }
  const groups = new Map<string, Unit[]>()
  for (const unit of pcpus) {
    const key = keyOf(unit)
    const group = groups.get(key)
    if (group) group.push(unit)
    else groups.set(key, [unit])
  }
  return Array.from(groups.values(), together)
}

function together(units: readonly Unit[]): Unit {
  const known = units.flatMap(({ load }) => load ?? [])
  return {
    ...units[0]!,
    pcpus: units.length,
    load: known.length > 0 ? known.reduce((sum, load) => sum + load, 0) / known.length : undefined,
    demand: Math.max(...units.map(({ demand }) => demand)),
    isUnusable: units.every(({ isUnusable }) => isUnusable),
  }
}

/** The pCPU that a vCPU is on: the only one that it may run on, else the one that it ran on last. */
function placeOf({ affinity, pcpu }: ShownVcpu): number | undefined {
  return affinity !== undefined && /^\d+$/.test(affinity) ? Number(affinity) : pcpu
}

function firstOf(list: string): number {
  return Number.parseInt(list, 10)
}
