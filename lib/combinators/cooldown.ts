import { wrongOption } from '../host/errors.ts'
import { lift } from '../policy/lift.ts'
import { type Action, actionKey, type Policy, type StatefulPolicy } from '../policy/plan.ts'

/** What {@link cooldown} remembers. */
export interface CooldownState {
  readonly inner: unknown
  /** By vCPU or balloon, of those that are cooling down: what was last asked of it, and until when it is not changed again. */
  readonly asked: ReadonlyMap<string, { readonly action: Action; readonly until: number }>
}

/**
 * What was changed is not changed again for `milliseconds`: each vCPU, and each balloon, by itself. The same once
 * more is let through, since it is asked for only when the first time came to nothing. A domain that has
 * restarted begins anew.
 *
 * Not for a ballooning policy whose guests need memory at once when their need grows.
 */
export function cooldown<A extends Action>(
  milliseconds: number,
  policy: Policy<A>,
): StatefulPolicy<A, CooldownState> {
  if (!Number.isFinite(milliseconds) || milliseconds <= 0) {
    throw wrongOption('milliseconds', 'a number above 0', milliseconds)
  }
  const inner = lift('policy', policy)
  return {
    initialState: { inner: inner.initialState, asked: new Map() },
    decide(view, state) {
      const decision = inner.decide(view, state.inner)
      const ids = new Map(view.domains.map(({ uuid, id }) => [uuid, id]))
      const asked = new Map([...state.asked].filter(([, { until }]) => until > view.time))
      const plan = decision.plan.filter((action) => {
        const key = `${actionKey(action)} ${ids.get(action.uuid)}`
        const before = asked.get(key)
        if (before) return isSame(before.action, action)
        asked.set(key, { action, until: view.time + milliseconds })
        return true
      })
      return { ...decision, plan, state: { inner: decision.state, asked } }
    },
  }
}

function isSame(before: Action, now: Action): boolean {
  if (before.kind === 'pin') return now.kind === 'pin' && before.cpus.equals(now.cpus)
  if (before.kind === 'setShares') return now.kind === 'setShares' && before.shares === now.shares
  return now.kind === 'setMemory' && before.bytes === now.bytes
}
