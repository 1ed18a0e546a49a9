import type { Clock } from '../../host/host.ts'
import type { GuestRequirement } from '../../host/migration.ts'

/** Milliseconds after which a host is asked anew: its storage and networks change. */
const askAgain = 600_000
/** So many requirements are asked about in one go: each may take the host some milliseconds. */
const atOnce = 20

/** What this host says to the requirements that are known in the fleet. */
export class Answers {
  readonly #problemWith: (requirement: GuestRequirement) => Promise<string | undefined>
  readonly #clock: Clock
  readonly #answers = new Map<string, { readonly answer: true | string; readonly at: number }>()

  constructor(problemWith: (requirement: GuestRequirement) => Promise<string | undefined>, clock: Clock) {
    this.#problemWith = problemWith
    this.#clock = clock
  }

  get all(): Readonly<Record<string, true | string>> {
    return Object.fromEntries([...this.#answers].map(([key, { answer }]) => [key, answer]))
  }

  /** Asks the host what it has not been asked, or not lately. One that cannot be answered now is asked again next time. */
  async see(requirements: ReadonlyMap<string, GuestRequirement>): Promise<void> {
    for (const key of this.#answers.keys()) if (!requirements.has(key)) this.#answers.delete(key)
    const now = this.#clock.now()
    const askedAt = (key: string) => this.#answers.get(key)?.at ?? Number.NEGATIVE_INFINITY
    // What was never answered comes first: of very many, those that are asked again would leave no turn to it.
    const due = [...requirements]
      .filter(([key]) => now - askedAt(key) >= askAgain)
      .sort(([a], [b]) => (askedAt(a) === askedAt(b) ? 0 : askedAt(a) - askedAt(b)))
    for (const [key, requirement] of due.slice(0, atOnce)) {
      try {
        const problem = await this.#problemWith(requirement)
        this.#answers.set(key, { answer: problem ?? true, at: now })
      } catch {
        this.#answers.delete(key)
      }
    }
  }
}
