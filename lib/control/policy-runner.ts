import { CpuSet } from '../host/cpuset.ts'
import { BallastError } from '../host/errors.ts'
import type { AnyAction, Explanation, Plan, Policy } from '../policy/plan.ts'
import { isReason } from '../policy/reason.ts'
import type { View } from '../view/view.ts'

/** What a policy wants, and what failed in it; one that threw wants nothing. */
export interface PolicyResult<A extends AnyAction> {
  readonly plan: Plan<A>
  readonly explanation?: Explanation | undefined
  readonly errors: readonly BallastError[]
}

/**
 * Runs one policy tick after tick: hands it its state, keeps the next, and checks what it returns. A policy that
 * throws or returns what is no plan gives `ERR_POLICY`; its state stays as it was.
 */
export class PolicyRunner<A extends AnyAction> {
  readonly #name: string
  readonly #kinds: readonly A['kind'][]
  readonly #policy: Policy<A>
  #state: unknown

  /** `name` is the option that the policy was given with; `kinds` is what its actions may be. */
  constructor(name: string, kinds: readonly A['kind'][], policy: Policy<A>) {
    this.#name = name
    this.#kinds = kinds
    this.#policy = policy
    this.#state = typeof policy === 'function' ? undefined : policy.initialState
  }

  run(view: View): PolicyResult<A> {
    try {
      if (typeof this.#policy === 'function') {
        return { plan: this.#check(this.#policy(view)), errors: [] }
      }
      const decision = this.#policy.decide(view, this.#state)
      if (isPromise(decision)) throw promised(decision)
      const { plan, state, explanation, errors = [] } = decision
      const checked = this.#check(plan)
      this.#state = state
      return { plan: checked, explanation, errors: errors.map((error) => this.#failure(error)) }
    } catch (error) {
      return { plan: [], errors: [this.#failure(error)] }
    }
  }

  #failure(error: unknown): BallastError {
    if (error instanceof NoPlan) return this.#error(`returned no plan: ${error.message}`)
    const message = error instanceof Error ? error.message : String(error)
    return this.#error(`threw: ${message}`, error)
  }

  #check(plan: unknown): Plan<A> {
    if (isPromise(plan)) throw promised(plan)
    if (!Array.isArray(plan)) throw new NoPlan(`expected an array of actions, got ${shown(plan)}`)
    for (const [index, action] of plan.entries()) this.#assertAction(action, index)
    return plan
  }

  #assertAction(action: unknown, index: number): asserts action is A {
    const { kind, reason, ...rest } = (action ?? {}) as Fields
    const known = this.#kinds.find((one) => one === kind)
    if (!known) {
      throw new NoPlan(
        `its item ${index} is no ${this.#kinds.join(' or ')} action, but ${shown(kind ?? action)}`,
      )
    }
    if (!isComplete[known](rest) || !isReason(reason))
      throw new NoPlan(`its item ${index} is not complete: make it with ${known}()`)
  }

  #error(what: string, cause?: unknown): BallastError {
    return new BallastError('ERR_POLICY', `The policy given as \`${this.#name}\` ${what}`, { cause })
  }
}

type Fields = Partial<Record<string, unknown>>

function namesDomain({ uuid, domain }: Fields): boolean {
  return typeof uuid === 'string' && typeof domain === 'string'
}

/** Whether an action of each kind says what it is to say. */
const isComplete: Record<AnyAction['kind'], (action: Fields) => boolean> = {
  pin: ({ vcpu, cpus, ...rest }) => namesDomain(rest) && typeof vcpu === 'number' && cpus instanceof CpuSet,
  setMemory: ({ bytes, ...rest }) => namesDomain(rest) && typeof bytes === 'number',
  setShares: ({ shares, ...rest }) => namesDomain(rest) && typeof shares === 'number',
  setKsm: ({ pagesToScan, sleep }) => typeof pagesToScan === 'number' && typeof sleep === 'number',
}

/** What a policy returned is no plan. */
class NoPlan extends Error {}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'then') === 'function'
}

/** Handles a promise without a waiter: its failure must not end the process. */
function promised(promise: PromiseLike<unknown>): NoPlan {
  promise.then(undefined, () => {})
  return new NoPlan('expected an array of actions, got a promise: policies are not asynchronous')
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : `${String(value)} (${typeof value})`
}
