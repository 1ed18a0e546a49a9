import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { shares } from '../../../lib/ballooning/shares.ts'
import { autopilot } from '../../../lib/control/autopilot.ts'
import { domainOverhead } from '../../../lib/control/defaults.ts'
import { memoryJournal } from '../../../lib/control/journal/journal.ts'
import { restore } from '../../../lib/control/restore/restore.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import type { Host } from '../../../lib/host/host.ts'
import { setMemory } from '../../../lib/policy/plan.ts'
import { balance } from '../../../lib/schedulers/balance.ts'
import { scenarios, simulate } from '../../../lib/simulation/index.ts'
import { GiB, MiB } from '../../../lib/util/units.ts'
import type { View } from '../../../lib/view/view.ts'
import { runs } from '../../support/runs.ts'

async function affinities(host: Host): Promise<string[]> {
  const { affinity } = await host.sampleCpu()
  return Array.from(affinity, (word) => word.toString(2))
}

describe('on the simulated host', () => {
  it('answers a guest that swaps between two beats within two statistics periods', async () => {
    const memory = { maximum: 2 * GiB, actual: 512 * MiB }
    const host = simulate({
      seed: 1,
      pcpus: 2,
      memory: 6 * GiB,
      domains: [
        { name: 'small', memory: { ...memory, swap: 'disk' } },
        { name: 'other', memory },
      ],
      changes: [
        {
          at: 41_000,
          domain: 'small',
          kind: 'program',
          program: { size: GiB, rate: 64 * MiB, touch: 64 * MiB },
        },
      ],
    })
    const ticks: Tick[] = []
    // Statistics period 5 s; beats at 40 and 60 s.
    for await (const tick of autopilot(host, { interval: 20_000, ticks: 6, ballooning: shares() }))
      ticks.push(tick)
    const helped = ticks.find(({ cause, view, outcomes }) => {
      const grown = outcomes.some(({ action }) => action.kind === 'setMemory' && action.domain === 'small')
      return cause === 'emergency' && view.time > 41_000 && grown
    })
    expect(helped?.view.time).toBeLessThanOrEqual(41_000 + 2 * 5_000)
    const beats = ticks.filter(({ cause }) => cause === 'interval')
    expect(beats.map(({ view }) => view.time)).toEqual([0, 20_000, 40_000, 60_000, 80_000, 100_000])
    const small = ticks.at(-1)!.view.domains[0]!
    expect(small.memory.actual).toBeGreaterThan(GiB)
    expect(small.memory.events).toMatchObject({ underPressure: false })
  })

  it('balances A1, then rests, and restores', async () => {
    const host = simulate(scenarios.A1())
    const before = await affinities(host)
    const journal = memoryJournal()
    const ticks: Tick[] = []
    for await (const tick of autopilot(host, { interval: 1_000, ticks: 12, scheduler: balance(), journal })) {
      ticks.push(tick)
    }
    const acted = ticks.filter(({ outcomes }) => outcomes.length > 0)
    expect(acted).toHaveLength(1)
    expect(acted[0]!.summary).toMatch(
      /: 8 guests, deviation 14\d\.\d %, lowest score \d+ \(\S+, CPU\), 6 pins \(6 moves\)$/,
    )
    expect(ticks.at(-1)!.summary).toMatch(/no change$/)
    expect(await affinities(host)).not.toEqual(before)

    const report = await restore(host, journal)
    expect(report.restored).toHaveLength(6)
    expect(await affinities(host)).toEqual(before)
  })

  it('keeps its beat while a guest is stuck, says so, and has it back when it answers', async () => {
    const scenario = scenarios.A1({ guests: 4, pcpus: 2 })
    const { name } = scenario.domains[3]!
    const host = simulate({
      ...scenario,
      changes: [
        { at: 4_500, domain: name, kind: 'stick' },
        { at: 20_500, domain: name, kind: 'unstick' },
      ],
    })
    const ticks: Tick[] = []
    for await (const tick of autopilot(host, { interval: 1_000, ticks: 26, scheduler: balance() }))
      ticks.push(tick)
    for (const { timing } of ticks.slice(1)) expect(timing.period).toBe(1_000)
    const stuck = ticks.filter(({ skipped }) => skipped.some(({ domain }) => domain === name))
    expect(stuck[0]!.index).toBeLessThanOrEqual(7)
    expect(stuck.at(-1)!.index).toBeLessThanOrEqual(22)
    expect(stuck.at(-1)!.index).toBeGreaterThanOrEqual(20)
    const others = ticks
      .slice(3, 20)
      .flatMap(({ view }) => view.vcpus.filter(({ domain }) => domain.name !== name))
    expect(others.every(({ usage }) => usage !== undefined)).toBe(true)
  })

  it('never has more memory out than the budget, whatever the policy asks for and however late it sees', async () => {
    const reserve = 400 * MiB
    const sizes = fc.array(fc.array(fc.integer({ min: 100, max: 2048 }), { minLength: 4, maxLength: 4 }), {
      minLength: 8,
      maxLength: 8,
    })
    const run = async (plan: number[][], stuck: number) => {
      const scenario = scenarios.M1({ memory: 4 * GiB })
      const { name } = scenario.domains[stuck]!
      const host = simulate({
        ...scenario,
        memoryDeadline: 2_500,
        changes: [
          { at: 3_200, domain: name, kind: 'stick' },
          { at: 9_100, domain: name, kind: 'unstick' },
        ],
      })
      const wild = (view: View) => {
        const row = plan[Math.floor(view.time / 2_000) % plan.length]!
        return view.domains.map((domain, index) => setMemory(domain, row[index]! * MiB, 'wild'))
      }
      for await (const { view } of autopilot(host, {
        interval: 1_000,
        ticks: 24,
        ballooning: wild,
        hostMemoryReserve: reserve,
      })) {
        const { actual } = await host.sampleMemory()
        const out = actual.reduce((sum, bytes) => sum + bytes + domainOverhead, 0)
        expect(out).toBeLessThanOrEqual(Math.max(view.memory.budget, 4 * (512 * MiB + domainOverhead)))
      }
    }
    await fc.assert(fc.asyncProperty(sizes, fc.nat(3), run), { numRuns: runs(25) })
  })
})
