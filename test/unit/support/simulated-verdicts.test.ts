import { describe, expect, it } from 'vitest'
import { watermark } from '../../../lib/ballooning/watermark/watermark.ts'
import { type AutopilotOptions, autopilot } from '../../../lib/control/autopilot.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import { balance } from '../../../lib/schedulers/balance.ts'
import { type SimulatedHost, scenarios, simulate } from '../../../lib/simulation/index.ts'
import { judgeBalance, judgeMemory } from '../../support/verdict.ts'

async function ticksOf(host: SimulatedHost, options: AutopilotOptions): Promise<Tick[]> {
  const ticks: Tick[] = []
  for await (const tick of autopilot(host, options)) ticks.push(tick)
  return ticks
}

describe('A1 on the simulated host', () => {
  const limits = { ticksToBalance: 3, moves: 6, movesAfterBalance: 0, ticksAfterBalance: 20 }
  const run = (options: Partial<AutopilotOptions>) =>
    ticksOf(simulate(scenarios.A1()), { interval: 1000, ticks: 26, ...options })

  it('passes with the policy, and fails with it switched off or dry', async () => {
    expect(judgeBalance(await run({ scheduler: balance() }), { limits })).toMatchObject({
      broken: [],
      moves: 6,
    })
    expect(judgeBalance(await run({}), { limits }).broken).toEqual([
      'it was never balanced',
      'ticks after balance: 0, wanted 20',
    ])
    expect(judgeBalance(await run({ scheduler: balance(), dryRun: true }), { limits }).passed).toBe(false)
  })
})

describe('M1 on the simulated host', () => {
  const run = async (options: Partial<AutopilotOptions>) => {
    const host = simulate(scenarios.M1())
    const domains = await host.domains()
    const ticks = await ticksOf(host, { interval: 2000, ticks: 90, ...options })
    const programsLost = domains
      .filter(({ uuid }) => host.truth(uuid)?.programsKilled)
      .map(({ name }) => name)
    return judgeMemory(ticks, { growing: ['guest1'], programsLost })
  }

  it('passes with the policy', async () => {
    expect(await run({ ballooning: watermark() })).toMatchObject({ broken: [], guestsHarmed: 0 })
  })

  it('fails with it switched off: the program is lost', async () => {
    const verdict = await run({})
    expect(verdict).toMatchObject({ passed: false, guestsHarmed: 1, changes: 0 })
    expect(verdict.broken).toContain('guest1 lost a program')
    expect(verdict.broken).toContain('guest1 never reached its maximum')
  })
})
