import { describe, expect, it } from 'vitest'
import { shares } from '../../../../lib/ballooning/shares.ts'
import { autopilot } from '../../../../lib/control/autopilot.ts'
import { balance } from '../../../../lib/schedulers/balance.ts'
import { fair } from '../../../../lib/schedulers/fair.ts'
import { type Scenario, scenarios, simulate } from '../../../../lib/simulation/index.ts'

describe('a policy that does what it should', () => {
  const shapes: [string, Scenario][] = [
    ['A1', scenarios.A1()],
    ['A1 of 16 on 8', scenarios.A1({ guests: 16, pcpus: 8 })],
    ['A2', scenarios.A2()],
    ['A3', scenarios.A3()],
    ['A4', scenarios.A4()],
    ['A5', scenarios.A5()],
    ['A5 of 16 on 8', scenarios.A5({ guests: 16, pcpus: 8, seed: 3 })],
    ['A6', scenarios.A6()],
    ['A7', scenarios.A7()],
    ['A7 of 16 on 8', scenarios.A7({ guests: 16, pcpus: 8, seed: 2 })],
  ]
  it.each(shapes)('has nothing rolled back or held off: balance in %s', async (_, scenario) => {
    for (const scheduler of [balance(), fair()]) {
      for await (const tick of autopilot(simulate(scenario), { interval: 1_000, ticks: 40, scheduler })) {
        expect(tick.rollbacks).toBeUndefined()
        expect(tick.clamps.filter(({ rule }) => rule === 'rolled-back')).toEqual([])
      }
    }
  })
})

describe('the policy that gives back by itself', () => {
  it.each(['M1', 'M2', 'M3', 'M4'] as const)('has nothing done twice: shares in %s', async (name) => {
    const host = simulate(scenarios[name]())
    for await (const tick of autopilot(host, { interval: 1_000, ticks: 150, ballooning: shares() })) {
      expect(tick.rollbacks).toBeUndefined()
      expect(tick.clamps.filter(({ rule }) => rule === 'rolled-back')).toEqual([])
    }
  })
})
