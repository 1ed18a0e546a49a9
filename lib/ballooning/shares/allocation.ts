import { fill, type Parts } from './fill.ts'

/**
 * What one domain would have, in bytes, from what comes first to what comes last. A level below the one before counts
 * as that one.
 */
export interface Claim {
  /** What it has and what cannot be taken from it. */
  readonly held: number
  /** The smallest size that it is promised. */
  readonly floor: number
  /** What it cannot do without. */
  readonly need: number
  /** That and what it is expected to take soon, with room to spare. */
  readonly comfort: number
  /** What it came with. */
  readonly own: number
  /** That and a reserve for a burst that nothing announces. */
  readonly ample: number
  /** What it has and makes some use of, page cache for one. */
  readonly kept: number
  /** What its kernel and programs use: comfort and more are measured from there. */
  readonly used: number
  /** The part of what it has that it uses, 0 to 1. */
  readonly active: number
  /** As against those of others. Above 0. */
  readonly shares: number
}

const levels = ['floor', 'need', 'comfort', 'own', 'ample', 'kept'] as const
export type Level = (typeof levels)[number]
/** Those that leave the spare bytes of the budget alone. */
const beyondComfort: ReadonlySet<Level> = new Set<Level>(['own', 'ample', 'kept'])

export interface Budget {
  /** Bytes for all of them together. */
  readonly bytes: number
  /** Bytes of these that only the levels up to comfort may use. */
  readonly spare: number
  /**
   * The tax on idle memory: the part of what a domain does not use that it may lose to one that uses all it has. 0 to
   * below 1.
   */
  readonly tax: number
}

/** What domains can have with the memory that is free now, in bytes by claim. */
export interface Present {
  /** What each has, instead of the claim's `held`. */
  readonly held: Float64Array
  /** The most that counts of any level of its claim. */
  readonly most: Float64Array
}

export interface Allocation {
  /** Bytes for each claim, in their order. */
  readonly sizes: Float64Array
  /** The first level that could not be given to all; undefined: all have all that they claim. */
  readonly short: 'held' | Level | undefined
  /** Bytes that are missing for it. */
  readonly missing: number
}

/**
 * Shares memory among domains, one level of their claims after the other: what cannot be taken, floors, needs, comfort,
 * what they came with, a reserve for bursts, and then what they have beyond that. The level that does not fit is shared
 * out, and what comes after it gets nothing. The sum is within the budget, unless what cannot be taken is not.
 *
 * Floors that do not fit are cut by the same fraction. Of comfort and of the reserve for bursts each share is worth the
 * same number of bytes. Needs, what they came with and what is left in the end go by shares with a tax on idle memory:
 * everyone has the same rho = S / (P * (f + k * (1 - f))), k = 1 / (1 - tax), of S shares, P bytes and the active
 * fraction f.
 *
 * Idle memory tax: Waldspurger, "Memory Resource Management in VMware ESX Server" (2002).
 */
export function allocate(claims: readonly Claim[], budget: Budget, present?: Present): Allocation {
  return allocateColumns(columnsOf(claims), claims, budget, present)
}

/**
 * What all are to have, and what each can have of it with what is free now: that of {@link allocate} on the one hand, and
 * with `held` instead of what claims say on the other.
 */
export function allocateTwice(
  claims: readonly Claim[],
  budget: Budget,
  held: Float64Array,
): { readonly allocation: Allocation; readonly now: Float64Array } {
  const columns = columnsOf(claims)
  const allocation = allocateColumns(columns, claims, budget)
  const now = allocateColumns(columns, claims, budget, { held, most: allocation.sizes }).sizes
  return { allocation, now }
}

/** Caps the columns where `present` says so. */
function allocateColumns(
  columns: Columns,
  claims: readonly Claim[],
  budget: Budget,
  present?: Present,
): Allocation {
  if (present) for (const level of levels) cap(columns[level], present.most)
  let sizes = (present?.held ?? columns.held).map(Math.ceil)
  let total = sum(sizes)
  if (total > budget.bytes) return { sizes, short: 'held', missing: total - budget.bytes }
  for (const level of levels) {
    const claimed = columns[level]
    const goals = new Float64Array(sizes.length)
    for (let i = 0; i < goals.length; i++) goals[i] = Math.max(sizes[i]!, Math.floor(claimed[i]!))
    const amount = budget.bytes - (beyondComfort.has(level) ? budget.spare : 0)
    const wanted = sum(goals)
    if (wanted <= amount || wanted <= total) {
      sizes = goals
      total = wanted
      continue
    }
    const parts = { from: sizes, to: goals, ...scaleOf(claims, level, claimed, budget.tax) }
    return { sizes: fill(parts, amount), short: level, missing: wanted - Math.max(amount, total) }
  }
  return { sizes, short: undefined, missing: 0 }
}

/** What a byte that a domain has weighs, as against its shares: idle memory costs more. */
export function taxedShares({ shares, active }: Pick<Claim, 'shares' | 'active'>, tax: number): number {
  return shares / (active + (1 - active) / (1 - tax))
}

/** What a level that does not fit is shared out by; `claimed` is what is claimed of it. */
function scaleOf(
  claims: readonly Claim[],
  level: Level,
  claimed: Float64Array,
  tax: number,
): Pick<Parts, 'base' | 'weight'> {
  const base = new Float64Array(claims.length)
  const weight = new Float64Array(claims.length)
  for (let i = 0; i < claims.length; i++) {
    const claim = claims[i]!
    if (level === 'floor') {
      weight[i] = Math.max(1, claimed[i]!)
    } else if (level === 'comfort' || level === 'ample') {
      base[i] = claim.used
      weight[i] = claim.shares
    } else {
      weight[i] = taxedShares(claim, tax)
    }
  }
  return { base, weight }
}

/** What is claimed by level, one entry for each claim. */
type Columns = Readonly<Record<'held' | Level, Float64Array>>

function columnsOf(claims: readonly Claim[]): Columns {
  const column = () => new Float64Array(claims.length)
  const [held, floor, need, comfort] = [column(), column(), column(), column()]
  const [own, ample, kept] = [column(), column(), column()]
  for (let i = 0; i < claims.length; i++) {
    const claim = claims[i]!
    held[i] = claim.held
    floor[i] = claim.floor
    need[i] = claim.need
    comfort[i] = claim.comfort
    own[i] = claim.own
    ample[i] = claim.ample
    kept[i] = claim.kept
  }
  return { held, floor, need, comfort, own, ample, kept }
}

function cap(sizes: Float64Array, most: Float64Array): void {
  for (let i = 0; i < sizes.length; i++) sizes[i] = Math.min(sizes[i]!, most[i]!)
}

function sum(sizes: Float64Array): number {
  let total = 0
  for (let i = 0; i < sizes.length; i++) total += sizes[i]!
  return total
}
