import { allocate, type Claim } from '../../lib/ballooning/shares/allocation.ts'
import { GiB, MiB } from '../../lib/util/units.ts'
import { seeded } from '../seeded.ts'
import { type Spread, spreadOf } from '../spread.ts'
import { bisect, handOut, type Part } from './peers.ts'

/** The most milliseconds that an allocation may take, by number of domains. */
export const allocateLimits: readonly { readonly domains: number; readonly limit: number }[] = [
  { domains: 10, limit: 0.2 },
  { domains: 100, limit: 0.5 },
  { domains: 1_000, limit: 3 },
  { domains: 10_000, limit: 30 },
]

/** Milliseconds for one number of domains. The peers share out one level only, of those that `shares` looks through. */
export interface AllocateSize {
  readonly domains: number
  readonly limit: number
  readonly passed: boolean
  readonly ms: { readonly shares: Spread; readonly bisection: Spread; readonly handOut: Spread }
}

export interface AllocateFigures {
  readonly bench: 'allocate'
  readonly passed: boolean
  readonly turns: number
  readonly sizes: readonly AllocateSize[]
}

/** Times the allocation of memory on made-up hosts, each turn on one of its own, short of memory at each level in turn. */
export function measureAllocations(turns: number, log: (line: string) => void): AllocateFigures {
  const sizes = allocateLimits.map(({ domains, limit }): AllocateSize => {
    log(`${domains} domains`)
    const ms = measure(domains, turns)
    return { domains, limit, passed: ms.shares.median <= limit, ms }
  })
  return { bench: 'allocate', passed: sizes.every(({ passed }) => passed), turns, sizes }
}

const levels = ['floor', 'need', 'comfort', 'ample', 'kept'] as const

function measure(domains: number, turns: number): AllocateSize['ms'] {
  const times = { shares: [] as number[], bisection: [] as number[], handOut: [] as number[] }
  const warmUps = Math.max(5, Math.round(5_000 / domains))
  for (let turn = -warmUps; turn < turns; turn++) {
    const claims = claimsOf(domains, turn + 10_000)
    const level = levels[(turn + warmUps) % levels.length]!
    const bytes = 0.9 * claims.reduce((sum, claim) => sum + claim[level], 0)
    const parts = claims.map(
      ({ held, kept, shares }): Part => ({ from: held, to: kept, base: 0, weight: shares }),
    )
    const took = {
      shares: timed(() => allocate(claims, { bytes, spare: 0, tax: 0.75 })),
      bisection: timed(() => bisect(parts, bytes)),
      handOut: timed(() => handOut(parts, bytes)),
    }
    if (turn < 0) continue
    times.shares.push(took.shares)
    times.bisection.push(took.bisection)
    times.handOut.push(took.handOut)
  }
  return {
    shares: spreadOf(times.shares),
    bisection: spreadOf(times.bisection),
    handOut: spreadOf(times.handOut),
  }
}

/** Domains of 256 MiB to 64 GiB that use all to little of it. The same for the same seed. */
function claimsOf(domains: number, seed: number): Claim[] {
  const uniform = seeded(seed)
  return Array.from({ length: domains }, () => {
    const kept = 256 * MiB + 64 * GiB * uniform() ** 3
    const used = kept * 0.9 * uniform()
    const [floor, need, comfort] = [200 * MiB, used + 100 * MiB, used + 128 * MiB + 0.1 * kept * uniform()]
    return {
      held: 0.5 * used,
      floor,
      need,
      comfort,
      own: comfort + 64 * MiB,
      ample: comfort + 192 * MiB,
      kept: Math.max(kept, comfort + 192 * MiB),
      used,
      active: used / kept,
      shares: 1 + Math.floor(2_000 * uniform()),
    }
  })
}

function timed(work: () => unknown): number {
  const begun = performance.now()
  work()
  return performance.now() - begun
}
