import type { FleetPlan, Step } from '../plan/step.ts'

type State = 'waiting' | 'under way' | 'done' | 'dropped'

/** A plan that is being carried out: which of its steps are done, and which are to come. */
export class RunningPlan {
  readonly plan: FleetPlan
  /** Who wanted it: the policy, or the person that asked. */
  readonly by: string
  readonly #states: State[]
  /** By order, the index of its step. */
  readonly #orders = new Map<string, number>()

  constructor(plan: FleetPlan, by: string) {
    this.plan = plan
    this.by = by
    this.#states = plan.steps.map(() => 'waiting')
  }

  /** Whether a step of it was begun. */
  get isBegun(): boolean {
    return this.#orders.size > 0
  }

  get isOver(): boolean {
    return this.#states.every((state) => state === 'done' || state === 'dropped')
  }

  /**
   * The steps to come that wait for none under way, with what they wait for among themselves; `indices` has their places in
   * the whole plan.
   */
  get next(): { readonly steps: readonly Step[]; readonly indices: readonly number[] } {
    const indices: number[] = []
    for (const [index, step] of this.plan.steps.entries()) {
      const isFree = step.after.every((other) => this.#states[other] === 'done' || indices.includes(other))
      if (this.#states[index] === 'waiting' && isFree) indices.push(index)
    }
    const steps = indices.map((index) => {
      const step = this.plan.steps[index]!
      const after = step.after.flatMap((other) => {
        const place = indices.indexOf(other)
        return place === -1 ? [] : [place]
      })
      return { ...step, after }
    })
    return { steps, indices }
  }

  begin(index: number, order: string): void {
    this.#states[index] = 'under way'
    this.#orders.set(order, index)
  }

  drop(index: number): void {
    this.#states[index] = 'dropped'
  }

  /** A migration is over; a step that was not done ends the plan. */
  ended(order: string, isDone: boolean): void {
    const index = this.#orders.get(order)
    if (index === undefined) return
    this.#states[index] = isDone ? 'done' : 'dropped'
    if (!isDone) this.end()
  }

  /** Nothing of it is begun any more; gives the steps that are left out. */
  end(): readonly Step[] {
    return this.plan.steps.filter((_, index) => {
      if (this.#states[index] !== 'waiting') return false
      this.#states[index] = 'dropped'
      return true
    })
  }
}
