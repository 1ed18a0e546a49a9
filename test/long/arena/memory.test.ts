import { describe, expect, it } from 'vitest'
import { memoryContests } from '../../../bench/arena/memory/contests.ts'
import { judgeMemory } from '../../../bench/arena/memory/judge.ts'
import { Watcher } from '../../../bench/arena/memory/moment.ts'
import { memoryPolicies, subject } from '../../../bench/arena/memory/policies.ts'
import { Residence } from '../../../bench/arena/memory/residence.ts'
import { type MemoryResult, runMemory } from '../../../bench/arena/memory/run.ts'
import { memoryRow, memoryTable } from '../../../bench/arena/memory/table.ts'
import { autopilot } from '../../../lib/control/autopilot.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import { type Scenario, simulate } from '../../../lib/simulation/index.ts'
import { GiB, MiB } from '../../../lib/util/units.ts'

/** Seconds of work: a busy machine takes its time for it. */
const timeout = 240_000
const quick = ['M1-4', 'M2-4', 'M3-4', 'M4-4', 'GIANT', 'GROW25', 'GROW100', 'NO-DRIVER', 'COMERS']

const resultOf = (contest: string, policy: string, watched = 0) =>
  runMemory({ contest, policy, seed: 1, watched })
const as = (policy: string, result: MemoryResult) => ({ ...result, policy })

describe('the arena, memory side', { timeout }, () => {
  it.each(quick)('%s: there is memory for all, shares kills nobody and comes to rest', async (contest) => {
    const shares = await resultOf(contest, subject, 100)
    const none = await resultOf(contest, 'none')
    expect(judgeMemory([shares, none], subject)).toEqual([])
    expect(shares.figures).toMatchObject({
      feasible: true,
      killed: 0,
      brokenMiB: 0,
      stall: 0,
      actionsAtRest: 0,
    })
    expect(shares.figures.ticksAtRest).toBeGreaterThan(50)
    expect(none.figures.feasible).toBe(true)
    expect(none.figures.stall).toBeGreaterThan(100)
  })

  it('tells who kills, waits too long, and does not rest', async () => {
    const good = await resultOf('M1-4', subject)
    const bad = await resultOf('M1-4', 'none')
    const claims = (results: readonly MemoryResult[]) =>
      judgeMemory(results, subject).map(({ claim }) => claim)
    expect(claims([as(subject, bad), as('other', good)])).toEqual(['safe', 'leastStall', 'nearBest'])
    const figures = (more: Partial<MemoryResult['figures']>) => ({
      ...good,
      figures: { ...good.figures, ...more },
    })
    expect(claims([figures({ actionsAtRest: 1 })])).toEqual(['rest'])
    expect(claims([figures({ brokenMiB: 1 })])).toEqual(['safe'])
    expect(claims([figures({ stall: 10 }), as('other', figures({ stall: 9.5 }))])).toEqual(['leastStall'])
    expect(claims([figures({ stall: 0.1 }), as('other', good)])).toEqual([])
    expect(claims([figures({ feasible: false, killed: 3, stall: 900 }), as('other', good)])).toEqual([])
  })

  it('knows a host that is too small for all, whatever the policy', async () => {
    for (const policy of [subject, 'none']) {
      expect((await resultOf('CROWD', policy)).figures.feasible).toBe(false)
    }
  })

  it('has contests that can be simulated, each with a name of its own', () => {
    expect(new Set(memoryContests.map(({ name }) => name)).size).toBe(memoryContests.length)
    for (const { scenario } of memoryContests) expect(() => simulate(scenario(2))).not.toThrow()
    expect(Object.keys(memoryPolicies)).toEqual(expect.arrayContaining([subject, 'none']))
  })

  it('shows a contest as a table, with tasks where there are some', async () => {
    const contest = memoryContests.find(({ name }) => name === 'CAGMA')!
    const row = memoryRow([await resultOf('CAGMA', 'none'), await resultOf('CAGMA', 'none')])
    const [head, titles, none] = memoryTable(contest, [row]).split('\n')
    expect(head).toContain('there is memory for all')
    expect(titles).toMatch(/stall .*residence +disk reads$/)
    expect(none).toMatch(/^ {2}none +\d+\.\d s/)
  })
})

describe('what was granted', () => {
  const scenario: Scenario = {
    pcpus: 1,
    memory: 2 * GiB,
    domains: [{ name: 'guest', memory: { maximum: 2 * GiB, actual: 512 * MiB } }],
  }

  it('is held against what the host has above its reserve', async () => {
    const host = simulate(scenario)
    let seen: Tick | undefined
    for await (const tick of autopilot(host, { interval: 1_000, ticks: 1 })) seen = tick
    const { uuid } = await host.domain('guest')
    const watcher = new Watcher(host, scenario, 512 * MiB)
    const grant = async (bytes: number) => {
      await host.setMemory(uuid, bytes)
      const reason = { kind: 'custom', text: 'a test' } as const
      const action = { kind: 'setMemory', uuid, domain: 'guest', bytes, reason } as const
      const outcome = { action, status: 'applied', error: undefined, duration: 0 } as const
      return watcher.look({ ...seen!, outcomes: [outcome] })
    }
    // 2,048 MiB less the reserve, 384 MiB of the host's own and 64 MiB of QEMU.
    const most = (2_048 - 512 - 384 - 64) * MiB
    expect(await grant(most)).toMatchObject({ broken: 0, actions: 1 })
    expect(await grant(most + 100 * MiB)).toMatchObject({ broken: 100 * MiB })
    expect(await grant(most)).toMatchObject({ broken: 0 })
  })
})

describe('the residence of tasks', () => {
  const size = 48 * MiB
  const scenario = (actual: number): Scenario => ({
    pcpus: 1,
    domains: [
      {
        name: 'guest',
        memory: { maximum: 1 * GiB, actual, swap: 'disk', program: { size: 8 * size, touch: 8 * 12 * MiB } },
      },
    ],
  })
  const residence = async (actual: number) => {
    const host = simulate(scenario(actual))
    const watched = new Residence(host, scenario(actual), { guests: ['guest'], size, work: 10 })
    for (const time of [20_000, 40_000, 60_000]) {
      await host.clock.sleepUntil(time)
      await watched.look(time)
    }
    const { uuid } = await host.domain('guest')
    return { mean: watched.mean, stalled: host.truth(uuid)!.stalled }
  }

  it('is their work where they never wait, and grows by what they wait', async () => {
    expect((await residence(1 * GiB)).mean).toBe(10)
    const { mean, stalled } = await residence(384 * MiB)
    expect(stalled).toBeGreaterThan(5_000)
    expect(mean).toBeCloseTo((10 * 60_000) / (60_000 - stalled), 6)
  })
})
