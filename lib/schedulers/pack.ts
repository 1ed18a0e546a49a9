import { CpuSet } from '../host/cpuset.ts'
import { wrongOption } from '../host/errors.ts'
import { assertPositiveFraction } from '../policy/options.ts'
import { type PinAction, pin, type StatefulPolicy } from '../policy/plan.ts'
import type { View } from '../view/view.ts'
import { type Movable, readPlacement, withBackground } from './shared/placement.ts'

export interface PackOptions {
  /** Fraction of a pCPU up to which it is filled. Above 0, up to 1. Default 0.8. */
  readonly fill?: number | undefined
  /** What its load may rise by above `fill`, as a fraction of a pCPU, before something is moved off it. 0 to 1. Default 0.1. */
  readonly slack?: number | undefined
}

/** What is not given. */
export const packDefaults = { fill: 0.8, slack: 0.1 } as const satisfies Required<PackOptions>

/** What {@link pack} remembers. */
export interface PackState {
  /** Views in a row, up to the last one, in which a pCPU was too full; and in which one could be emptied. */
  readonly full: number
  readonly idle: number
  /** How many of the latter it takes. Grows with each time that it was too much. */
  readonly needed: number
}

/** Views in a row until a full pCPU is relieved, until one is emptied, and the most that the latter grows to. */
const patience = { relieve: 2, empty: 4, most: 64 }

/** Loads that differ by less are alike. */
const nothing = 1e-9

/**
 * Fewest pCPUs that carry the load: vCPUs are gathered on as few as can carry them, each filled up to `fill`, and the
 * others may sleep. For hosts where power matters more than delay.
 *
 * It empties a pCPU only when all that is on it fits elsewhere even if each wants as much as it may (`demandRange.high`),
 * and moves something off, waking another where need be, only when what was really used is above `fill + slack`.
 * Between the two nothing is done. Each time that a pCPU had to be relieved, it takes twice as many Views until the next
 * is emptied. The pCPU with the least load is emptied first; what leaves it goes, the heaviest first, where it
 * leaves the least room (best fit decreasing: within 11/9 of the fewest bins, and one).
 *
 * Johnson, "Near-optimal bin packing algorithms" (1973).
 */
export function pack(options: PackOptions = {}): StatefulPolicy<PinAction, PackState> {
  const { fill = packDefaults.fill, slack = packDefaults.slack } = options
  assertPositiveFraction('fill', fill)
  if (typeof slack !== 'number' || !(slack >= 0 && slack <= 1)) {
    throw wrongOption('slack', 'a fraction from 0 to 1', slack)
  }
  return {
    initialState: { full: 0, idle: 0, needed: patience.empty },
    decide(view, state) {
      const bins = new Bins(view, fill)
      const displaced = bins.settle()
      if (bins.relieve(fill + slack)) {
        const full = state.full + 1
        const needed = Math.min(2 * state.needed, patience.most)
        if (full >= patience.relieve) return { plan: bins.plan(), state: { full: 0, idle: 0, needed } }
        return { plan: displaced ? new Bins(view, fill).settled() : [], state: { ...state, full, idle: 0 } }
      }
      const idle = bins.empty() ? state.idle + 1 : 0
      if (idle >= state.needed) return { plan: bins.plan(), state: { ...state, full: 0, idle: 0 } }
      return { plan: displaced ? new Bins(view, fill).settled() : [], state: { ...state, full: 0, idle } }
    },
  }
}

/** pCPUs as bins: which vCPU is where, and where it would go. */
class Bins {
  readonly #fill: number
  readonly #pcpus: readonly number[]
  readonly #cells: readonly number[]
  readonly #movable: readonly Movable[]
  readonly #where: Int32Array
  /** By pCPU: what stays whatever is moved; and all, as each vCPU wants, may want, and has used. */
  readonly #fixed: Float64Array
  readonly #loads: Float64Array
  readonly #high: Float64Array
  readonly #low: Float64Array

  constructor(view: View, fill: number) {
    const { pcpus, loads, movable } = withBackground(readPlacement(view), view)
    const cells = new Map(view.topology.pcpus.map(({ id, cell }) => [id, cell]))
    this.#fill = fill
    this.#pcpus = pcpus
    this.#cells = pcpus.map((pcpu) => cells.get(pcpu) ?? 0)
    this.#movable = movable
    this.#where = Int32Array.from(movable, () => -1)
    this.#fixed = loads.slice()
    for (const { home, demand } of movable) if (home !== undefined) this.#fixed[home]! -= demand
    this.#loads = this.#fixed.slice()
    this.#high = this.#fixed.slice()
    this.#low = this.#fixed.slice()
    for (const [index, { home }] of movable.entries()) if (home !== undefined) this.#put(index, home)
  }

  /** Finds a place for what is on no pCPU where it may be; true when there was any. */
  settle(): boolean {
    const displaced = this.#byDemand([...this.#movable.keys()].filter((index) => this.#where[index]! < 0))
    for (const index of displaced)
      this.#put(index, this.#fit(index, -1) ?? this.#wake(index, -1) ?? this.#least(index))
    return displaced.length > 0
  }

  /** The plan that only finds those a place. */
  settled(): PinAction[] {
    this.settle()
    return this.plan()
  }

  /** Moves vCPUs off pCPUs that have used more than `limit`, until they want no more than the fill; true when any was moved. */
  relieve(limit: number): boolean {
    let moved = false
    for (let pcpu = 0; pcpu < this.#pcpus.length; pcpu++) {
      if (this.#low[pcpu]! <= limit + nothing) continue
      for (const index of this.#byDemand(this.#on(pcpu)).reverse()) {
        if (this.#loads[pcpu]! <= this.#fill + nothing || this.#on(pcpu).length === 1) break
        const target = this.#fit(index, pcpu) ?? this.#wake(index, pcpu)
        if (target === undefined) continue
        this.#put(index, target)
        moved = true
      }
    }
    return moved
  }

  /** Empties as many pCPUs as can be; true when any was. */
  empty(): boolean {
    let emptied = false
    const used = [...this.#pcpus.keys()].filter((pcpu) => this.#on(pcpu).length > 0)
    for (const pcpu of used.sort((a, b) => this.#loads[a]! - this.#loads[b]! || b - a)) {
      const leaving = this.#byDemand(this.#on(pcpu))
      const left = leaving.findIndex((index) => {
        const target = this.#fit(index, pcpu)
        if (target !== undefined) this.#put(index, target)
        return target === undefined
      })
      if (left < 0) emptied = true
      else for (const index of leaving.slice(0, left)) this.#put(index, pcpu)
    }
    return emptied
  }

  /** Pins for all that is not pinned where it should be. */
  plan(): PinAction[] {
    return this.#movable.flatMap(({ vcpu, demand, home }, index) => {
      const target = this.#where[index]!
      const cpu = this.#pcpus[target]!
      if (vcpu.affinity?.size === 1 && vcpu.affinity.has(cpu)) return []
      const figures = { demand, load: this.#loads[target]!, fill: this.#fill }
      const from = home === undefined ? undefined : this.#pcpus[home]
      const reason =
        home === target
          ? ({ kind: 'pack-stay', on: cpu, ...figures } as const)
          : ({ kind: 'pack-move', from, to: cpu, ...figures } as const)
      return [pin(vcpu, CpuSet.of(cpu), reason)]
    })
  }

  #on(pcpu: number): number[] {
    return [...this.#where.keys()].filter((index) => this.#where[index] === pcpu)
  }

  #byDemand(indexes: readonly number[]): number[] {
    return indexes.toSorted((a, b) => this.#movable[b]!.demand - this.#movable[a]!.demand)
  }

  #put(index: number, target: number): void {
    const { demand, vcpu } = this.#movable[index]!
    const { low = demand, high = demand } = vcpu.demandRange ?? {}
    const from = this.#where[index]!
    for (const [loads, load] of [
      [this.#loads, demand],
      [this.#high, high],
      [this.#low, low],
    ] as const) {
      if (from >= 0) loads[from]! -= load
      loads[target]! += load
    }
    this.#where[index] = target
  }

  /** The pCPU in use with the least room that still has enough for this vCPU, whatever all want. */
  #fit(index: number, except: number): number | undefined {
    const { demand, vcpu, allowed } = this.#movable[index]!
    const room = this.#fill - (vcpu.demandRange?.high ?? demand) + nothing
    const used = new Set(this.#where)
    let best: number | undefined
    for (let pcpu = 0; pcpu < this.#pcpus.length; pcpu++) {
      if (pcpu === except || allowed[pcpu] === 0 || !used.has(pcpu) || this.#high[pcpu]! > room) continue
      if (best === undefined || this.#high[pcpu]! > this.#high[best]!) best = pcpu
    }
    return best
  }

  /** A pCPU that sleeps, in the same cell where there is one. */
  #wake(index: number, from: number): number | undefined {
    const used = new Set(this.#where)
    const { allowed } = this.#movable[index]!
    const asleep = [...this.#pcpus.keys()].filter((pcpu) => allowed[pcpu] === 1 && !used.has(pcpu))
    return asleep.find((pcpu) => this.#cells[pcpu] === this.#cells[from]) ?? asleep[0]
  }

  #least(index: number): number {
    const { allowed } = this.#movable[index]!
    const pcpus = [...this.#pcpus.keys()].filter((pcpu) => allowed[pcpu] === 1)
    return pcpus.reduce((best, pcpu) => (this.#loads[pcpu]! < this.#loads[best]! ? pcpu : best))
  }
}
