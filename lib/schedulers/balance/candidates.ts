import type { CpuSet } from '../../host/cpuset.ts'
import { placeOf } from '../../view/cpu/placement.ts'
import type { DomainView, VcpuView, View } from '../../view/view.ts'
import type { Shape } from './bins.ts'

/** The vCPUs of a View that may be moved, by their order there. In columns: there are thousands in each tick. */
export interface Candidates {
  readonly vcpus: readonly VcpuView[]
  readonly demand: Float64Array
  /** What the demand may be at least and at most. */
  readonly low: Float64Array
  readonly high: Float64Array
  /** Number of the cell with its memory, -1: unknown. */
  readonly homeCell: Int32Array
  /** The bin that each is in; -1 where that is none of those that it may be in. */
  readonly home: Int32Array
  /** 1 where it may run elsewhere than in the bin that it is in. */
  readonly free: Uint8Array
  /** Number of its domain among those that have vCPUs here. */
  readonly guest: Int32Array
  /** By candidate, then by bin: 1 where it may be. Those with the same rights share theirs. */
  readonly allowed: readonly Uint8Array[]
  /** By bin: load of all that is no candidate. */
  readonly fixed: Float64Array
}

/**
 * Reads them, as `readPlacement` reads what may be moved. `rests` says which must stay where they are this time; undefined:
 * none has to.
 */
export function readCandidates(
  view: View,
  shape: Shape,
  rests: ((vcpu: VcpuView) => boolean) | undefined,
): Candidates {
  const pcpus = [...view.online]
  const indexOf = new Int32Array((pcpus.at(-1) ?? -1) + 1).fill(-1)
  for (let index = 0; index < pcpus.length; index++) indexOf[pcpus[index]!] = index
  const bin = Int32Array.from(pcpus, (pcpu) => shape.binOf.get(pcpu)!)
  const rights = rightsIn(pcpus, bin, shape.sets.length)

  const most = view.vcpus.length
  const loads = new Float64Array(pcpus.length)
  const vcpus: VcpuView[] = []
  const demands = new Float64Array(most)
  const low = new Float64Array(most)
  const high = new Float64Array(most)
  const homeCell = new Int32Array(most)
  const home = new Int32Array(most)
  const free = new Uint8Array(most)
  const guests = new Int32Array(most)
  const allowed: Uint8Array[] = []
  let guest = -1
  let cell = -1
  let domain: DomainView | undefined
  for (let row = 0; row < most; row++) {
    const vcpu = view.vcpus[row]!
    const { demand, demandRange, affinity } = vcpu
    const place = placeOf(vcpu)
    if (demand === undefined || !(demand >= 0) || place === undefined) continue
    const { pcpuMask, binMask, isSome } = rights(vcpu.allowed)
    const canMove = affinity !== undefined && isSome
    const index = indexOf[place] ?? -1
    const isIn = index >= 0 && !(canMove && pcpuMask[index] === 0)
    if (vcpu.domain !== domain) {
      domain = vcpu.domain
      guest++
      cell = domain.homeCell === undefined ? -1 : shape.cellIds.indexOf(domain.homeCell)
    }
    if (isIn) loads[index]! += demand
    if (!canMove) continue
    const candidate = vcpus.push(vcpu) - 1
    demands[candidate] = demand
    low[candidate] = demandRange ? demandRange.low : demand
    high[candidate] = demandRange ? demandRange.high : demand
    homeCell[candidate] = cell
    home[candidate] = isIn ? bin[index]! : -1
    free[candidate] = isIn && isFreeIn(shape.sets[bin[index]!]!, vcpu) ? 1 : 0
    guests[candidate] = guest
    allowed.push(binMask)
  }

  const fixed = shape.background.slice()
  for (let index = 0; index < loads.length; index++) fixed[bin[index]!]! += loads[index]!
  const count = vcpus.length
  for (let i = 0; i < count; i++) if (home[i]! >= 0) fixed[home[i]!]! -= demands[i]!
  const demand = demands.subarray(0, count)
  const all = { vcpus, demand, low, high, homeCell, home, free, guest: guests, allowed, fixed }
  return rests ? withoutResting(all, rests) : all
}

/** The candidates that need not stay where they are; those that have to are load that is fixed. */
function withoutResting(all: Candidates, rests: (vcpu: VcpuView) => boolean): Candidates {
  const { fixed } = all
  const kept: number[] = []
  for (const [i, vcpu] of all.vcpus.entries()) {
    const bin = all.home[i]!
    if (bin >= 0 && rests(vcpu)) fixed[bin]! += all.demand[i]!
    else kept.push(i)
  }
  return {
    vcpus: kept.map((i) => all.vcpus[i]!),
    demand: Float64Array.from(kept, (i) => all.demand[i]!),
    low: Float64Array.from(kept, (i) => all.low[i]!),
    high: Float64Array.from(kept, (i) => all.high[i]!),
    homeCell: Int32Array.from(kept, (i) => all.homeCell[i]!),
    home: Int32Array.from(kept, (i) => all.home[i]!),
    free: Uint8Array.from(kept, (i) => all.free[i]!),
    guest: Int32Array.from(kept, (i) => all.guest[i]!),
    allowed: kept.map((i) => all.allowed[i]!),
    fixed,
  }
}

/** Whether a vCPU may run elsewhere than where it is allowed to in a bin. */
export function isFreeIn(bin: CpuSet, { affinity, allowed }: VcpuView): boolean {
  return !(affinity?.isSubsetOf(cpusIn(bin, allowed)) ?? false)
}

/** The pCPUs of a bin that are allowed. */
export function cpusIn(bin: CpuSet, allowed: CpuSet): CpuSet {
  return bin.size === 1 ? bin : bin.and(allowed)
}

/** Where the vCPUs with one set of allowed pCPUs may be. */
interface Rights {
  readonly pcpuMask: Uint8Array
  /** By bin instead: some pCPU of the bin is enough. */
  readonly binMask: Uint8Array
  readonly isSome: boolean
}

/** Rights by set, each worked out once: nearly all vCPUs have the same. */
function rightsIn(pcpus: readonly number[], bin: Int32Array, bins: number): (cpus: CpuSet) => Rights {
  const known = new Map<CpuSet, Rights>()
  let lastSet: CpuSet | undefined
  let last: Rights | undefined
  return (cpus) => {
    if (last && cpus === lastSet) return last
    let rights = known.get(cpus)
    if (!rights) {
      const pcpuMask = Uint8Array.from(pcpus, (pcpu) => (cpus.has(pcpu) ? 1 : 0))
      const binMask = new Uint8Array(bins)
      for (let index = 0; index < pcpuMask.length; index++) {
        if (pcpuMask[index] === 1) binMask[bin[index]!] = 1
      }
      rights = { pcpuMask, binMask, isSome: pcpuMask.includes(1) }
      known.set(cpus, rights)
    }
    lastSet = cpus
    last = rights
    return rights
  }
}

/** Which half of a number's 64 bits has the last of its digits. */
const lastHalf = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 0 : 1

/**
 * The candidates in the order of their demand, the heaviest first, and equal ones as they are. Sorted without a comparator,
 * which the engine would call from outside for each of tens of thousands of comparisons: as numbers whose last digits are
 * those of their places. That is all but the order; demands that differ in their last digits alone are put right then.
 */
export function heaviestFirst(demand: Float64Array): Int32Array {
  const count = demand.length
  // Adding 0 makes 0 of -0.
  const keys = demand.map((wanted) => wanted + 0)
  const halves = new Uint32Array(keys.buffer)
  const places = 2 ** (32 - Math.clz32(count)) - 1
  for (let i = 0; i < count; i++) {
    const at = 2 * i + lastHalf
    halves[at] = (halves[at]! & ~places) | (places - i)
  }
  keys.sort()
  const order = new Int32Array(count)
  for (let rank = 0; rank < count; rank++) {
    const item = places - (halves[2 * (count - 1 - rank) + lastHalf]! & places)
    const wanted = demand[item]!
    let at = rank
    for (; at > 0 && demand[order[at - 1]!]! < wanted; at--) order[at] = order[at - 1]!
    order[at] = item
  }
  return order
}
