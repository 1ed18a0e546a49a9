import type { Model } from './model.ts'
import type { Roster } from './roster.ts'

/** Demand that differs by less from what it was then has not changed: in all, and of what it was. */
const unchanged = { points: 0.05, share: 0.1 }

/** How the host was, or was left, at some moment: by item, as {@link Model} has them. */
export interface Settled {
  readonly roster: Roster
  readonly demand: Float64Array
  readonly where: Int32Array
  /** By bin. */
  readonly names: readonly string[]
  readonly fixed: Float64Array
}

/** With everything `where` it is said to be. */
export function settledAs({ roster, demand, shape, fixed }: Model, where: Int32Array): Settled {
  return { roster, demand, where, names: shape.names, fixed }
}

/**
 * What happened since: nothing; vCPUs were sent elsewhere by another program; some want more or less than then, or what
 * cannot be moved does; or there are others.
 */
export type Change = 'none' | 'places' | 'demand' | 'vcpus'

export function changeSince(model: Model, then: Settled): Change {
  const items = sameVcpus(model, then)
  if (!items) return 'vcpus'
  if (!isAlike(model, then, items) || !isFixedAlike(model, then)) return 'demand'
  return shifted(model, then, items).length > 0 ? 'places' : 'none'
}

function isFixedAlike({ fixed }: Model, then: Settled): boolean {
  return (
    fixed.length === then.fixed.length &&
    fixed.every((load, bin) => Math.abs(load - then.fixed[bin]!) <= unchanged.points)
  )
}

/** By item: which it was then; undefined when other vCPUs were there. */
export function sameVcpus({ roster }: Model, then: Settled): Int32Array | undefined {
  return then.roster.itemsOf(roster)
}

/** Whether load was levelled over the same bins then. */
export function sameBins({ shape }: Model, { names }: Settled): boolean {
  return names.length === shape.names.length && names.every((name, bin) => name === shape.names[bin])
}

/** Whether each wants what it wanted then. */
export function isAlike({ demand }: Model, then: Settled, items: Int32Array): boolean {
  for (let item = 0; item < items.length; item++) {
    const before = then.demand[items[item]!]!
    const difference = Math.abs(demand[item]! - before)
    if (!(difference <= unchanged.points + unchanged.share * before)) return false
  }
  return true
}

/** Those that are in another bin than then. */
export function shifted({ start, shape }: Model, then: Settled, items: Int32Array): number[] {
  const moved: number[] = []
  for (let item = 0; item < items.length; item++) {
    if (then.names[then.where[items[item]!]!] !== shape.names[start[item]!]) moved.push(item)
  }
  return moved
}
