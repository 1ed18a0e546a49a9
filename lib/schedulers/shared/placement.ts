import type { CpuSet } from '../../host/cpuset.ts'
import { placeOf } from '../../view/cpu/placement.ts'
import type { DomainView, VcpuView, View } from '../../view/view.ts'

/** A vCPU that may be moved. pCPUs are given by their index in {@link Placement.pcpus}. */
export interface Movable {
  readonly vcpu: VcpuView
  /** Number of its domain among those that have vCPUs here. */
  readonly guest: number
  /** Fraction of one pCPU. */
  readonly demand: number
  /** pCPU that it is on; undefined when that is none of those it may be on. */
  readonly home: number | undefined
  /** By pCPU: 1 where it may be. */
  readonly allowed: Uint8Array
}

/** Which load is on which pCPU, and what of it can be moved. */
export interface Placement {
  /** Numbers of the pCPUs in use, ascending. */
  readonly pcpus: readonly number[]
  /** By pCPU: demand of the vCPUs on it, movable or not. */
  readonly loads: Float64Array
  readonly movable: readonly Movable[]
}

/**
 * Reads the placement from a View. A vCPU counts where {@link placeOf} says. It is movable when its demand
 * (known only of domains that run), affinity and place are known, and it may run on one of the online pCPUs at all.
 * A demand that is no fraction (NaN, negative) is not known.
 */
export function readPlacement(view: View): Placement {
  const pcpus = [...view.online]
  const indexOf: number[] = []
  for (let index = 0; index < pcpus.length; index++) indexOf[pcpus[index]!] = index
  const loads = new Float64Array(pcpus.length)
  const movable: Movable[] = []
  const rightsOf = rightsAmong(pcpus)

  let guest = -1
  let domain: DomainView | undefined
  for (const vcpu of view.vcpus) {
    const place = placeOf(vcpu)
    const { demand, affinity } = vcpu
    if (demand === undefined || !(demand >= 0) || place === undefined) continue
    const { allowed, isSome } = rightsOf(vcpu.allowed)
    const index = indexOf[place]
    const canMove = affinity !== undefined && isSome
    const home = canMove && index !== undefined && allowed[index] === 0 ? undefined : index
    if (vcpu.domain !== domain) guest++
    domain = vcpu.domain
    if (canMove) movable.push({ vcpu, guest, demand, home, allowed })
    if (home !== undefined) loads[home]! += demand
  }
  return { pcpus, loads, movable }
}

/** Which of the pCPUs are in a set, by index. Those with the same set, as nearly all have, share theirs. */
function rightsAmong(pcpus: readonly number[]) {
  const known = new Map<CpuSet, { readonly allowed: Uint8Array; readonly isSome: boolean }>()
  return (cpus: CpuSet) => {
    let rights = known.get(cpus)
    if (!rights) {
      const allowed = Uint8Array.from(pcpus, (pcpu) => (cpus.has(pcpu) ? 1 : 0))
      rights = { allowed, isSome: allowed.includes(1) }
      known.set(cpus, rights)
    }
    return rights
  }
}

/** The same with each pCPU's background load counted to its load, as a part of the host's largest pCPU. */
export function withBackground(placement: Placement, view: View): Placement {
  const background = new Map(
    view.pcpus.map(({ id, background, capacity }) => [id, background && background * capacity]),
  )
  const loads = placement.loads.map((load, index) => {
    const part = background.get(placement.pcpus[index]!) ?? 0
    return part > 0 ? load + part : load
  })
  return { ...placement, loads }
}
