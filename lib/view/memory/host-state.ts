import type { HostMemory } from '../../host/sample.ts'
import { known } from '../../util/known.ts'
import type { HostMemoryState } from '../view.ts'

const states = ['high', 'soft', 'hard', 'low'] as const
/** Parts of the host's memory that must be available for each state but the last. */
const edges = [0.06, 0.04, 0.02]
/** By so much of its memory an edge must be passed before a better state is believed. */
const clearly = 0.005
/** Pressure (PSI) from which on the state is worse by one, and below which that ends. */
const pressed = { from: 0.1, until: 0.05 }

/** How short the host is, from sample to sample. Worse states apply at once, better ones once they are certain. */
export class HostState {
  #level = 0
  #isPressed = false

  /** Takes in a sample; the same one again changes nothing. */
  next({ total, available, pressure }: HostMemory): void {
    const part = known(available / total)
    if (part !== undefined) {
      const worst = edges.filter((edge) => part < edge).length
      const best = edges.filter((edge) => part < edge + clearly).length
      this.#level = Math.max(worst, Math.min(best, this.#level))
    }
    // Pressure is unknown: NaN is neither above nor below.
    this.#isPressed = this.#isPressed ? !(pressure < pressed.until) : pressure >= pressed.from
  }

  get state(): HostMemoryState {
    return states[Math.min(states.length - 1, this.#level + (this.#isPressed ? 1 : 0))]!
  }
}
