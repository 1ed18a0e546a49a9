import { asBallastError, type BallastError } from '../../host/errors.ts'
import type { Clock } from '../../host/host.ts'
import type { GuestRequirement } from '../../host/migration.ts'

/** Milliseconds after which a host is asked anew: its storage and networks change. */
const askAgain = 600_000
/** Requirements that are asked about in one go however long that takes, and milliseconds for which others are. */
const atOnce = 20
const longest = 500

/** What this host says to the requirements that are known in the fleet. */
export class Answers {
  readonly #problemWith: (requirement: GuestRequirement) => Promise<string | undefined>
  readonly #clock: Clock
  readonly #answers = new Map<string, { readonly answer: true | string; readonly at: number }>()
  /** The same object until an answer is another one: it is written to the fleet only then. */
  #all: Readonly<Record<string, true | string>> = {}

  constructor(problemWith: (requirement: GuestRequirement) => Promise<string | undefined>, clock: Clock) {
    this.#problemWith = problemWith
    this.#clock = clock
  }

  get all(): Readonly<Record<string, true | string>> {
    return this.#all
  }

  /**
   * Asks the host what it has not been asked, or not lately. One that cannot be answered now is asked again next time; gives
   * why, of the first.
   */
  async see(requirements: ReadonlyMap<string, GuestRequirement>): Promise<BallastError | undefined> {
    let failure: BallastError | undefined
    for (const key of this.#answers.keys()) if (!requirements.has(key)) this.#answers.delete(key)
    const now = this.#clock.now()
    const askedAt = (key: string) => this.#answers.get(key)?.at ?? Number.NEGATIVE_INFINITY
    // What was never answered comes first: of very many, those that are asked again would leave no turn to it.
    const due = [...requirements]
      .filter(([key]) => now - askedAt(key) >= askAgain)
      .sort(([a], [b]) => (askedAt(a) === askedAt(b) ? 0 : askedAt(a) - askedAt(b)))
    for (const [asked, [key, requirement]] of due.entries()) {
      if (asked >= atOnce && this.#clock.now() - now >= longest) break
      try {
        const problem = await this.#problemWith(requirement)
        this.#answers.set(key, { answer: problem ?? true, at: now })
      } catch (error) {
        failure ??= asBallastError(error)
        this.#answers.delete(key)
      }
    }
    if (this.#isOther()) {
      this.#all = Object.fromEntries([...this.#answers].map(([key, { answer }]) => [key, answer]))
    }
    return failure
  }

  #isOther(): boolean {
    const all = this.#all
    if (Object.keys(all).length !== this.#answers.size) return true
    return [...this.#answers].some(([key, { answer }]) => all[key] !== answer)
  }
}
