import { wrongOption } from '../host/errors.ts'
import { wrap } from '../policy/lift.ts'
import type { Action, Policy, StatefulPolicy } from '../policy/plan.ts'
import { placeOf } from '../view/cpu/placement.ts'
import type { View } from '../view/view.ts'

/**
 * At most `moves` moves in one tick: of a longer plan the first ones are kept, and the policy sees at the next View
 * what became of it. A pin that leaves a vCPU where it is is no move and is never dropped; a change of a
 * balloon or of shares counts as one.
 *
 * For policies that replan from scratch or that a host should follow in small steps. Half of a swap can be worse
 * than none: a scheduler that has a budget of its own makes more of it.
 */
export function limitMoves<A extends Action>(moves: number, policy: Policy<A>): StatefulPolicy<A, unknown> {
  if (!Number.isSafeInteger(moves) || moves < 1)
    throw wrongOption('moves', 'a whole number, 1 or more', moves)
  return wrap(policy, (plan, view) => {
    const places = placesOf(view)
    let left = moves
    return plan.filter((action) => !counts(action, places) || left-- > 0)
  })
}

/** By vCPU: the pCPU that it is on. */
function placesOf(view: View): ReadonlyMap<string, number | undefined> {
  return new Map(view.vcpus.map((vcpu) => [`${vcpu.domain.uuid} ${vcpu.vcpu}`, placeOf(vcpu)]))
}

/** Whether it counts against the limit: unlike a move of the log, also a pin of a vCPU whose place is not known. */
function counts(action: Action, places: ReadonlyMap<string, number | undefined>): boolean {
  if (action.kind !== 'pin') return true
  const place = places.get(`${action.uuid} ${action.vcpu}`)
  return place === undefined || !action.cpus.has(place)
}
