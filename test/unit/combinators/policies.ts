import { CpuSet } from '../../../lib/host/cpuset.ts'
import { type PinAction, type Plan, pin, type StatefulPolicy } from '../../../lib/policy/plan.ts'
import type { VcpuView, View } from '../../../lib/view/view.ts'

/** Sends every vCPU that it may to pCPU `cpu`, whether it is there or not. */
export function allTo(cpu: number): (view: View) => Plan<PinAction> {
  return (view) => view.vcpus.filter(({ allowed }) => allowed.has(cpu)).map((vcpu) => to(vcpu, cpu))
}

export function to(vcpu: VcpuView, cpu: number): PinAction {
  return pin(vcpu, CpuSet.of(cpu), 'any')
}

/** Sends the first vCPU to pCPU 0, 1, 2, … in turn: its state is how often it was asked. */
export const wanderer: StatefulPolicy<PinAction, number> = {
  initialState: 0,
  decide: (view, asked) => ({ plan: [to(view.vcpus[0]!, asked)], state: asked + 1 }),
}

/** The plans of so many Views, each looked at and decided on in turn. */
export function plansOf<S>(policy: StatefulPolicy<PinAction, S>, views: readonly View[]): string[][] {
  let state = policy.initialState
  return views.map((view) => {
    const decision = policy.decide(view, state)
    state = decision.state
    return decision.plan.map(({ domain, cpus }) => `${domain} ${cpus}`)
  })
}
