import type { CpuSet } from '../host/cpuset.ts'
import type { KsmSettings } from '../host/ksm.ts'
import { placeOf } from '../view/cpu/placement.ts'
import { domainsByUuid } from '../view/domains-by-uuid.ts'
import type { DomainView, VcpuView, View } from '../view/view.ts'
import { type ActionReason, asReason } from './reason.ts'
import type { ChoiceReason } from './reasons/choice.ts'

/** Pin one vCPU to a set of pCPUs. Make it with {@link pin}. */
export interface PinAction {
  readonly kind: 'pin'
  readonly uuid: string
  /** The domain's name, for people. */
  readonly domain: string
  readonly vcpu: number
  readonly cpus: CpuSet
  /** Why: its kind and figures. `sentenceOf` has it in words. */
  readonly reason: ActionReason
  /**
   * The longest part of the time, 0 to 1, that the plan lets any vCPU wait on these pCPUs; clearly more and the loop
   * undoes it. Default: what the demand there lets expect.
   */
  readonly expectedDelay?: number | undefined
}

/** Ask one domain's balloon for a size. Make it with {@link setMemory}. */
export interface SetMemoryAction {
  readonly kind: 'setMemory'
  readonly uuid: string
  /** The domain's name, for people. */
  readonly domain: string
  /** Bytes; the actuator rounds down to a whole KiB. */
  readonly bytes: number
  /** Why: its kind and figures. `sentenceOf` has it in words. */
  readonly reason: ActionReason
}

/** Give one domain a weight where pCPUs are short. Make it with {@link setShares}. */
export interface SetSharesAction {
  readonly kind: 'setShares'
  readonly uuid: string
  /** The domain's name, for people. */
  readonly domain: string
  /** `cpu_shares`, on the host's own scale: see {@link DomainView.cpuShares}. */
  readonly shares: number
  /** Why: its kind and figures. `sentenceOf` has it in words. */
  readonly reason: ActionReason
}

/** Something done to a domain. */
export type Action = PinAction | SetMemoryAction | SetSharesAction

/** Set how the host merges equal pages (KSM). It is about no domain. Make it with {@link setKsm}. */
export interface KsmAction extends KsmSettings {
  readonly kind: 'setKsm'
  /** Why: its kind and figures. `sentenceOf` has it in words. */
  readonly reason: ActionReason
}

/** All that a policy can want. */
export type AnyAction = Action | KsmAction

/** What a policy wants done, in order. An empty plan is the usual one. */
export type Plan<A extends AnyAction = Action> = readonly A[]

/** A policy that needs no memory: a pure function from what is seen to what should be done. */
export type PurePolicy<A extends AnyAction> = (view: View) => Plan<A>

/** The best placement that was found with a number of moves. */
export interface FrontPoint {
  /** vCPUs that change their pCPU. */
  readonly moves: number
  /** Deviation of load after them, as a fraction of one pCPU. */
  readonly deviation: number
  /** Proven: no placement with as many moves deviates less. */
  readonly exact: boolean
}

/**
 * Why a scheduler chose as many moves as it did: the alternatives, and how they were weighed. Deviations
 * are standard deviations of pCPU load, as fractions of one pCPU; on a host with SMT threads or with
 * unequal capacities they are weighted as the policy's page says.
 */
export interface Explanation {
  /** Ascending by moves, the first without any; each deviates less than the one before. */
  readonly front: readonly FrontPoint[]
  /** No placement whatever deviates less than this. */
  readonly lowerBound: number
  /** Deviation up to which the host counts as balanced. */
  readonly tolerated: number
  /** Moves of the plan: one of the front's, 0 for none. */
  readonly chosen: number
  /** The choice, with its figures. */
  readonly reason: ChoiceReason
}

/** What a {@link StatefulPolicy} decides. */
export interface Decision<A extends AnyAction, S> {
  readonly plan: Plan<A>
  readonly state: S
  /** Lands in the Tick. A policy that hands on another's plan hands on its explanation. */
  readonly explanation?: Explanation | undefined
  /** It does not decide, for instance outside of its hours: the plan is empty, and another may decide. */
  readonly abstains?: boolean | undefined
  /** What failed without preventing a plan: reported in the Tick as `ERR_POLICY`. */
  readonly errors?: readonly unknown[] | undefined
}

/**
 * A policy that needs history: it is handed its state and returns the next one, and keeps nothing
 * itself, so that the same run can be replayed.
 */
export interface StatefulPolicy<A extends AnyAction, S> {
  readonly initialState: S
  decide(view: View, state: S): Decision<A, S>
}

export type Policy<A extends AnyAction> = PurePolicy<A> | StatefulPolicy<A, unknown>

/** Whether something has the shape of a policy. */
export function isPolicy(value: unknown): value is Policy<Action> {
  if (typeof value === 'function') return true
  if (typeof value !== 'object' || value === null) return false
  return typeof Reflect.get(value, 'decide') === 'function' && 'initialState' in value
}

/** One vCPU of one domain, as a key. */
export function vcpuKey(uuid: string, vcpu: number): string {
  return `${uuid} ${vcpu}`
}

/** What actions are about, as far as {@link actionKey} needs it. */
type PinTarget = Pick<PinAction, 'kind' | 'uuid' | 'vcpu'>
type DomainTarget = Pick<SetMemoryAction | SetSharesAction, 'kind' | 'uuid'>

/** What an action is about, as a key: one vCPU, one balloon, or the shares of one domain. */
export function actionKey(action: PinTarget | DomainTarget): string {
  return action.kind === 'pin' ? vcpuKey(action.uuid, action.vcpu) : `${action.uuid} ${action.kind}`
}

/** What an action tries, as a key: a vCPU may be pinned to other pCPUs where these failed; of a balloon every size is alike. */
export function attemptKey(action: Action): string {
  return action.kind === 'pin' ? `${actionKey(action)} ${action.cpus}` : actionKey(action)
}

/** Decides where vCPUs run, and what they weigh where they are short of pCPUs. */
export type Scheduler = Policy<PinAction | SetSharesAction>
/** Decides how large balloons are. */
export type Ballooning = Policy<SetMemoryAction>

/** Decides how fast the host merges equal pages. */
export type KsmPolicy = Policy<KsmAction>

/** Pins `vcpu` to `cpus`. A reason given as text is one of the kind `custom`. */
export function pin(vcpu: VcpuView, cpus: CpuSet, reason: ActionReason | string): PinAction {
  const { uuid, name } = vcpu.domain
  return { kind: 'pin', uuid, domain: name, vcpu: vcpu.vcpu, cpus, reason: asReason(reason) }
}

/** Asks the balloon of `domain` for `bytes`. */
export function setMemory(domain: DomainView, bytes: number, reason: ActionReason | string): SetMemoryAction {
  return { kind: 'setMemory', uuid: domain.uuid, domain: domain.name, bytes, reason: asReason(reason) }
}

/** Gives `domain` these `cpu_shares`. */
export function setShares(
  domain: DomainView,
  shares: number,
  reason: ActionReason | string,
): SetSharesAction {
  return { kind: 'setShares', uuid: domain.uuid, domain: domain.name, shares, reason: asReason(reason) }
}

/** Sets the pace of KSM and, with `running`, switches it on or off. */
export function setKsm(
  { running, pagesToScan, sleep }: KsmSettings,
  reason: ActionReason | string,
): KsmAction {
  return { kind: 'setKsm', running, pagesToScan, sleep, reason: asReason(reason) }
}

/** What of an action says whether it is a move. */
export type MovingAction =
  | Pick<PinAction, 'kind' | 'uuid' | 'vcpu' | 'cpus'>
  | { readonly kind: Exclude<AnyAction['kind'], 'pin'> }

/**
 * Whether `action` pins a vCPU away from the pCPU that it is on in `view`, as {@link placeOf} has it. A pin of a vCPU
 * whose place is not known is no move.
 */
export function isMove(action: MovingAction, view: View): boolean {
  if (action.kind !== 'pin') return false
  const domain = domainsByUuid(view.domains).get(action.uuid)
  const vcpu = domain?.vcpus.find((one) => one.vcpu === action.vcpu)
  const place = vcpu && placeOf(vcpu)
  return place !== undefined && !action.cpus.has(place)
}
