import { wrongOption } from '../host/errors.ts'
import type { View } from '../view/view.ts'
import { type Action, isPolicy, type Plan, type Policy, type StatefulPolicy } from './plan.ts'

/**
 * A policy of either kind as one that has a state; a pure one has none to speak of. Throws a `TypeError` that
 * names `option` for what is no policy.
 */
export function lift<A extends Action>(option: string, policy: Policy<A>): StatefulPolicy<A, unknown> {
  if (!isPolicy(policy)) {
    throw wrongOption(option, 'a policy: a function from View to Plan, or { initialState, decide }', policy)
  }
  if (typeof policy !== 'function') return policy
  return { initialState: undefined, decide: (view, state) => ({ plan: policy(view), state }) }
}

/** `policy`, shown each View after `look`, and with each of its plans after `change`. */
export function wrap<A extends Action>(
  policy: Policy<A>,
  change: (plan: Plan<A>, view: View) => Plan<A>,
  look: (view: View) => View = (view) => view,
): StatefulPolicy<A, unknown> {
  const inner = lift('policy', policy)
  return {
    initialState: inner.initialState,
    decide(view, state) {
      const decision = inner.decide(look(view), state)
      return { ...decision, plan: change(decision.plan, view) }
    },
  }
}
