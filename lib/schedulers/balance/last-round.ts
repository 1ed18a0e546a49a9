import type { VcpuView } from '../../view/view.ts'
import type { Model } from './model.ts'
import { keyOf } from './pins.ts'

/** Demand that differs by less from what it was then has not changed: in all, and of what it was. */
const unchanged = { points: 0.05, share: 0.1 }

/** How the host was, or was left, at some moment: by item, as {@link Model} has them. */
export interface Settled {
  readonly vcpus: readonly VcpuView[]
  readonly demand: Float64Array
  readonly where: Int32Array
  /** By bin. */
  readonly names: readonly string[]
  readonly fixed: Float64Array
}

/** With everything `where` it is said to be. */
export function settledAs({ vcpus, demand, shape, fixed }: Model, where: Int32Array): Settled {
  return { vcpus, demand, where, names: shape.names, fixed }
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
export function sameVcpus(model: Model, then: Settled): number[] | undefined {
  if (then.vcpus.length !== model.vcpus.length) return undefined
  const before = new Map(then.vcpus.map((vcpu, item) => [keyOf(vcpu), item]))
  const items = model.vcpus.flatMap((vcpu) => before.get(keyOf(vcpu)) ?? [])
  return items.length === model.vcpus.length ? items : undefined
}

/** Whether load was levelled over the same bins then. */
export function sameBins({ shape }: Model, { names }: Settled): boolean {
  return names.length === shape.names.length && names.every((name, bin) => name === shape.names[bin])
}

/** Whether each wants what it wanted then. */
export function isAlike({ demand }: Model, then: Settled, items: readonly number[]): boolean {
  return demand.every((now, item) => {
    const before = then.demand[items[item]!]!
    return Math.abs(now - before) <= unchanged.points + unchanged.share * before
  })
}

/** Those that are in another bin than then. */
export function shifted({ start, shape }: Model, then: Settled, items: readonly number[]): number[] {
  return [...start.keys()].filter((item) => {
    return then.names[then.where[items[item]!]!] !== shape.names[start[item]!]
  })
}
