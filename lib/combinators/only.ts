import { CpuSet } from '../host/cpuset.ts'
import { wrongOption } from '../host/errors.ts'
import { wrap } from '../policy/lift.ts'
import type { Action, Policy, StatefulPolicy } from '../policy/plan.ts'
import { globMatcher } from '../util/glob.ts'
import type { DomainView, VcpuView } from '../view/view.ts'

/** Which domains: a glob over their names (`*` and `?`), or a function that says so. */
export type DomainChoice = string | ((domain: DomainView) => boolean)

/**
 * The policy decides on these domains only. It sees the others as not managed and not to be moved, so it counts
 * their load and their memory and plans around them.
 */
export function only<A extends Action>(which: DomainChoice, policy: Policy<A>): StatefulPolicy<A, unknown> {
  const chosen = readChoice(which)
  return restrict(policy, chosen)
}

/** The policy decides on all domains but these; see {@link only}. */
export function except<A extends Action>(which: DomainChoice, policy: Policy<A>): StatefulPolicy<A, unknown> {
  const chosen = readChoice(which)
  return restrict(policy, (domain) => !chosen(domain))
}

function readChoice(which: DomainChoice): (domain: DomainView) => boolean {
  if (typeof which === 'function') return which
  if (typeof which !== 'string' || which === '') {
    throw wrongOption('which', 'a glob over domain names, for instance web*, or a function', which)
  }
  const matches = globMatcher(which)
  return ({ name }) => matches(name)
}

function restrict<A extends Action>(
  policy: Policy<A>,
  chosen: (domain: DomainView) => boolean,
): StatefulPolicy<A, unknown> {
  return wrap(
    policy,
    // Not every policy asks whether a domain is managed.
    (plan, view) => {
      const uuids = new Set(view.domains.filter(chosen).map(({ uuid }) => uuid))
      return plan.filter(({ uuid }) => uuids.has(uuid))
    },
    (view) => {
      const domains = view.domains.map((domain) => (chosen(domain) ? domain : notManaged(domain)))
      return { ...view, domains, vcpus: domains.flatMap(({ vcpus }) => vcpus) }
    },
  )
}

/** The same domain as one that is counted and not changed. */
function notManaged(domain: DomainView): DomainView {
  const vcpus: VcpuView[] = []
  const settings = { ...domain.settings, managed: false }
  const alone: DomainView = { ...domain, settings, vcpus }
  for (const vcpu of domain.vcpus) vcpus.push({ ...vcpu, domain: alone, allowed: CpuSet.empty })
  return alone
}
