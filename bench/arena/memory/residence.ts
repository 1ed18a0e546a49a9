import type { Scenario, SimulatedHost } from '../../../lib/simulation/index.ts'

/** Guests whose programs are tasks of one size: one that ends makes room for the next. */
export interface Tasks {
  /** Names. */
  readonly guests: readonly string[]
  /** Bytes of each task. */
  readonly size: number
  /** Seconds that a task takes where it never waits. */
  readonly work: number
}

/**
 * How long tasks reside in their guests. By Little's law it is their mean number, divided by the rate at which they are
 * done, which is their number while they do not wait by the work of one.
 */
export class Residence {
  readonly #host: SimulatedHost
  readonly #scenario: Scenario
  readonly #tasks: Tasks
  readonly #before = new Map<string, { readonly time: number; readonly stalled: number }>()
  #there = 0
  #working = 0

  constructor(host: SimulatedHost, scenario: Scenario, tasks: Tasks) {
    this.#host = host
    this.#scenario = scenario
    this.#tasks = tasks
  }

  /** Mean seconds that a task resided so far; infinite when none was ever done. */
  get mean(): number {
    return this.#tasks.work * (this.#there / this.#working)
  }

  async look(time: number): Promise<void> {
    for (const name of this.#tasks.guests) {
      const { uuid } = await this.#host.domain(name)
      const { stalled } = this.#host.truth(uuid)!
      const before = this.#before.get(name) ?? { time: 0, stalled: 0 }
      const tasks = this.#sizeAt(name, before.time) / this.#tasks.size
      this.#there += tasks * (time - before.time)
      this.#working += tasks * (time - before.time - (stalled - before.stalled))
      this.#before.set(name, { time, stalled })
    }
  }

  #sizeAt(name: string, time: number): number {
    const initial = this.#scenario.domains.find((domain) => domain.name === name)?.memory?.program?.size ?? 0
    return (this.#scenario.changes ?? []).reduce(
      (size, change) =>
        change.kind === 'program' && change.domain === name && change.at <= time ? change.program.size : size,
      initial,
    )
  }
}
