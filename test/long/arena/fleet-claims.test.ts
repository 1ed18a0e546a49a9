import { describe, expect, it } from 'vitest'
import { fleetContests } from '../../../bench/arena/fleet/contests.ts'
import { judgeFleet } from '../../../bench/arena/fleet/judge.ts'
import { optimumOf } from '../../../bench/arena/fleet/optimum.ts'
import { type FleetResult, runFleet } from '../../../bench/arena/fleet/run.ts'
import { fleetRow, fleetTable } from '../../../bench/arena/fleet/table.ts'

const none = { moves: 0, delayAfter: 1, deviationAfter: 1 }

function fleetOf(homes: Readonly<Record<string, readonly number[]>>, pcpus = 2) {
  return {
    hosts: Object.keys(homes).map((name) => ({ name, pcpus, memory: 1e12 })),
    guests: Object.entries(homes).flatMap(([host, demands]) =>
      demands.map((demand, i) => ({
        name: `${host}${i}`,
        host,
        vcpus: 1,
        memory: 1e9,
        demand: { kind: 'steady' as const, demand },
      })),
    ),
  }
}

describe("the fleet arena's optimum", () => {
  it('is what is there when nothing may be moved', () => {
    const optimum = optimumOf(fleetOf({ a: [1, 1, 1], b: [] }), none)
    expect(optimum.moves).toBe(0)
    expect(optimum.delay).toBeCloseTo(0.5, 2)
    expect(optimum.deviation).toBeCloseTo(0.75, 6)
  })

  it('is the best that as many moves lead to', () => {
    const optimum = optimumOf(fleetOf({ a: [1, 1, 1, 1], b: [] }), {
      moves: 2,
      delayAfter: 0,
      deviationAfter: 0,
    })
    expect(optimum).toEqual({ deviation: expect.closeTo(0, 6), delay: 0, moves: 2 })
  })

  it('knows with how few moves the same can be had', () => {
    // Of three that could leave, the one of 1 pCPU alone is enough.
    const fleet = fleetOf({ a: [1, 0.6, 0.5, 0.4], b: [0.4] })
    const optimum = optimumOf(fleet, { moves: 2, delayAfter: 0.4, deviationAfter: 0.1 })
    expect(optimum.moves).toBe(1)
  })
})

describe("the fleet arena's contests", () => {
  it('are twenty at least, from two hosts to a hundred, and eleven are complaints about others', () => {
    const names = fleetContests.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(names.length).toBeGreaterThanOrEqual(20)
    expect(fleetContests.filter(({ reported }) => reported !== undefined)).toHaveLength(11)
    const sizes = fleetContests.map(({ scenario }) => scenario(1).hosts.length)
    expect([Math.min(...sizes), Math.max(...sizes)]).toEqual([2, 100])
  })

  it.each(fleetContests.filter(({ optimum }) => optimum).map((contest) => [contest.name, contest] as const))(
    '%s has an optimum: hosts that are alike, steady demands, memory for all',
    (_, { scenario }) => {
      const { hosts, guests, changes = [] } = scenario(2)
      expect(new Set(hosts.map(({ pcpus }) => pcpus)).size).toBe(1)
      expect(guests.every(({ demand }) => demand.kind === 'steady')).toBe(true)
      expect(changes).toEqual([])
      const all = guests.reduce((sum, { memory }) => sum + memory, 0)
      expect(all).toBeLessThan(0.85 * Math.min(...hosts.map(({ memory }) => memory)))
    },
  )
})

describe("the fleet arena's judge", () => {
  it('finds nothing wrong with balance where all guests are on one host, and says so in a table', async () => {
    const result = await runFleet({ contest: 'LOPSIDED', policy: 'balance', seed: 1, watched: 20 })
    expect(judgeFleet([result], 'balance')).toEqual([])
    expect(result.figures).toMatchObject({ roundsAtRest: 20, failed: 0, mostOfOne: 1 })
    const contest = fleetContests.find(({ name }) => name === 'LOPSIDED')!
    const table = fleetTable(contest, [fleetRow([result])])
    expect(table).toMatch(/balance +\d+\.\d%>0\.0% \(0\.0%\)/)
  })

  it.each([
    ['budget', { overfilledByMove: 5 }],
    ['rules', { rulesBroken: 1 }],
    ['lost', { homesAfter: {} }],
    ['rest', { movesAtRest: 1 }],
    ['optimum', { delayAfter: 0.5 }],
    ['moves', { moves: 12 }],
  ] as const)('finds %s broken', async (claim, change) => {
    const result = await runFleet({ contest: 'LOPSIDED', policy: 'balance', seed: 1, watched: 0 })
    const wrong = { ...result, figures: { ...result.figures, ...change } }
    expect(judgeFleet([wrong], 'balance').map((one) => one.claim)).toContain(claim)
  })

  it('finds that another policy does better', async () => {
    const own = await runFleet({ contest: 'LOPSIDED', policy: 'balance', seed: 1, watched: 0 })
    const usage = (figures: Partial<FleetResult['figures']>): FleetResult => ({
      ...own,
      policy: 'usage',
      figures: { ...own.figures, ...figures },
    })
    expect(judgeFleet([own, usage({ moves: own.figures.moves - 1 })], 'balance')).toMatchObject([
      { claim: 'usage' },
    ])
    const slow = { ...own, figures: { ...own.figures, delayAfter: 0.045 }, optimum: undefined }
    expect(judgeFleet([slow, usage({ delayAfter: 0 })], 'balance')).toEqual([])
    const slower = { ...slow, figures: { ...slow.figures, delayAfter: 0.06 } }
    expect(judgeFleet([slower, usage({ delayAfter: 0 })], 'balance')).toMatchObject([{ claim: 'usage' }])
  })

  it('finds what a contest is about not to be so', async () => {
    const result = await runFleet({ contest: 'DRY-RUN', policy: 'balance', seed: 1, watched: 0 })
    expect(judgeFleet([result], 'balance')).toEqual([])
    const wrong = { ...result, figures: { ...result.figures, coolingDown: 2 } }
    expect(judgeFleet([wrong], 'balance')).toMatchObject([{ claim: 'expected' }])
  })
})
