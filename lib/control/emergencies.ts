import type { DomainView, HostMemoryState, View } from '../view/view.ts'
import type { Outcome } from './tick.ts'

/** The guests that suffer and that more memory could help: those that may be changed and are not as large as they may be. */
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

/**
 * Tells when not to wait for the next beat: when a guest begins to suffer, and again for as long as it does and the last
 * turn changed some balloon; and when the host comes into a worse state of shortage. A guest that nothing could be
 * done for waits for the beats: asked again and again in between, the policy would say the same.
 */
export class Emergencies {
  #beyondHelp: ReadonlySet<string> = new Set()
  /** The shortage of the host that a turn has dealt with. */
  #shortage = 0

  /** Whether what is seen calls for a turn now. */
  see(view: View): boolean {
    const suffering = underPressure(view).map(({ uuid }) => uuid)
    const isWorse = shortage(view) > this.#shortage
    const calls = isWorse || suffering.some((uuid) => !this.#beyondHelp.has(uuid))
    this.#beyondHelp = new Set(suffering.filter((uuid) => this.#beyondHelp.has(uuid)))
    this.#shortage = Math.min(this.#shortage, shortage(view))
    return calls
  }

  /** After a turn of either kind in which the policy saw `view`. */
  handled(view: View, outcomes: readonly Outcome[]): void {
    const changed = outcomes.some(({ action, status }) => action.kind === 'setMemory' && status === 'applied')
    this.#beyondHelp = new Set(changed ? [] : underPressure(view).map(({ uuid }) => uuid))
    this.#shortage = shortage(view)
  }
}
