import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AutopilotOptions, autopilot } from '../../../../lib/control/autopilot.ts'
import { guard } from '../../../../lib/control/guard/guard.ts'
import { Ledger } from '../../../../lib/control/ledger/ledger.ts'
import type { Tick } from '../../../../lib/control/tick.ts'
import type { Host } from '../../../../lib/host/host.ts'
import { type Action, setMemory } from '../../../../lib/policy/plan.ts'
import { sentenceOf } from '../../../../lib/policy/reason.ts'
import { simulate } from '../../../../lib/simulation/index.ts'
import { GiB, MiB } from '../../../../lib/util/units.ts'
import type { View } from '../../../../lib/view/view.ts'
import { runs } from '../../../support/runs.ts'
import { FakeHost, guest } from '../fake-host.ts'
import { anyPlan, anyView, domainOverhead } from '../views.ts'

/** Takes a part of every guest's memory in each turn, whatever happens. */
const alwaysShrinks = (view: View) =>
  view.domains.map((domain) => setMemory(domain, 0.9 * (domain.memory.actual ?? GiB), 'smaller'))

/** vm1 says that it uses little, and swaps all the same with less than `least` bytes; vm2 never does. */
function swappingBelow(least: number, options: { memory?: number } = {}) {
  const host = new FakeHost([guest(1), guest(2)], options)
  const { sampleMemory } = host
  let swapped = 0
  let at = 0
  host.sampleMemory = async () => {
    const sample = await sampleMemory.call(host)
    const now = host.clock.now()
    if (host.guests[0]!.actual < least) swapped += (now - at) * 0.01 * MiB
    at = now
    sample.swapOut[0] = swapped
    return sample
  }
  return host
}

async function ticksOf(host: Host, options: Partial<AutopilotOptions> = {}): Promise<Tick[]> {
  const ticks: Tick[] = []
  const usual = { interval: 2_000, ticks: 10, ballooning: alwaysShrinks }
  for await (const tick of autopilot(host, { ...usual, ...options })) ticks.push(tick)
  return ticks
}

const rolledBack = (ticks: readonly Tick[]) => ticks.filter(({ rollbacks }) => rollbacks)
const sizes = (host: FakeHost, name: string) =>
  host.calls.filter((call) => call.startsWith(`setMemory ${name}`)).map((call) => Number(call.split(' ')[2]))

describe('a shrink after which the guest swaps', () => {
  it('is undone at its next report, by what it had before, and not repeated for three minutes', async () => {
    const host = swappingBelow(850 * MiB)
    const ticks = await ticksOf(host, { ticks: 80 })
    const [undone] = rolledBack(ticks)
    expect(undone!.rollbacks).toMatchObject([{ what: 'memory', reason: { kind: 'rollback-swap' } }])
    const { plan, reason } = undone!.rollbacks![0]!
    expect(plan).toMatchObject([{ domain: 'vm1', reason }])
    expect(sentenceOf(reason)).toMatch(/^rolled back: at 829 MiB it swapped out [\d.]+ MiB$/)
    // 1024 → 921.6 is fine; → 829.4 hurts; back to 921.6, and then no lower than the middle of both.
    expect(sizes(host, 'vm1').map(Math.round).slice(0, 4)).toEqual([922, 829, 922, 876])
    expect(host.guests[0]!.actual).toBeGreaterThanOrEqual(850 * MiB)
    const held = ticks.flatMap(({ clamps }) => clamps.filter(({ rule }) => rule === 'rolled-back'))
    expect(sentenceOf(held[0]!.cause)).toMatch(/^less than 876 MiB hurt it: not again for \d+ s$/)
    expect(sizes(host, 'vm2').length).toBeGreaterThan(5)
  })

  it('is tried again when the time is up, and held off twice as long then', async () => {
    const host = swappingBelow(850 * MiB)
    const ticks = await ticksOf(host, { ticks: 400 })
    const times = rolledBack(ticks).map(({ view }) => view.time / 1_000)
    expect(times.length).toBe(3)
    const [first, second, third] = times
    expect(second! - first!).toBeGreaterThanOrEqual(180)
    expect(third! - second!).toBeGreaterThanOrEqual(360)
  })

  it('is undone between two beats, too', async () => {
    const host = swappingBelow(950 * MiB)
    const ticks = await ticksOf(host, { interval: 20_000, ticks: 3 })
    const [undone] = rolledBack(ticks)
    expect(undone!.cause).toBe('emergency')
    expect(undone!.view.time).toBeLessThanOrEqual(10_000)
    expect(sizes(host, 'vm1')[1]).toBe(1024)
  })

  it('is undone as far as the host has memory, and the guard says so', async () => {
    const host = swappingBelow(950 * MiB)
    host.obstacle = (call) => {
      if (call === 'sampleMemory' && host.clock.now() > 0) host.available = 540 * MiB
    }
    const ticks = await ticksOf(host, { ticks: 4, hostMemoryReserve: 512 * MiB })
    expect(rolledBack(ticks)[0]!.clamps).toContainEqual(expect.objectContaining({ rule: 'host-reserve' }))
  })

  it('is no reason to hold memory back from a host that is short itself', async () => {
    const host = swappingBelow(950 * MiB)
    host.obstacle = (call) => {
      if (call === 'sampleMemory' && host.clock.now() >= 6_000) host.available = 100 * MiB
    }
    await ticksOf(host, { ticks: 12 })
    expect(Math.min(...sizes(host, 'vm1'))).toBeLessThan(900)
  })

  it('is left to a policy that answers it itself', async () => {
    const host = swappingBelow(850 * MiB)
    const answers = (view: View) =>
      view.domains.map((domain) => {
        const { actual = GiB, events } = domain.memory
        return setMemory(domain, (events?.underPressure ? 1.5 : 0.9) * actual, 'test')
      })
    const ticks = await ticksOf(host, { ballooning: answers })
    expect(rolledBack(ticks)).toEqual([])
    expect(sizes(host, 'vm1').map(Math.round).slice(0, 3)).toEqual([922, 829, 1244])
  })

  it('is nothing in a dry run', async () => {
    const host = swappingBelow(2 * GiB)
    expect(rolledBack(await ticksOf(host, { dryRun: true }))).toEqual([])
  })

  it('of a restarted guest is another guest’s', async () => {
    const host = swappingBelow(850 * MiB)
    host.obstacle = (call) => {
      if (call === 'sampleMemory' && host.guests[0]!.actual < 850 * MiB) host.guests[0]!.id = 9
    }
    const once = (view: View) => (view.domains[0]!.id === 9 ? [] : alwaysShrinks(view))
    expect(rolledBack(await ticksOf(host, { ballooning: once }))).toEqual([])
    expect(sizes(host, 'vm1')).toHaveLength(2)
  })

  it('is undone on the simulated host, once, when the guest wants its memory back just then', async () => {
    const memory = { maximum: GiB, swap: 'disk' as const }
    const program = { size: 700 * MiB, touch: 64 * MiB }
    const host = simulate({
      pcpus: 2,
      memory: 8 * GiB,
      domains: [{ name: 'busy', memory }],
      changes: [{ at: 5_500, domain: 'busy', kind: 'program', program }],
    })
    const twice = (view: View) => (view.time > 5_000 ? [] : alwaysShrinks(view))
    const ticks = await ticksOf(host, { interval: 1_000, ticks: 30, ballooning: twice })
    const [undone, ...more] = rolledBack(ticks)
    expect(more).toEqual([])
    const [before] = undone!.view.domains
    expect(ticks.at(-1)!.view.domains[0]!.memory.actual).toBeGreaterThan(before!.memory.actual!)
  })
})

describe('a size that hurt', () => {
  it('is gone below by no plan whatever, and keeps nobody from growing', () => {
    const limits = { guestFloor: 0, guestMargin: 0, domainOverhead }
    fc.assert(
      fc.property(anyView, anyPlan, fc.integer({ min: 1, max: 4096 }), (view, plan, mib) => {
        const free = guard(plan, view, limits, new Ledger())
        const ledger = new Ledger()
        for (const domain of view.domains) ledger.quarantine.sizeHurt(domain, mib * MiB, view.time)
        const held = guard(plan, view, limits, ledger)
        for (const action of held.plan) {
          if (action.kind !== 'setMemory') continue
          const { target, actual = 0 } = view.domains.find(({ uuid }) => uuid === action.uuid)!.memory
          expect(action.bytes).toBeGreaterThanOrEqual(Math.min(target ?? actual, mib * MiB))
        }
        const kept = (action: Action) => {
          const { target, actual = 0 } = view.domains.find(({ uuid }) => uuid === action.uuid)!.memory
          return action.kind !== 'setMemory' || action.bytes >= Math.min(target ?? actual, mib * MiB)
        }
        expect(held.plan).toEqual(expect.arrayContaining(free.plan.filter(kept)))
      }),
      { numRuns: runs(500) },
    )
  })
})
