import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bisect, type Part } from '../../../../bench/allocate/peers.ts'
import { allocate, type Claim } from '../../../../lib/ballooning/shares/allocation.ts'
import { fill, type Parts } from '../../../../lib/ballooning/shares/fill.ts'
import { GiB, MiB } from '../../../../lib/util/units.ts'
import { runs } from '../../../support/runs.ts'

const sum = (sizes: Iterable<number>) => Array.from(sizes).reduce((total, size) => total + size, 0)
const bytes = fc.integer({ min: 0, max: 64 * 1024 }).map((mebibytes) => mebibytes * MiB + 4_096)
const shares = fc.integer({ min: 1, max: 10_000 })
const part: fc.Arbitrary<Part> = fc
  .record({ from: bytes, more: bytes, base: bytes, weight: shares })
  .map(({ from, more, base, weight }) => ({ from, to: from + more, base, weight }))
const columns = (parts: readonly Part[]): Parts => ({
  from: Float64Array.from(parts, (one) => one.from),
  to: Float64Array.from(parts, (one) => one.to),
  base: Float64Array.from(parts, (one) => one.base),
  weight: Float64Array.from(parts, (one) => one.weight),
})
const claim: fc.Arbitrary<Claim> = fc.record({
  held: bytes,
  floor: bytes,
  need: bytes,
  comfort: bytes,
  own: bytes,
  ample: bytes,
  kept: bytes,
  used: bytes,
  active: fc.double({ min: 0, max: 1, noNaN: true }),
  shares,
})
const claimOf = (more: Partial<Claim>): Claim => {
  const levels = { held: 0, floor: 0, need: 0, comfort: 0, own: 0, ample: 0, kept: 0 }
  return { ...levels, used: 0, active: 1, shares: 1_000, ...more }
}
const terms = { spare: 0, tax: 0.75 }

describe('fill', () => {
  it('gives all of the amount, to within a byte for each part, and never more', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), bytes, (parts, amount) => {
        const sizes = fill(columns(parts), amount)
        const least = sum(parts.map(({ from }) => from))
        const most = sum(parts.map(({ to }) => to))
        const expected = Math.min(most, Math.max(least, amount))
        expect(sum(sizes)).toBeLessThanOrEqual(expected)
        expect(sum(sizes)).toBeGreaterThanOrEqual(expected - 2 * parts.length)
        for (const [i, { from, to }] of parts.entries()) {
          expect(sizes[i]).toBeGreaterThanOrEqual(from)
          expect(sizes[i]).toBeLessThanOrEqual(to)
        }
      }),
      { numRuns: runs(1_000) },
    )
  })

  it('comes to what bisection comes near to', () => {
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 40 }), bytes, (parts, amount) => {
        const exact = fill(columns(parts), amount)
        for (const [i, size] of bisect(parts, amount).entries()) {
          expect(Math.abs(size - exact[i]!)).toBeLessThan(4_096)
        }
      }),
      { numRuns: runs(1_000) },
    )
  })

  it('brings those that are not at a limit to one level', () => {
    const parts = [
      { from: 0, to: 100, base: 0, weight: 1 },
      { from: 0, to: 1_000, base: 0, weight: 1 },
      { from: 0, to: 1_000, base: 0, weight: 2 },
      { from: 500, to: 1_000, base: 0, weight: 1 },
    ]
    expect(Array.from(fill(columns(parts), 1_500))).toEqual([100, 300, 600, 500])
  })
})

describe('allocate', () => {
  it('never gives more than there is, nor takes what cannot be taken, whatever is claimed', () => {
    fc.assert(
      fc.property(
        fc.array(claim, { maxLength: 30 }),
        bytes,
        bytes,
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        (claims, budget, spare, tax) => {
          const { sizes, short, missing } = allocate(claims, { bytes: budget, spare, tax })
          const held = sum(claims.map((one) => one.held))
          expect(sum(sizes)).toBeLessThanOrEqual(Math.max(budget, held))
          for (const [i, one] of claims.entries()) expect(sizes[i]).toBeGreaterThanOrEqual(one.held)
          if (short === undefined) expect(missing).toBe(0)
          else expect(missing).toBeGreaterThan(0)
        },
      ),
      { numRuns: runs(1_000) },
    )
  })

  it('gives no one more than an earlier level while another lacks that level', () => {
    fc.assert(
      fc.property(fc.array(claim, { minLength: 1, maxLength: 20 }), bytes, (claims, budget) => {
        const { sizes, short = 'kept' } = allocate(claims, { ...terms, bytes: budget })
        fc.pre(short !== 'kept' && short !== 'ample' && short !== 'own')
        const order = ['held', 'floor', 'need', 'comfort'] as const
        const upTo = order.indexOf(short) + 1
        for (const [i, one] of claims.entries()) {
          expect(sizes[i]).toBeLessThanOrEqual(Math.max(...order.slice(0, upTo).map((level) => one[level])))
          const before = order.slice(0, upTo - 1).map((level) => one[level])
          expect(sizes[i]).toBeGreaterThanOrEqual(Math.max(one.held, ...before))
        }
      }),
      { numRuns: runs(500) },
    )
  })

  it('cuts floors that do not fit by one fraction, and says what is missing', () => {
    const claims = [claimOf({ floor: 3 * GiB }), claimOf({ floor: GiB })]
    const { sizes, short, missing } = allocate(claims, { ...terms, bytes: 2 * GiB })
    expect(Array.from(sizes)).toEqual([1.5 * GiB, 0.5 * GiB])
    expect({ short, missing }).toEqual({ short: 'floor', missing: 2 * GiB })
  })

  it('gives comfort by shares, measured from what is used', () => {
    const claims = [
      claimOf({ held: 600, need: 600, used: 500, comfort: 2_000, shares: 3_000 }),
      claimOf({ held: 300, need: 300, used: 200, comfort: 2_000, shares: 1_000 }),
    ]
    expect(Array.from(allocate(claims, { ...terms, bytes: 1_100 }).sizes)).toEqual([800, 300])
  })

  it('taxes idle memory: one that uses a tenth has a quarter to a third of what one that uses all has', () => {
    const idle = claimOf({ kept: 8 * GiB, active: 0.1 })
    const busy = claimOf({ kept: 8 * GiB, active: 1 })
    const { sizes } = allocate([idle, busy], { ...terms, bytes: 9.4 * GiB })
    // rho is the same for both: 1 / (P * (f + 4 (1 - f))).
    expect(sizes[1]! / sizes[0]!).toBeCloseTo(0.1 + 4 * 0.9, 6)
    const [first, second] = allocate([idle, busy], { ...terms, tax: 0, bytes: 8 * GiB }).sizes
    expect(first).toBe(second)
  })

  it('keeps spare memory from what is beyond comfort, and from that alone', () => {
    const claims = [claimOf({ comfort: 900, ample: 1_000, kept: 2_000 })]
    expect(allocate(claims, { ...terms, bytes: 980, spare: 50 }).sizes[0]).toBe(930)
    expect(allocate(claims, { ...terms, bytes: 910, spare: 50 }).sizes[0]).toBe(900)
  })

  it('of nobody is nothing', () => {
    expect(allocate([], { ...terms, bytes: 100 })).toMatchObject({ short: undefined, missing: 0 })
  })
})
