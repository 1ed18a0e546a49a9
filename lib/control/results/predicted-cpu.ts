import type { CpuSet } from '../../host/cpuset.ts'
import type { PinAction, SetSharesAction } from '../../policy/plan.ts'
import { mean, standardDeviation } from '../../util/statistics.ts'
import { placeOf } from '../../view/cpu/placement.ts'
import { domainsByUuid } from '../../view/domains-by-uuid.ts'
import { VcpuMap } from '../../view/vcpu-map.ts'
import type { DomainView, VcpuView, View } from '../../view/view.ts'
import { demandOf, placeAfter } from '../rollback/pin-round.ts'
import type { CpuFigures } from './figures.ts'
import { likelyService, type Service } from './likely-service.ts'

type CpuAction = PinAction | SetSharesAction

/** One vCPU where it is to be. */
interface Placed {
  readonly vcpu: VcpuView
  /** Of that pCPU. */
  readonly demand: number
  readonly weight: number
}

/**
 * What is to be expected of pins and shares that are set together, as `view` shows demand: on each pCPU that they are about
 * those who are to be there get what is likely. What is elsewhere is taken to stay as it is.
 */
export class PredictedCpu {
  readonly #view: View
  readonly #expected = new VcpuMap<Service>()
  readonly #loads = new Map<
    number,
    { readonly load: number; readonly longest: number; readonly busy: number }
  >()
  readonly #placed = new Map<number, Placed[]>()
  readonly #deviation: number
  readonly #worstDelay: number

  constructor(actions: readonly CpuAction[], view: View) {
    this.#view = view
    const about = this.#place(actions)
    const capacities = new Map(view.pcpus.map(({ id, capacity }) => [id, capacity]))
    for (const pcpu of about) this.#share(pcpu, capacities.get(pcpu) ?? 1)
    const busy = view.pcpus.map(({ id, busy = Number.NaN }) => this.#loads.get(id)?.busy ?? busy)
    this.#deviation = standardDeviation(busy.filter((part) => !Number.isNaN(part)))
    const elsewhere = view.vcpus.map((vcpu) => (about.has(placeOf(vcpu) ?? -1) ? 0 : (vcpu.delay ?? 0)))
    this.#worstDelay = elsewhere.reduce((longest, delay) => Math.max(longest, delay), 0)
    for (const { longest } of this.#loads.values()) this.#worstDelay = Math.max(this.#worstDelay, longest)
  }

  figures(action: CpuAction): CpuFigures {
    const domain = domainsByUuid(this.#view.domains).get(action.uuid)
    const vcpus = (domain?.vcpus ?? []).filter(({ vcpu }) => action.kind !== 'pin' || vcpu === action.vcpu)
    const own = vcpus.map(({ vcpu }) => this.#expected.get(action.uuid, vcpu))
    const sum = (of: keyof Service) => own.reduce((total, one) => total + (one?.[of] ?? Number.NaN), 0)
    const about =
      action.kind === 'pin' ? [...action.cpus] : [...new Set(vcpus.flatMap((vcpu) => placeOf(vcpu) ?? []))]
    const loads = about.map((pcpu) => this.#loads.get(pcpu) ?? { load: 0, longest: 0 })
    const promised = action.kind === 'pin' ? action.expectedDelay : undefined
    return {
      usage: sum('usage'),
      delay: sum('delay'),
      load: mean(loads.map(({ load }) => load)),
      longestDelay: promised ?? Math.max(0, ...loads.map(({ longest }) => longest)),
      deviation: this.#deviation,
      worstDelay: this.#worstDelay,
    }
  }

  /** Places the vCPUs on the pCPUs on which something changes, and gives these. */
  #place(actions: readonly CpuAction[]): ReadonlySet<number> {
    const asked = new VcpuMap<CpuSet>()
    const shares = new Map<string, number>()
    const about = new Set<number>()
    for (const action of actions) {
      if (action.kind === 'setShares') shares.set(action.uuid, action.shares)
      else {
        asked.set(action.uuid, action.vcpu, action.cpus)
        for (const pcpu of action.cpus) about.add(pcpu)
      }
    }
    const index = domainsByUuid(this.#view.domains)
    for (const action of actions) {
      for (const vcpu of index.get(action.uuid)?.vcpus ?? []) {
        const place = placeOf(vcpu)
        const isMeant = action.kind === 'setShares' || action.vcpu === vcpu.vcpu
        if (isMeant && place !== undefined) about.add(place)
      }
    }
    const isWeighted = this.#view.domains.every(({ cpuShares }) => cpuShares !== undefined)
    for (const vcpu of this.#view.vcpus) {
      const { domain } = vcpu
      const place = placeAfter(placeOf(vcpu), asked.get(domain.uuid, vcpu.vcpu))
      if (place === undefined || !about.has(place)) continue
      const given = shares.get(domain.uuid)
      const weight = isWeighted ? weightOf(domain, given) : 1
      const placed = { vcpu, demand: demandOf(vcpu) ?? Number.NaN, weight }
      const there = this.#placed.get(place)
      if (there) there.push(placed)
      else this.#placed.set(place, [placed])
    }
    return about
  }

  /** What those who are to be on one pCPU get of it. */
  #share(pcpu: number, capacity: number): void {
    const there = this.#placed.get(pcpu) ?? []
    const background = this.#view.pcpus.find(({ id }) => id === pcpu)?.background ?? 0
    const weight = there.length > 0 ? mean(there.map((one) => one.weight)) : 1
    const sharers = [
      ...there.map((one) => ({ demand: Math.min(1, (one.demand || 0) / capacity), weight: one.weight })),
      { demand: background, weight },
    ]
    const service = likelyService(sharers)
    let load = 0
    let longest = 0
    for (const [i, { vcpu, demand }] of there.entries()) {
      const { usage, delay } = service[i]!
      if (!Number.isNaN(demand)) this.#expected.set(vcpu.domain.uuid, vcpu.vcpu, service[i]!)
      load += usage
      longest = Math.max(longest, delay)
    }
    this.#loads.set(pcpu, { load, longest, busy: Math.min(1, load + service.at(-1)!.usage) })
  }
}

/** What one vCPU of a domain weighs with these shares. */
function weightOf({ cpuShares, vcpus }: DomainView, shares = cpuShares ?? 1): number {
  return shares / Math.max(1, vcpus.length)
}
