import type { CpuSet } from '../host/cpuset.ts'
import type { DomainView, VcpuView, View } from './view.ts'

/** Pin one vCPU to a set of pCPUs. Make it with {@link pin}. */
export interface PinAction {
  readonly kind: 'pin'
  readonly uuid: string
  /** The domain's name, for people. */
  readonly domain: string
  readonly vcpu: number
  readonly cpus: CpuSet
  /** Why, in numbers. */
  readonly reason: string
}

/** Ask one domain's balloon for a size. Make it with {@link setMemory}. */
export interface SetMemoryAction {
  readonly kind: 'setMemory'
  readonly uuid: string
  /** The domain's name, for people. */
  readonly domain: string
  /** Bytes; the actuator rounds down to a whole KiB. */
  readonly bytes: number
  /** Why, in numbers. */
  readonly reason: string
}

export type Action = PinAction | SetMemoryAction

/** What a policy wants done, in order. An empty plan is the usual one. */
export type Plan<A extends Action = Action> = readonly A[]

/** A policy that needs no memory: a pure function from what is seen to what should be done. */
export type PurePolicy<A extends Action> = (view: View) => Plan<A>

/**
 * A policy that needs history: it is handed its state and returns the next one, and keeps nothing
 * itself, so that the same run can be replayed.
 */
export interface StatefulPolicy<A extends Action, S> {
  readonly initialState: S
  decide(view: View, state: S): { readonly plan: Plan<A>; readonly state: S }
}

export type Policy<A extends Action> = PurePolicy<A> | StatefulPolicy<A, unknown>

/** Decides where vCPUs run. */
export type Scheduler = Policy<PinAction>
/** Decides how large balloons are. */
export type Ballooning = Policy<SetMemoryAction>

/** Pins `vcpu` to `cpus`. */
export function pin(vcpu: VcpuView, cpus: CpuSet, reason: string): PinAction {
  return { kind: 'pin', uuid: vcpu.domain.uuid, domain: vcpu.domain.name, vcpu: vcpu.vcpu, cpus, reason }
}

/** Asks the balloon of `domain` for `bytes`. */
export function setMemory(domain: DomainView, bytes: number, reason: string): SetMemoryAction {
  return { kind: 'setMemory', uuid: domain.uuid, domain: domain.name, bytes, reason }
}
