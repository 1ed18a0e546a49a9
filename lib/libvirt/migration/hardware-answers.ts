import type { NativeGuestHardware } from '../../addon/native-migration.ts'

/** Milliseconds for which what the hypervisor said holds: guests of one kind are asked about one after the other. */
const goodFor = 60_000

/**
 * What a hypervisor says to hardware, asked once for all guests that have the same: many differ by their disks alone, and it
 * compares their CPU for milliseconds each.
 */
export class HardwareAnswers {
  readonly #now: () => number
  readonly #answers = new Map<string, { readonly answer: Promise<string>; readonly at: number }>()

  /** `now`: monotonic milliseconds. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** The problem with this hardware, by `ask` where it is not known; '': there is none. What fails is asked anew. */
  problemWith(
    hardware: NativeGuestHardware,
    ask: (hardware: NativeGuestHardware) => Promise<string>,
  ): Promise<string> {
    const now = this.#now()
    for (const [key, { at }] of this.#answers) if (now - at >= goodFor) this.#answers.delete(key)
    const key = JSON.stringify(hardware)
    const known = this.#answers.get(key)
    if (known) return known.answer
    const answer = ask(hardware)
    const mine = { answer, at: now }
    this.#answers.set(key, mine)
    answer.catch(() => {
      if (this.#answers.get(key) === mine) this.#answers.delete(key)
    })
    return answer
  }
}
