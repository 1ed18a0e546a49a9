import type { DomainView, HostMemoryState, View } from '../view.ts'

/** The guests that are under memory pressure and that more memory could help: those that may be changed and are not as large as they may be. */
export function underPressure({ domains }: View): DomainView[] {
  return domains.filter(({ settings, memory }) => {
    const { events, target = 0, actual = 0, maximum = Number.POSITIVE_INFINITY } = memory
    const most = Math.min(maximum, settings.memoryCeiling ?? maximum)
    return settings.managed && events?.underPressure === true && Math.max(actual, target) < most
  })
}

/** From worst to best, the states in which a host cannot wait either; any other is none. */
const shortStates: readonly HostMemoryState[] = ['low', 'hard']

/** How short the host is of memory: 2 low, 1 hard, 0 neither. */
export function shortage({ memory }: View): number {
  const index = shortStates.indexOf(memory.state)
  return index < 0 ? 0 : shortStates.length - index
}
