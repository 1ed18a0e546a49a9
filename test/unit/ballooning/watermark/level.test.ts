import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { share } from '../../../../lib/ballooning/watermark/level.ts'
import { MiB } from '../../../../lib/util/units.ts'

const size = fc.integer({ min: 0, max: 4_096 }).map((mebibytes) => mebibytes * MiB)
const claims = fc.array(
  fc.record({ used: size, unused: size, more: size }).map(({ used, unused, more }) => {
    return { used, counted: used + unused, wanted: used + unused + more }
  }),
  { maxLength: 12 },
)

describe('share', () => {
  it('gives everybody what is wanted when there is enough', () => {
    const wants = [
      { used: 100, counted: 110, wanted: 200 },
      { used: 50, counted: 60, wanted: 90 },
    ]
    expect(share(wants, 120)).toEqual([200, 90])
  })

  it('fills those with the least unused first, up to a common level', () => {
    const wants = [
      { used: 1_000, counted: 1_010, wanted: 1_300 },
      { used: 1_000, counted: 1_050, wanted: 1_300 },
      { used: 500, counted: 700, wanted: 900 },
    ]
    expect(share(wants, 40).map(Math.round)).toEqual([1_050, 1_050, 700])
    expect(share(wants, 100).map(Math.round)).toEqual([1_080, 1_080, 700])
  })

  it('never grants more than the pool, nor more than is wanted, nor less than there is', () => {
    fc.assert(
      fc.property(claims, size, (wants, pool) => {
        const sizes = share(wants, pool)
        const granted = sizes.reduce((sum, got, i) => sum + Math.max(0, got - wants[i]!.counted), 0)
        expect(granted).toBeLessThanOrEqual(pool)
        for (const [i, got] of sizes.entries()) {
          expect(got).toBeLessThanOrEqual(wants[i]!.wanted)
          expect(got).toBeGreaterThanOrEqual(Math.min(wants[i]!.wanted, wants[i]!.counted))
        }
      }),
    )
  })

  it('leaves nobody who got something with more unused than one who wants more', () => {
    fc.assert(
      fc.property(claims, size, (wants, pool) => {
        const sizes = share(wants, pool)
        const unused = sizes.map((got, i) => got - wants[i]!.used)
        const hungry = unused.filter((_, i) => sizes[i]! < wants[i]!.wanted - 1)
        const served = unused.filter((_, i) => sizes[i]! > wants[i]!.counted + 1)
        if (hungry.length > 0 && served.length > 0) {
          expect(Math.max(...served)).toBeLessThanOrEqual(Math.min(...hungry) + 1)
        }
      }),
    )
  })

  it('leaves nothing of the pool while somebody wants more', () => {
    fc.assert(
      fc.property(claims, size, (wants, pool) => {
        const sizes = share(wants, pool)
        const granted = sizes.reduce((sum, got, i) => sum + Math.max(0, got - wants[i]!.counted), 0)
        if (sizes.some((got, i) => got < wants[i]!.wanted - 1)) expect(pool - granted).toBeLessThan(1)
      }),
    )
  })
})
