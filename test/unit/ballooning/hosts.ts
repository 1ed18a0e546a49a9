import type { Policy, SetMemoryAction, StatefulPolicy } from '../../../lib/policy/plan.ts'
import { MiB } from '../../../lib/util/units.ts'
import type { DomainSettings } from '../../../lib/view/domain-settings.ts'
import { commitment } from '../../../lib/view/memory/commitment.ts'
import type { DomainMemoryView, DomainView, View } from '../../../lib/view/view.ts'
import { viewOf } from '../control/views.ts'

/** A guest in MiB. What it sees as its total is its balloon, unless `memory` says otherwise (in bytes). */
export interface GuestShape {
  name: string
  actual: number
  used?: number
  /** Page cache, beside `used`: in MemAvailable, not in MemFree. */
  cache?: number
  maximum?: number
  target?: number
  settings?: Partial<DomainSettings>
  memory?: Partial<DomainMemoryView>
}

/** A host in MiB. Nothing is reserved, and no hypervisor overhead counted. */
export interface HostShape {
  total: number
  available?: number
  guests: GuestShape[]
  time?: number
}

/** A View for examples that are worked by hand. */
export function hostOf({ total, available = total, guests, time = 0 }: HostShape): View {
  const view = viewOf({
    total: total * MiB,
    available: available * MiB,
    reserve: 0,
    domains: guests.map(({ name, actual, used = 0, cache = 0, maximum = 2_048, target, memory }) => ({
      name,
      vcpus: [],
      memory: {
        maximum: maximum * MiB,
        actual: actual * MiB,
        target: target === undefined ? undefined : target * MiB,
        available: actual * MiB,
        unused: (actual - used - cache) * MiB,
        usable: (actual - used) * MiB,
        swappedOut: 0,
        rss: undefined,
        ...memory,
      },
    })),
  })
  const domains = view.domains.map((domain, i): DomainView => {
    return { ...domain, settings: { ...domain.settings, ...guests[i]!.settings } }
  })
  const committed = domains.reduce((sum, domain) => sum + commitment(domain, 0), 0)
  return { ...view, time, domains, memory: { ...view.memory, committed } }
}

/** What a policy wants, in MiB by name, rounded to tenths. */
export type Sizes = Record<string, number>

export function sizesOf(plan: readonly SetMemoryAction[]): Sizes {
  return Object.fromEntries(plan.map(({ domain, bytes }) => [domain, Math.round((10 * bytes) / MiB) / 10]))
}

/** What a policy wants in the first View that it sees. */
export function firstPlan(policy: Policy<SetMemoryAction>, view: View): readonly SetMemoryAction[] {
  return typeof policy === 'function' ? policy(view) : policy.decide(view, policy.initialState).plan
}

/** What a policy wants in one View after the other. */
export function sizesThrough<S>(policy: StatefulPolicy<SetMemoryAction, S>, views: readonly View[]): Sizes[] {
  let state = policy.initialState
  return views.map((view) => {
    const decision = policy.decide(view, state)
    state = decision.state
    return sizesOf(decision.plan)
  })
}
