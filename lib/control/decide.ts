import type { Action, Plan } from '../policy/plan.ts'
import type { View } from '../view/view.ts'
import type { LoopConfig } from './options.ts'
import { type PolicyResult, PolicyRunner } from './policy-runner.ts'
import type { Rollbacks } from './rollback/rollbacks.ts'
import type { Rollback } from './tick.ts'

/** Which policies of a loop are asked in a tick. */
export type Asked = 'all' | 'ballooning' | 'none'

/** What is wanted in one tick. */
export interface Decided {
  /** What is undone, then what the policies want. */
  readonly plan: Plan
  readonly rollbacks: readonly Rollback[]
  /** The one of them that is about pins. */
  readonly undone: Rollback | undefined
  readonly explanation: PolicyResult<Action>['explanation']
  readonly errors: PolicyResult<Action>['errors']
}

/** The policies of a loop, and what it undoes by itself. */
export class Decider {
  readonly scheduler: PolicyRunner<Action> | undefined
  readonly ballooning: PolicyRunner<Action> | undefined
  readonly #rollbacks: Rollbacks

  constructor({ scheduler, ballooning }: Pick<LoopConfig, 'scheduler' | 'ballooning'>, rollbacks: Rollbacks) {
    if (scheduler) this.scheduler = new PolicyRunner('scheduler', ['pin', 'setShares'], scheduler)
    if (ballooning) this.ballooning = new PolicyRunner('ballooning', ['setMemory'], ballooning)
    this.#rollbacks = rollbacks
  }

  /** Asks the policies, and what is to be undone: that comes first, and no scheduler plans while pins are undone. */
  decide(view: View, asked: Asked): Decided {
    const scheduler = asked === 'all' ? this.scheduler : undefined
    const ballooning = asked === 'none' ? undefined : this.ballooning
    const undone = scheduler && this.#rollbacks.duePins(view)
    const pins = undone ? undefined : scheduler?.run(view)
    const sizes = ballooning?.run(view)
    const wanted = [...(pins?.plan ?? []), ...(sizes?.plan ?? [])]
    const given = ballooning ? this.#rollbacks.dueMemory(view, wanted) : []
    const rollbacks = undone ? [undone, ...given] : given
    return {
      plan: [...rollbacks.flatMap(({ plan }) => plan), ...wanted],
      rollbacks,
      undone,
      explanation: pins?.explanation ?? sizes?.explanation,
      errors: [...(pins?.errors ?? []), ...(sizes?.errors ?? [])],
    }
  }
}
