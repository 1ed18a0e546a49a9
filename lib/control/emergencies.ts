import type { MemoryPressure } from '../view/memory/shortage.ts'
import type { Outcome } from './tick.ts'

/**
 * Decides when memory cannot wait for the next interval: when a guest comes under memory pressure, and again for as long
 * as it is and the last tick changed some balloon; and when the host comes into a worse state of shortage. A guest that
 * nothing could be done for waits for the next interval: until then the policy would decide the same.
 */
export class Emergencies {
  #beyondHelp: ReadonlySet<string> = new Set()
  /** The shortage of the host that a tick has dealt with. */
  #shortage = 0

  /** Whether what is seen calls for a tick now. */
  observe({ suffering, shortage }: MemoryPressure): boolean {
    const isWorse = shortage > this.#shortage
    const calls = isWorse || suffering.some((uuid) => !this.#beyondHelp.has(uuid))
    this.#beyondHelp = new Set(suffering.filter((uuid) => this.#beyondHelp.has(uuid)))
    this.#shortage = Math.min(this.#shortage, shortage)
    return calls
  }

  /** After a tick of either cause in which the policy saw this. */
  handled({ suffering, shortage }: MemoryPressure, outcomes: readonly Outcome[]): void {
    const changed = outcomes.some(({ action, status }) => action.kind === 'setMemory' && status === 'applied')
    this.#beyondHelp = new Set(changed ? [] : suffering)
    this.#shortage = shortage
  }
}
