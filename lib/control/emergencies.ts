import type { DomainView, View } from '../view/view.ts'
import type { Outcome } from './tick.ts'

/** The guests that suffer and that more memory could help: those that may be changed and are not as large as they may be. */
export function sufferers({ domains }: View): DomainView[] {
  return domains.filter(({ settings, memory }) => {
    const { events, target = 0, actual = 0, maximum = Number.POSITIVE_INFINITY } = memory
    const most = Math.min(maximum, settings.memoryCeiling ?? maximum)
    return settings.managed && events?.suffers === true && Math.max(actual, target) < most
  })
}

/**
 * Tells when not to wait for the next beat: when a guest begins to suffer, and again for as long as it does and the last
 * turn changed some balloon. One that nothing could be done for waits for the beats: asked again and
 * again in between, the policy would say the same.
 */
export class Emergencies {
  #beyondHelp: ReadonlySet<string> = new Set()

  /** Whether what is seen calls for a turn now. */
  see(view: View): boolean {
    const suffering = sufferers(view).map(({ uuid }) => uuid)
    const calls = suffering.some((uuid) => !this.#beyondHelp.has(uuid))
    this.#beyondHelp = new Set(suffering.filter((uuid) => this.#beyondHelp.has(uuid)))
    return calls
  }

  /** After a turn of either kind in which the policy saw `view`. */
  dealtWith(view: View, outcomes: readonly Outcome[]): void {
    const changed = outcomes.some(({ action, status }) => action.kind === 'setMemory' && status === 'applied')
    this.#beyondHelp = new Set(changed ? [] : sufferers(view).map(({ uuid }) => uuid))
  }
}
