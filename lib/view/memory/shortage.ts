import type { DomainView, HostMemoryState, HostMemoryView } from '../view.ts'

/**
 * The guests that are under memory pressure and that more memory could help: those that may be changed and are not as
 * large as they may be.
 */
export function underPressure<D extends Pick<DomainView, 'settings' | 'memory'>>({
  domains,
}: {
  readonly domains: readonly D[]
}): D[] {
  return domains.filter(({ settings, memory }) => {
    const { events } = memory
    if (events === undefined || !events.underPressure) return false
    const { target = 0, actual = 0, maximum = Number.POSITIVE_INFINITY } = memory
    const most = Math.min(maximum, settings.memoryCeiling ?? maximum)
    return settings.managed && Math.max(actual, target) < most
  })
}

/** From worst to best, the states in which a host cannot wait either; any other is none. */
const shortStates: readonly HostMemoryState[] = ['low', 'hard']

/** How short the host is of memory: 2 low, 1 hard, 0 neither. */
export function shortage({ memory }: { readonly memory: Pick<HostMemoryView, 'state'> }): number {
  const index = shortStates.indexOf(memory.state)
  return index < 0 ? 0 : shortStates.length - index
}

/** What cannot wait until the next tick. */
export interface MemoryPressure {
  /** UUIDs of the guests that are {@link underPressure}. */
  readonly suffering: readonly string[]
  /** See {@link shortage}. */
  readonly shortage: number
}

/** The same of a View. */
export function pressureOf(view: {
  readonly domains: readonly Pick<DomainView, 'uuid' | 'settings' | 'memory'>[]
  readonly memory: Pick<HostMemoryView, 'state'>
}): MemoryPressure {
  return {
    suffering: underPressure(view).map(({ uuid }) => uuid),
    shortage: shortage(view),
  }
}
