import { describe, expect, it } from 'vitest'
import { type CalibrationCase, compareFluid } from '../../support/fluid-calibration.ts'

const cases = [4, 8].flatMap((pcpus) =>
  [0.4, 0.7, 0.9, 1.1, 1.5].flatMap((load) =>
    (
      [
        [0.05, 0.55],
        [0.3, 1],
      ] as const
    ).map((demand): CalibrationCase => ({ seed: pcpus, pcpus, load, demand })),
  ),
)

describe('the fluid model of a fleet', () => {
  it.each(cases)('is within 10 points of the simulation of one host: %j', async (given) => {
    const { simulated, fluid } = await compareFluid(given)
    expect(Math.abs(fluid - simulated), `${fluid} against ${simulated}`).toBeLessThan(0.1)
  })
})
