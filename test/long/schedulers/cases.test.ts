import { describe, expect, it } from 'vitest'
import type { Tick } from '../../../lib/control/tick.ts'
import type { Scheduler } from '../../../lib/policy/plan.ts'
import { balance } from '../../../lib/schedulers/index.ts'
import { type Scenario, scenarios, simulate } from '../../../lib/simulation/index.ts'
import { judgeBalance } from '../../support/verdict.ts'
import { ticksOf } from '../../unit/schedulers/ticks.ts'

const interval = 2_000
const seeds = [1, 2, 3]
const sizes = [
  { guests: 8, pcpus: 4 },
  { guests: 16, pcpus: 8 },
]
const off: Scheduler = () => []

async function watch(scenario: Scenario, scheduler: Scheduler, ticks: number): Promise<Tick[]> {
  await using host = simulate(scenario)
  return await ticksOf(host, { interval, scheduler, ticks })
}

describe.each(sizes)('on $pcpus pCPUs with $guests guests', (size) => {
  const surplus = size.guests - 2
  const halves = size.guests - 4

  it.each([
    ['A1', surplus],
    ['A2', halves],
  ] as const)('%s: balanced by the fewest moves, and none follows', async (name, fewest) => {
    for (const seed of seeds) {
      const limits = {
        ticksToBalance: 3,
        moves: fewest,
        pins: fewest,
        movesAfterBalance: 0,
        ticksAfterBalance: 20,
      }
      const scenario = scenarios[name]({ ...size, seed })
      const verdict = judgeBalance(await watch(scenario, balance(), 26), { limits })
      expect(verdict.broken).toEqual([])
      expect(verdict.moves).toBe(fewest)
      expect(judgeBalance(await watch(scenario, off, 26), { limits }).passed).toBe(false)
    }
  })

  it.each(['A3', 'A6'] as const)('%s: no change at all', async (name) => {
    for (const seed of seeds) {
      const ticks = await watch(scenarios[name]({ ...size, seed }), balance(), 40)
      expect(ticks.flatMap((tick) => tick.plan)).toEqual([])
    }
  })

  it.each(['A4', 'A5'] as const)('%s: pinned once with few moves, and balanced for good', async (name) => {
    for (const seed of seeds) {
      const scenario = scenarios[name]({ ...size, seed })
      const ticks = await watch(scenario, balance(), 50)
      const verdict = judgeBalance(ticks)
      expect(verdict.pins).toBe(size.guests)
      expect(verdict.moves).toBeLessThanOrEqual(name === 'A4' ? size.guests / 2 : size.guests - 4)
      const pinnedAt = ticks.findIndex((tick) => tick.outcomes.length > 0)
      expect(pinnedAt).toBeLessThan(25)
      const after = judgeBalance(ticks.slice(pinnedAt + 1), { limits: { ticksToBalance: 0, pins: 0 } })
      expect(after.broken).toEqual([])
      expect(after.deviationPercent).toBeLessThan(1)
      const untouched = await watch(scenario, off, 50)
      expect(untouched.slice(-30).every((tick) => judgeBalance([tick]).passed)).toBe(false)
    }
  })

  it('A7: when half turn heavy it is balanced again within three samples by at most half as many moves', async () => {
    for (const seed of seeds) {
      const turn = 20_000 / interval
      const ticks = await watch(scenarios.A7({ ...size, seed }), balance(), 40)
      const since = ticks.slice(turn)
      const last = since.findLastIndex((tick) => tick.outcomes.length > 0)
      expect(last).toBeLessThanOrEqual(3)
      expect(judgeBalance(since).moves).toBeLessThanOrEqual(size.guests / 2)
      expect(judgeBalance(since.slice(last + 1)).lastDeviationPercent).toBeLessThan(5)
    }
  })
})

describe('A1 as the lab has it', () => {
  it('8 guests on two pCPUs: 4 moves, at intervals from half a second to ten', async () => {
    for (const every of [500, 1_000, 5_000, 10_000]) {
      await using host = simulate(scenarios.A1({ guests: 8, pcpus: 2 }))
      const ticks = await ticksOf(host, { interval: every, scheduler: balance(), ticks: 26 })
      const limits = { ticksToBalance: 3, moves: 4, pins: 4, movesAfterBalance: 0, ticksAfterBalance: 20 }
      expect(judgeBalance(ticks, { limits }).broken).toEqual([])
    }
  })
})

describe('five busy guests on four pCPUs', () => {
  it('come as near as can be by three moves, and then rest', async () => {
    const domains = Array.from({ length: 5 }, (_, guest) => {
      return { name: `busy${guest}`, vcpus: [{ affinity: '0', load: { kind: 'spin' } as const }] }
    })
    const ticks = await watch({ pcpus: 4, domains }, balance(), 60)
    expect(judgeBalance(ticks)).toMatchObject({ moves: 3, pins: 3 })
    expect(ticks.slice(5).flatMap((tick) => tick.plan)).toEqual([])
  })
})
