import { describe, expect, it } from 'vitest'
import { shares } from '../../../../lib/ballooning/index.ts'
import type { Tick } from '../../../../lib/control/tick.ts'
import { type Scenario, scenarios, simulate } from '../../../../lib/simulation/index.ts'
import { GiB, MiB } from '../../../../lib/util/units.ts'
import { judgeMemory } from '../../../support/verdict.ts'
import { ticksOf } from '../../../unit/schedulers/ticks.ts'

const all = ['guest1', 'guest2', 'guest3', 'guest4']

interface Run {
  readonly ticks: readonly Tick[]
  /** Names of the guests whose OOM killer acted. */
  readonly programsLost: readonly string[]
}

/** Runs a scenario for so many virtual milliseconds. */
async function watch(scenario: Scenario, interval = 2_000, duration = 260_000): Promise<Run> {
  await using host = simulate(scenario)
  const ticks = await ticksOf(host, {
    interval,
    ballooning: shares(),
    ticks: Math.round(duration / interval),
  })
  const domains = await host.domains()
  const lost = domains.filter(({ uuid }) => (host.truth(uuid)?.programsKilled ?? 0) > 0)
  return { ticks, programsLost: lost.map(({ name }) => name) }
}

describe('M1', () => {
  it.each([1_000, 2_000, 4_000])(
    'at an interval of %i ms: it grows to its maximum, the idle ones give, and it gives back',
    async (interval) => {
      for (const seed of [1, 2]) {
        const { ticks, programsLost } = await watch(scenarios.M1({ seed }), interval)
        const verdict = judgeMemory(ticks, { growing: ['guest1'], programsLost })
        expect(verdict.broken).toEqual([])
        expect(verdict.minimumUnused).toBeLessThan(192 * MiB)
        expect(verdict.quietTicks).toBeGreaterThan(5)
        expect(ticks.flatMap((tick) => tick.clamps)).toEqual([])
      }
    },
  )
})

describe('M2', () => {
  it.each([4, 4.5])(
    'on %d GiB all grow together, similar sizes at all times, and give back',
    async (memory) => {
      const { ticks, programsLost } = await watch({ ...scenarios.M2(), memory: memory * GiB })
      expect(programsLost).toEqual([])
      for (const { view } of ticks) {
        const sizes = view.domains.map((domain) => domain.memory.actual!)
        expect(Math.max(...sizes)).toBeLessThan(1.1 * Math.min(...sizes))
      }
      const verdict = judgeMemory(ticks, { growing: all, programsLost })
      expect(verdict.hostReserveHeld).toBe(true)
      expect(verdict.guests.every(({ gaveBack }) => gaveBack)).toBe(true)
    },
  )
})

describe.each(['M3', 'M4'] as const)('%s', (name) => {
  it.each([4, 4.5])('on %d GiB memory moves from those that stop to those that go on', async (memory) => {
    const { ticks, programsLost } = await watch({ ...scenarios[name](), memory: memory * GiB })
    const verdict = judgeMemory(ticks, { growing: all, programsLost })
    expect(programsLost).toEqual([])
    expect(verdict.hostReserveHeld).toBe(true)
    const goesOn = verdict.guests[name === 'M3' ? 2 : 1]!
    expect(goesOn.highestActual).toBeGreaterThan(1.1 * GiB)
    expect(goesOn.gaveBack).toBe(true)
    expect(verdict.guests[0]!.highestActual).toBeLessThan(1 * GiB)
    expect(verdict.quietTicks).toBeGreaterThan(5)
  })
})

describe('growth by 100 MB/s out of rest', () => {
  it.each([1_000, 2_000, 3_000])('kills nothing at an interval of %i ms', async (interval) => {
    for (const offset of [0, 300, 700, 1_200, 1_600]) {
      const run = {
        at: 30_000 + offset,
        domain: 'guest1',
        kind: 'program',
        program: { size: 1_700 * MiB, rate: 100e6 },
      } as const
      const { changes: _, ...host } = scenarios.M1()
      const { programsLost } = await watch({ ...host, changes: [run] }, interval, 60_000)
      expect(programsLost).toEqual([])
    }
  })
})

describe('at rest', () => {
  it('does nothing for 1,000 ticks, page cache, programs and small guests or not', async () => {
    const guest = (name: string, maximum: number, actual: number, held: number, cache: number) => {
      return { name, memory: { maximum, actual, cache, program: { size: held } } }
    }
    const { ticks } = await watch(
      {
        pcpus: 2,
        memory: 12 * GiB,
        domains: [
          guest('idle', 2 * GiB, 2 * GiB, 0, 32 * MiB),
          guest('cached', 2 * GiB, 1 * GiB, 200 * MiB, 700 * MiB),
          guest('small', 4 * GiB, 256 * MiB, 100 * MiB, 8 * MiB),
          guest('busy', 4 * GiB, 2 * GiB, 1_700 * MiB, 100 * MiB),
        ],
      },
      1_000,
      1_060_000,
    )
    const acted = ticks.filter(({ outcomes }) => outcomes.length > 0)
    expect(acted.every(({ index }) => index < 60)).toBe(true)
  })
})
