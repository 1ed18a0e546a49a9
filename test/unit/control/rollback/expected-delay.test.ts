import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { likelyDelays, tolerableDelays } from '../../../../lib/control/rollback/expected-delay.ts'

describe('the delay that a placement lets expect', () => {
  const sharer = fc.record({
    demand: fc.double({ min: 0, max: 1, noNaN: true }),
    weight: fc.double({ min: 0.01, max: 100, noNaN: true }),
  })

  it('is none alone, and that of even shares where all want everything', () => {
    expect(likelyDelays([{ demand: 0.7, weight: 3 }])).toEqual([0])
    for (const count of [2, 3, 8]) {
      const delays = likelyDelays(Array.from({ length: count }, () => ({ demand: 1, weight: 1 })))
      for (const delay of delays) expect(delay).toBeCloseTo(1 - 1 / count)
    }
    expect(likelyDelays([])).toEqual([])
  })

  it('goes by weight', () => {
    const [light, heavy] = likelyDelays([
      { demand: 1, weight: 1 },
      { demand: 1, weight: 3 },
    ])
    expect(light).toBeCloseTo(0.75)
    expect(heavy).toBeCloseTo(0.25)
  })

  it('is a part of the time, and nobody waits less when one more comes', () => {
    fc.assert(
      fc.property(fc.array(sharer, { maxLength: 8 }), sharer, (sharers, more) => {
        const before = likelyDelays(sharers)
        const after = likelyDelays([...sharers, more])
        for (const delay of after) {
          expect(delay).toBeGreaterThanOrEqual(0)
          expect(delay).toBeLessThan(1)
        }
        for (const [i, delay] of before.entries()) expect(after[i]).toBeGreaterThanOrEqual(delay - 1e-9)
      }),
    )
  })

  it('is tolerated up to half of the way to where all fall into step', () => {
    const [light, heavy] = [
      { demand: 0.25, weight: 1 },
      { demand: 0.35, weight: 1 },
    ]
    const likely = likelyDelays([light, heavy])
    const tolerable = tolerableDelays([light, heavy])
    expect(tolerable[0]).toBeCloseTo((likely[0]! + heavy.demand) / 2)
    expect(tolerable[1]).toBeCloseTo((likely[1]! + light.demand) / 2)
    expect(tolerableDelays([light])).toEqual([0])
  })

  it('is tolerated where it is likely, and never all of the time', () => {
    fc.assert(
      fc.property(fc.array(sharer, { maxLength: 8 }), (sharers) => {
        const likely = likelyDelays(sharers)
        for (const [i, delay] of tolerableDelays(sharers).entries()) {
          expect(delay).toBeGreaterThanOrEqual(likely[i]!)
          expect(delay).toBeLessThan(1)
        }
      }),
    )
  })
})
