import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Elasticity, type Outside } from '../../../../lib/view/cpu/elasticity.ts'

const outside: Outside = { rose: true, fell: true }
const inside: Outside = { rose: false, fell: false }
/** Usage and delay of some samples, and whether others were the cause. */
type Phase = readonly [usage: number, delay: number, samples: number, by?: Outside]

function live(...phases: readonly Phase[]): Elasticity {
  const elasticity = new Elasticity()
  for (const [usage, delay, samples, by = outside] of phases) {
    for (let i = 0; i < samples; i++) elasticity.next(usage, Math.min(1, usage / (1 - delay)) - usage, by)
  }
  return elasticity
}

describe('what contention teaches', () => {
  it('is nothing at first: all that is hidden may come out, or nothing', () => {
    for (const untaught of [live(), live([0.25, 0.75, 50])]) {
      expect([untaught.low, untaught.value, untaught.high]).toEqual([0, 1, 1])
    }
  })

  it.each<[string, readonly Phase[]]>([
    [
      'usage that stays when waiting ends',
      [
        [0.31, 0.6, 10],
        [0.31, 0, 2],
      ],
    ],
    [
      'usage that stays when waiting begins',
      [
        [0.31, 0, 10],
        [0.31, 0.6, 2],
      ],
    ],
    [
      'one that fell behind, and did later what had piled up',
      [
        [0.27, 0.73, 10],
        [0.8, 0.05, 2],
        [0.31, 0, 2],
      ],
    ],
    [
      'one as the lab has measured it',
      [
        [0.267, 0.67, 10],
        [0.313, 0.01, 2],
      ],
    ],
  ])('an open loop: %s', (_, phases) => {
    const taught = live(...phases)
    expect(taught.value).toBeLessThan(0.15)
    expect(taught.high).toBeLessThan(0.35)
  })

  it.each<[string, readonly Phase[]]>([
    [
      'usage that rises by what was hidden',
      [
        [0.21, 0.5, 10],
        [0.42, 0, 2],
      ],
    ],
    [
      'usage that falls by it',
      [
        [0.42, 0, 10],
        [0.21, 0.5, 2],
      ],
    ],
    [
      'one that never sleeps',
      [
        [0.25, 0.75, 10],
        [0.97, 0.025, 2],
      ],
    ],
  ])('a closed loop: %s', (_, phases) => {
    const taught = live(...phases)
    expect(taught.value).toBeGreaterThan(0.95)
    expect(taught.low).toBeGreaterThan(0.5)
  })

  it('narrows with each sample, and is the better for it', () => {
    const widths = [2, 4, 8].map((samples) => {
      const { low, high } = live([0.2, 0.5, 10], [0.2, 0, samples])
      return high - low
    })
    expect(widths).toEqual(widths.toSorted((a, b) => b - a))
    expect(widths[2]).toBeLessThan(0.3)
  })

  it.each<[string, Phase, Phase]>([
    ['has less to do now', [0.25, 0.75, 10], [0.22, 0.05, 10, inside]],
    ['has nothing to do now', [0.125, 0.87, 10], [0.01, 0, 10]],
    ['has more to do now', [0.14, 0.02, 10], [0.4, 0.3, 10]],
    ['is as little hindered as before', [0.3, 0.02, 10], [0.3, 0.1, 10]],
  ])('is nothing of a guest that %s', (_, before, after) => {
    expect(live(before, after).value).toBe(1)
  })

  it('is not forgotten while nothing changes, nor when what it does changes', () => {
    const first: readonly Phase[] = [
      [0.31, 0.6, 10],
      [0.31, 0, 10],
    ]
    expect(live(...first, [0.31, 0.6, 10_000]).value).toBeLessThan(0.05)
    const busier = live(...first, [0.6, 0, 10, inside], [0.6, 0.02, 10, inside])
    expect(busier.value).toBeLessThan(0.05)
    expect(busier.high).toBeGreaterThan(live(...first).high)
  })

  it('is outweighed by what it teaches later', () => {
    const open: readonly Phase[] = [
      [0.31, 0.6, 10],
      [0.31, 0, 10],
      [0.31, 0.6, 10],
    ]
    const closed: readonly Phase[] = [
      [0.9, 0, 10, inside],
      [0.3, 0.66, 10],
      [0.9, 0, 10],
    ]
    expect(live(...open, ...closed).value).toBeGreaterThan(0.9)
  })

  it('stays between 0 and 1, whatever comes', () => {
    const fraction = fc.double({ min: 0, max: 1, noNaN: true })
    const phase = fc.tuple(
      fraction,
      fraction,
      fc.integer({ min: 1, max: 5 }),
      fc.constantFrom(inside, outside),
    )
    fc.assert(
      fc.property(fc.array(phase), (phases) => {
        const { low, value, high } = live(...phases)
        expect(low >= 0 && low <= value && value <= high && high <= 1).toBe(true)
      }),
    )
  })
})
