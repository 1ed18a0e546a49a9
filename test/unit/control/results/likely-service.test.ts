import { describe, expect, it } from 'vitest'
import { likelyService, type Service } from '../../../../lib/control/results/likely-service.ts'

/** Usage and delay in whole percent. */
function percents(...demands: readonly (number | { demand: number; weight: number })[]) {
  const sharers = demands.map((one) => (typeof one === 'number' ? { demand: one, weight: 1 } : one))
  return likelyService(sharers).map(({ usage, delay }) => [Math.round(100 * usage), Math.round(100 * delay)])
}

describe('what those who share a pCPU are likely to get', () => {
  it('is all that one wants who has it alone', () => {
    expect(percents(0.4)).toEqual([[40, 0]])
    expect(percents(1, 0)).toEqual([
      [100, 0],
      [0, 0],
    ])
  })

  it('is divided by weight among those who never sleep', () => {
    expect(percents(1, 1, 1, 1)).toEqual(Array(4).fill([25, 75]))
    expect(percents({ demand: 1, weight: 3 }, { demand: 1, weight: 1 })).toEqual([
      [75, 25],
      [25, 75],
    ])
  })

  it('is less for those who sleep and wake beside others, who then want less', () => {
    const [{ usage, delay }] = likelyService([
      { demand: 0.42, weight: 1 },
      { demand: 0.42, weight: 1 },
    ]) as [Service, Service]
    expect(usage).toBeGreaterThan(0.3)
    expect(usage).toBeLessThan(0.42)
    // A closed loop: what it runs is what it would run alone in the time that it does not wait.
    expect(usage / (1 - delay)).toBeCloseTo(0.42)
  })

  it('leaves nothing of a pCPU where one never sleeps', () => {
    const [hog, other] = likelyService([
      { demand: 1, weight: 1 },
      { demand: 0.3, weight: 1 },
    ])
    expect(hog!.usage + other!.usage).toBeCloseTo(1)
    expect(hog!.usage + hog!.delay).toBeCloseTo(1)
    expect(other!.usage).toBeLessThan(0.3)
  })
})
