import { describe, expect, it } from 'vitest'
import { fluidDelays, sharedDelays } from '../../../../lib/fleet/simulation/fluid-cpu.ts'
import { compareFluid } from '../../../support/fluid-calibration.ts'

describe('the fluid model of a host', () => {
  it('lets nobody wait who has a pCPU alone', () => {
    expect([...sharedDelays([1])]).toEqual([0])
    expect([...fluidDelays([{ vcpus: 4, demand: 0.9 }], 4)]).toEqual([0])
    expect([...fluidDelays([{ vcpus: 2, demand: 0 }], 1)]).toEqual([0])
  })

  it('shares a pCPU in equal parts among those that compute without end', () => {
    for (const delay of sharedDelays([1, 1])) expect(delay).toBeCloseTo(0.5, 2)
    for (const delay of sharedDelays([1, 1, 1, 1])) expect(delay).toBeCloseTo(0.75, 2)
  })

  it('never lets run more than there is', () => {
    for (const demands of [
      [0.6, 0.7],
      [0.9, 0.9, 0.3],
      [0.2, 0.2, 0.2],
      [1, 0.05],
    ]) {
      const delays = sharedDelays(demands)
      const used = demands.reduce((sum, demand, i) => sum + demand * (1 - delays[i]!), 0)
      expect(used).toBeLessThanOrEqual(1.01)
    }
  })

  it('lets the worst-served of two guests wait no less when a third comes', () => {
    const two = fluidDelays(
      [
        { vcpus: 2, demand: 0.8 },
        { vcpus: 1, demand: 0.5 },
      ],
      2,
    )
    const three = fluidDelays(
      [
        { vcpus: 2, demand: 0.8 },
        { vcpus: 1, demand: 0.5 },
        { vcpus: 2, demand: 0.6 },
      ],
      2,
    )
    expect(Math.max(...three)).toBeGreaterThan(Math.max(...two))
  })

  it.each([
    { seed: 1, pcpus: 4, load: 0.9, demand: [0.05, 0.55] as const },
    { seed: 2, pcpus: 4, load: 1.3, demand: [0.3, 1] as const },
  ])('is within 10 points of the simulation of one host: load $load', async (given) => {
    const { simulated, fluid } = await compareFluid(given)
    expect(Math.abs(fluid - simulated), `${fluid} against ${simulated}`).toBeLessThan(0.1)
    expect(simulated).toBeGreaterThan(0.15)
  })
})
