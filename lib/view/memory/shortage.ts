import type { MemoryView } from '../memory-glance.ts'
import type { DomainView, HostMemoryState } from '../view.ts'

/** The guests that are under memory pressure and that more memory could help: those that may be changed and are not as large as they may be. */
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
export function shortage({ memory }: Pick<MemoryView, 'memory'>): number {
  const index = shortStates.indexOf(memory.state)
  return index < 0 ? 0 : shortStates.length - index
}
