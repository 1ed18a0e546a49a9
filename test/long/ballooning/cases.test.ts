import { describe, expect, it } from 'vitest'
import { watermark } from '../../../lib/ballooning/index.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import type { Ballooning } from '../../../lib/policy/plan.ts'
import { type Scenario, scenarios, simulate } from '../../../lib/simulation/index.ts'
import { GiB, MiB } from '../../../lib/util/units.ts'
import { judgeMemory } from '../../support/verdict.ts'
import { ticksOf } from '../../unit/schedulers/ticks.ts'

const off: Ballooning = () => []
const all = ['guest1', 'guest2', 'guest3', 'guest4']

interface Run {
  readonly ticks: readonly Tick[]
  /** Names of the guests whose OOM killer acted. */
  readonly programsLost: readonly string[]
}

/** Runs a case for 260 virtual seconds. */
async function watch(scenario: Scenario, ballooning: Ballooning, interval = 2_000): Promise<Run> {
  await using host = simulate(scenario)
  const ticks = await ticksOf(host, { interval, ballooning, ticks: 260_000 / interval })
  const domains = await host.domains()
  const lost = domains.filter(({ uuid }) => (host.truth(uuid)?.programsKilled ?? 0) > 0)
  return { ticks, programsLost: lost.map(({ name }) => name) }
}

describe('M1', () => {
  it.each([1_000, 2_000, 4_000])(
    'at an interval of %i ms: it grows to its maximum, and gives back',
    async (interval) => {
      for (const seed of [1, 2, 3]) {
        const { ticks, programsLost } = await watch(scenarios.M1({ seed }), watermark(), interval)
        const verdict = judgeMemory(ticks, { growing: ['guest1'], programsLost })
        expect(verdict.broken).toEqual([])
        expect(verdict.minimumUnused).toBeLessThan(192 * MiB)
        expect(verdict.quietTicks).toBeGreaterThan(5)
        expect(ticks.flatMap((tick) => tick.clamps)).toEqual([])
      }
    },
  )

  it('fails without it: the program is lost', async () => {
    const { ticks, programsLost } = await watch(scenarios.M1(), off)
    expect(programsLost).toEqual(['guest1'])
    expect(judgeMemory(ticks, { growing: ['guest1'], programsLost }).passed).toBe(false)
  })
})

describe('M2', () => {
  it('all grow together, similar sizes at all times, up to what the host has, and give back', async () => {
    const { ticks, programsLost } = await watch({ ...scenarios.M2(), memory: 4.5 * GiB }, watermark())
    expect(programsLost).toEqual([])
    for (const { view } of ticks) {
      const sizes = view.domains.map((domain) => domain.memory.actual!)
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThan(64 * MiB)
    }
    const verdict = judgeMemory(ticks, { growing: [], programsLost })
    expect(verdict.hostReserveHeld).toBe(true)
    expect(verdict.guests.every(({ highestActual, lastActual }) => highestActual! > 2 * lastActual!)).toBe(
      true,
    )
  })

  it('loses no program on a host with less than they want, and keeps its reserve', async () => {
    const { ticks, programsLost } = await watch(scenarios.M2(), watermark())
    expect(programsLost).toEqual([])
    expect(judgeMemory(ticks, { growing: all, programsLost }).hostReserveHeld).toBe(true)
  })

  it('fails without it', async () => {
    expect((await watch({ ...scenarios.M2(), memory: 4.5 * GiB }, off)).programsLost).toEqual(all)
  })
})

describe.each(['M3', 'M4'] as const)('%s', (name) => {
  const scenario = { ...scenarios[name](), memory: 4.5 * GiB }

  it('memory moves from those that stop to those that go on', async () => {
    const { ticks, programsLost } = await watch(scenario, watermark())
    const verdict = judgeMemory(ticks, { growing: all, programsLost })
    expect(programsLost).toEqual([])
    expect(verdict.hostReserveHeld).toBe(true)
    const goesOn = verdict.guests[name === 'M3' ? 2 : 1]!
    expect(goesOn.highestActual).toBeGreaterThan(1.2 * GiB)
    expect(goesOn.gaveBack).toBe(true)
    expect(verdict.guests[0]!.highestActual).toBeLessThan(1 * GiB)
    expect(verdict.quietTicks).toBeGreaterThan(5)
  })

  it('fails without it', async () => {
    expect((await watch(scenario, off)).programsLost.length).toBeGreaterThan(0)
  })
})
