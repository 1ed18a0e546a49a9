import { describe, expect, it } from 'vitest'
import { binOf, bins, predictedDelay } from '../../../lib/fleet/cost/predicted-delay.ts'
import { steppedDelay } from '../../../lib/fleet/cost/stepped-delay.ts'
import { fluidDelays } from '../../../lib/fleet/simulation/fluid-cpu.ts'
import { Random } from '../../../lib/util/random.ts'

function binned(demands: readonly number[]) {
  const counts = new Float64Array(bins)
  const sums = new Float64Array(bins)
  for (const demand of demands) {
    counts[binOf(demand)]! += 1
    sums[binOf(demand)]! += demand
  }
  return { counts, sums }
}

function stepped(demands: readonly number[], pcpus: number): number {
  const { counts, sums } = binned(demands)
  return steppedDelay(counts, sums, 0, pcpus)
}

const alike = (count: number, demand: number) => Array.from({ length: count }, () => demand)

describe('the delay of vCPUs that stay where they were put', () => {
  it.each<[string, number[], number, number]>([
    ['nothing waits on pCPUs of its own', alike(8, 0.9), 8, 0],
    ['two that compute share one', alike(2, 1), 1, 0.5],
    ['two that compute share one of four', alike(5, 1), 4, 0.5],
    ['three that compute share one', alike(3, 1), 1, 2 / 3],
    ['nothing wants anything', [], 4, 0],
  ])('%s', (_, demands, pcpus, delay) => {
    expect(stepped(demands, pcpus)).toBeCloseTo(delay, 2)
  })

  it('goes up in a step where a third vCPU comes to a pCPU', () => {
    const [two, three, more] = [16, 17, 24].map((count) => stepped(alike(count, 0.4), 8))
    expect(three! - two!).toBeGreaterThan(0.08)
    expect(more! - three!).toBeLessThan(0.01)
  })

  it('is what a host has nothing for where it has no capacity', () => {
    expect(stepped([0.5], 0)).toBe(1)
    expect(stepped([], 0)).toBe(0)
  })

  it('is within 4 points of what the simulated fleet has, in the mean within one; the smooth one is not', () => {
    const random = new Random(1, 'stepped delay')
    const off: number[] = []
    const smooth: number[] = []
    for (let fleet = 0; fleet < 200; fleet++) {
      const pcpus = 8 + random.below(25)
      const guests = Array.from({ length: pcpus + random.below(2 * pcpus) }, () => {
        return { vcpus: 1, demand: 0.1 + 0.5 * random.next() }
      })
      const { counts, sums } = binned(guests.map(({ demand }) => demand))
      const seen = Math.max(...fluidDelays(guests, pcpus))
      off.push(Math.abs(steppedDelay(counts, sums, 0, pcpus) - seen))
      smooth.push(Math.abs(predictedDelay(counts, sums, 0, pcpus) - seen))
    }
    const mean = (figures: number[]) => figures.reduce((sum, one) => sum + one, 0) / figures.length
    expect(Math.max(...off)).toBeLessThan(0.04)
    expect(mean(off)).toBeLessThan(0.01)
    expect(mean(smooth)).toBeGreaterThan(0.03)
  })
})
