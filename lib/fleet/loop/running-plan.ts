import type { FleetPlan, Step } from '../plan/step.ts'
import type { FleetReason } from '../reasons/fleet-reasons.ts'
import { isForBalance } from './verdict.ts'

type State = 'waiting' | 'under way' | 'done' | 'dropped'

/** A step that is not made, and why. */
export interface LeftOut {
  readonly step: Step
  readonly reason: FleetReason
}

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

  /**
   * Leaves out the steps to come that something is against, those that wait for one of them, and those for balance that come
   * where one of them would have made room. Gives them.
   */
  leaveOut(reasonAgainst: (step: Step) => FleetReason | undefined): readonly LeftOut[] {
    const { steps } = this.plan
    const left = new Map<number, LeftOut>()
    for (let known = -1; known < left.size; ) {
      known = left.size
      for (const [index, step] of steps.entries()) {
        if (this.#states[index] !== 'waiting') continue
        const reason = reasonAgainst(step) ?? reasonBefore(step, left)
        if (!reason) continue
        this.#states[index] = 'dropped'
        left.set(index, { step, reason })
      }
    }
    return [...left.values()]
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

/** Why a step is left out that one of these was to come before. */
function reasonBefore(step: Step, left: ReadonlyMap<number, LeftOut>): FleetReason | undefined {
  for (const [index, other] of left) {
    if (step.after.includes(index)) return other.reason
    if (isForBalance(step) && isForBalance(other.step) && other.step.from === step.to) return other.reason
  }
  return undefined
}
