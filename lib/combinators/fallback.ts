import { lift } from '../policy/lift.ts'
import type { Action, Decision, Policy, StatefulPolicy } from '../policy/plan.ts'
import type { View } from '../view/view.ts'

/** What {@link fallback} remembers: the states of both policies. */
export interface FallbackState {
  readonly first: unknown
  readonly other: unknown
}

/**
 * `other` decides where `policy` does not: when it abstains, as outside of the hours that `during` gives it, and
 * when it throws, which the Tick reports all the same. An empty plan is a decision: nothing is to be
 * done. A policy that was not called keeps its state.
 */
export function fallback<A extends Action>(
  policy: Policy<A>,
  other: Policy<A>,
): StatefulPolicy<A, FallbackState> {
  const first = lift('policy', policy)
  const second = lift('other', other)
  return {
    initialState: { first: first.initialState, other: second.initialState },
    decide(view, state) {
      const tried = attempt(first, view, state.first)
      if (!('error' in tried) && !tried.abstains) {
        return { ...tried, state: { ...state, first: tried.state } }
      }
      const decision = second.decide(view, state.other)
      const before = 'error' in tried ? [tried.error] : (tried.errors ?? [])
      return {
        ...decision,
        errors: [...before, ...(decision.errors ?? [])],
        state: { first: 'error' in tried ? state.first : tried.state, other: decision.state },
      }
    },
  }
}

function attempt<A extends Action>(
  policy: StatefulPolicy<A, unknown>,
  view: View,
  state: unknown,
): Decision<A, unknown> | { readonly error: unknown } {
  try {
    return policy.decide(view, state)
  } catch (error) {
    return { error }
  }
}
