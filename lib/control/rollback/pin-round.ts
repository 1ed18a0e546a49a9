import { CpuSet } from '../../host/cpuset.ts'
import { isSameRun, type RunIdentity, runOf } from '../../host/sample.ts'
import { actionKey, type PinAction, vcpuKey } from '../../policy/plan.ts'
import { estimateDemand } from '../../view/cpu/demand.ts'
import { placeOf } from '../../view/cpu/placement.ts'
import { domainsByUuid } from '../../view/domains-by-uuid.ts'
import { VcpuMap } from '../../view/vcpu-map.ts'
import type { DomainView, VcpuView, View } from '../../view/view.ts'
import { type DelaySample, worstDelay } from './delay-sample.ts'
import { type Sharer, tolerableDelays } from './expected-delay.ts'

/** One vCPU that was pinned, and back to where. */
export interface Moved extends RunIdentity {
  readonly pin: PinAction
  readonly from: CpuSet
}

/** A vCPU as it was when the round was planned. */
export interface Expected extends RunIdentity {
  /** Where it was to be. */
  readonly place: number | undefined
  /** Fraction of one pCPU. */
  readonly demand: number | undefined
}

/** Pins that are watched together, and what was to be expected of them. */
export interface PinRound {
  /** By {@link keyOf}. */
  readonly moved: ReadonlyMap<string, Moved>
  readonly expected: Pick<VcpuMap<Expected>, 'get'>
  /** pCPUs that vCPUs were pinned to. */
  readonly cpus: CpuSet
  /** These, and those that they were taken from. */
  readonly about: ReadonlySet<number>
  /** By pCPU: fraction of it that was busy with what is no vCPU. */
  readonly background: ReadonlyMap<number, number>
  /** Delay of the worst-served vCPU before, on the pCPUs that the round is about. */
  readonly before: number
  /** The same as the plan has it, or as the placement lets expect. */
  readonly predicted: number
}

/**
 * The round that `pins`, applied at the sight of `view`, whose delays are the last of `delays`, make, together with those of
 * an `earlier` one that was not judged yet: what that was about is reckoned with as it was before.
 */
export function roundOf(
  pins: readonly PinAction[],
  view: View,
  delays: readonly DelaySample[],
  earlier: PinRound | undefined,
): PinRound {
  const vcpuOf = ({ uuid, vcpu }: PinAction) =>
    domainsByUuid(view.domains)
      .get(uuid)!
      .vcpus.find((one) => one.vcpu === vcpu)!
  const moved = new Map(earlier?.moved)
  const asked = new VcpuMap<CpuSet>()
  for (const { uuid, vcpu, cpus } of pins) asked.set(uuid, vcpu, cpus)
  const cpus = pins.reduce((set, action) => set.or(action.cpus), earlier?.cpus ?? CpuSet.empty)
  for (const action of pins) {
    const { domain, affinity } = vcpuOf(action)
    const before = moved.get(actionKey(action))
    const from = before && isSameRun(before, domain) ? before.from : affinity!
    moved.set(actionKey(action), { pin: action, ...runOf(domain), from })
  }
  const left = pins.flatMap((action) => placeOf(vcpuOf(action)) ?? [])
  const about = new Set([...cpus, ...(earlier?.about ?? []), ...left])
  const expected = new VcpuMap<Expected>()
  for (const vcpu of view.vcpus) {
    const { uuid, id, run } = vcpu.domain
    const place = placeAfter(placeOf(vcpu), asked.get(uuid, vcpu.vcpu))
    const before = earlier?.expected.get(uuid, vcpu.vcpu)
    const isSame = isSameRun(before, vcpu.domain)
    const isOld = isSame && before?.place !== undefined && earlier?.about.has(before.place)
    expected.set(uuid, vcpu.vcpu, { id, run, place, demand: isOld ? before.demand : demandOf(vcpu) })
  }
  const isNew = (pcpu: number) => !earlier?.about.has(pcpu)
  const background = new Map(earlier?.background)
  for (const { id, background: part = 0 } of view.pcpus) if (isNew(id)) background.set(id, part)
  const promised = pins.flatMap(({ expectedDelay }) => expectedDelay ?? [])
  return {
    moved,
    expected,
    cpus,
    about,
    background,
    before: Math.max(earlier?.before ?? 0, worstDelay(delays, new Set([...about].filter(isNew)))),
    predicted: promised.length > 0 ? Math.max(...promised) : worstExpected(view, expected, background, cpus),
  }
}

/** The vCPU as a key. */
export function keyOf({ domain, vcpu }: VcpuView): string {
  return vcpuKey(domain.uuid, vcpu)
}

/** What the vCPU wants, or begins to: of a change just now the smoothed demand does not tell yet, and the last sample does. */
export function demandOf({ demand, usage, delay = 0 }: VcpuView): number | undefined {
  return demand === undefined || usage === undefined ? demand : Math.max(demand, estimateDemand(usage, delay))
}

/** Where a vCPU is to be once it is pinned to `cpus`: where it is, or else on the first of them. */
export function placeAfter(place: number | undefined, cpus: CpuSet | undefined): number | undefined {
  return !cpus || (place !== undefined && cpus.has(place)) ? place : cpus.first
}

/** The longest delay that a placement lets expect of those who are to be on these pCPUs. */
function worstExpected(
  view: View,
  expected: PinRound['expected'],
  background: ReadonlyMap<number, number>,
  cpus: CpuSet,
): number {
  const there = new Map<number, Sharer[]>()
  const weights = new Map(view.domains.map((domain) => [domain, weightOf(domain)]))
  const capacities = new Map(view.pcpus.map(({ id, capacity }) => [id, capacity]))
  const isWeighted = view.domains.every(({ cpuShares }) => cpuShares !== undefined)
  for (const vcpu of view.vcpus) {
    const { place, demand = 0 } = expected.get(vcpu.domain.uuid, vcpu.vcpu)!
    if (place === undefined || !cpus.has(place)) continue
    const sharer = {
      demand: Math.min(1, demand / (capacities.get(place) ?? 1)),
      weight: isWeighted ? weights.get(vcpu.domain)! : 1,
    }
    there.set(place, [...(there.get(place) ?? []), sharer])
  }
  let longest = 0
  for (const [place, sharers] of there) {
    const mean = sharers.reduce((sum, { weight }) => sum + weight, 0) / sharers.length
    const own = { demand: background.get(place) ?? 0, weight: mean }
    longest = Math.max(longest, ...tolerableDelays([...sharers, own]).slice(0, -1))
  }
  return longest
}

/** What one vCPU of the domain weighs. */
function weightOf({ cpuShares, vcpus }: DomainView): number {
  return (cpuShares ?? 1) / Math.max(1, vcpus.length)
}
