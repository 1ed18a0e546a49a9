import { describe, expect, it } from 'vitest'
import { freeMemory } from '../../../lib/ballooning/free-memory.ts'
import { cagma, idleTax, mom, proxmox, qubes, squeezed } from '../../../lib/ballooning/index.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import type { Ballooning } from '../../../lib/policy/plan.ts'
import { type DomainScenario, type Scenario, simulate } from '../../../lib/simulation/index.ts'
import { GiB, MiB } from '../../../lib/util/units.ts'
import type { DomainMemoryView, MemoryHold } from '../../../lib/view/view.ts'
import { firstPlan, type GuestShape, hostOf } from '../../unit/ballooning/hosts.ts'
import { published } from '../../unit/ballooning/policies.ts'
import { ticksOf } from '../../unit/schedulers/ticks.ts'

describe.each(Object.entries(published))('%s', (_, policy) => {
  // A host that is short, and one that has plenty: everybody shrinks, or grows.
  const hosts = [
    { total: 2_600, available: 100 },
    { total: 20_000, available: 18_000 },
  ]
  const asked = (guests: GuestShape[]) =>
    hosts.map((host) => firstPlan(policy(), hostOf({ ...host, guests })).map(({ domain }) => domain))
  const full = (change: Partial<GuestShape>): GuestShape[] => [
    { name: 'full', actual: 1_000, used: 1_000, ...change },
    { name: 'empty', actual: 1_500, ...change },
  ]

  it('changes both of two guests, one full and one empty', () => {
    expect(new Set(asked(full({})).flat())).toEqual(new Set(['full', 'empty']))
  })

  const holds: MemoryHold[] = ['not running', 'stuck', 'no statistics', 'stale statistics']
  it.each(holds)('leaves them alone on hold for "%s"', (hold) => {
    expect(asked(full({ memory: { hold } }))).toEqual([[], []])
  })

  it('and when they are not to be managed', () => {
    expect(asked(full({ settings: { managed: false } }))).toEqual([[], []])
  })

  const unknown: Partial<DomainMemoryView>[] = [
    { actual: undefined },
    { maximum: undefined },
    { unused: undefined },
  ]
  it.each(unknown)('and when %o is not known', (memory) => {
    expect(asked(full({ memory }))).toEqual([[], []])
  })

  it('does without a total and without MemAvailable', () => {
    const guests = full({ memory: { available: undefined, usable: undefined } })
    expect(new Set(asked(guests).flat())).toEqual(new Set(['full', 'empty']))
  })

  it('does nothing where there is nobody', () => {
    expect(asked([])).toEqual([[], []])
  })
})

interface Run {
  readonly ticks: readonly Tick[]
  /** What each guest has at the end: bytes swapped out, programs that were killed. */
  readonly swapped: (name: string) => number
  readonly killed: number
}

async function run(scenario: Scenario, ballooning: Ballooning, seconds: number): Promise<Run> {
  await using host = simulate(scenario)
  const ticks = await ticksOf(host, { interval: 2_000, ballooning, ticks: seconds / 2 })
  const domains = await host.domains()
  return {
    ticks,
    swapped: (name) => host.truth(domains.find((domain) => domain.name === name)!.uuid)!.swapped,
    killed: domains.reduce((sum, { uuid }) => sum + host.truth(uuid)!.programsKilled, 0),
  }
}

const sizeOf = (tick: Tick, name: string) =>
  tick.view.domains.find((one) => one.name === name)!.memory.actual!
const lastSize = ({ ticks }: Run, name: string) => sizeOf(ticks.at(-1)!, name)
const budgetHeld = ({ ticks }: Run) =>
  ticks.every(({ view: { memory } }) => memory.committed <= memory.budget)

/** A giant that once used all that it has, and uses little of it now, beside a dwarf that swaps. */
function giantAndDwarf(): Scenario {
  const dwarf: DomainScenario = {
    name: 'dwarf',
    memory: {
      maximum: 2 * GiB,
      actual: 300 * MiB,
      swap: 'disk',
      program: { size: 600 * MiB, rate: 20 * MiB, touch: 20 * MiB },
    },
  }
  const giant: DomainScenario = {
    name: 'giant',
    memory: { maximum: 3 * GiB, program: { size: 2.8 * GiB } },
  }
  return {
    pcpus: 2,
    memory: 4.25 * GiB,
    domains: [dwarf, giant],
    changes: [{ at: 1_000, domain: 'giant', kind: 'program', program: { size: 64 * MiB } }],
  }
}

describe('a giant that is idle beside a dwarf that swaps', () => {
  it('proxmox: the dwarf starves at its minimum while the giant keeps gigabytes', async () => {
    const ended = await run(giantAndDwarf(), proxmox(), 300)
    expect(lastSize(ended, 'dwarf')).toBeLessThan(420 * MiB)
    expect(lastSize(ended, 'giant')).toBeGreaterThan(2.5 * GiB)
    expect(ended.swapped('dwarf')).toBeGreaterThan(200 * MiB)
  })

  it.each<[string, Ballooning]>([
    ['idleTax', idleTax()],
    ['cagma', cagma()],
    ['qubes', qubes()],
  ])('%s: the giant gives, and the dwarf swaps no more', async (_, policy) => {
    const ended = await run(giantAndDwarf(), policy, 300)
    expect(lastSize(ended, 'dwarf')).toBeGreaterThan(600 * MiB)
    expect(lastSize(ended, 'giant')).toBeLessThan(2.5 * GiB)
    expect(ended.swapped('dwarf')).toBeLessThan(32 * MiB)
    expect(budgetHeld(ended)).toBe(true)
  })
})

const four = (memory: number): Scenario => ({
  pcpus: 2,
  memory,
  domains: [1, 2, 3, 4].map((i) => {
    return { name: `guest${i}`, memory: { maximum: 2 * GiB, actual: 512 * MiB } }
  }),
})

describe('four idle guests', () => {
  it('mom: all grow without a budget, until the guard says that the host has no more', async () => {
    const ended = await run(four(4 * GiB), mom(), 400)
    const clamped = ended.ticks.flatMap(({ clamps }) => clamps).filter(({ rule }) => rule === 'host-reserve')
    expect(clamped.length).toBeGreaterThan(4)
    expect(budgetHeld(ended)).toBe(true)
    expect(lastSize(ended, 'guest1')).toBeGreaterThan(600 * MiB)
  })

  it('proxmox: memory that is granted and not touched looks free, and is granted again', async () => {
    const ended = await run(four(4 * GiB), proxmox(), 400)
    expect(ended.ticks.flatMap(({ clamps }) => clamps).map(({ rule }) => rule)).toContain('host-reserve')
    expect(budgetHeld(ended)).toBe(true)
  })

  it.each<[string, Ballooning]>([
    ['qubes', qubes()],
    ['squeezed', squeezed()],
  ])('%s: they have all that there is, and rest then', async (_, policy) => {
    const ended = await run(four(4 * GiB), policy, 120)
    expect(budgetHeld(ended)).toBe(true)
    expect(freeMemory(ended.ticks.at(-1)!.view)).toBeGreaterThanOrEqual(0)
    expect(freeMemory(ended.ticks.at(-1)!.view)).toBeLessThan(64 * MiB)
    expect(ended.ticks.slice(-20).flatMap(({ outcomes }) => outcomes)).toEqual([])
  })

  it('idleTax: they have all but 7 % of the host, and rest then', async () => {
    const ended = await run(four(4 * GiB), idleTax(), 120)
    const { view } = ended.ticks.at(-1)!
    expect(freeMemory(view) / view.memory.total).toBeGreaterThan(0.06)
    expect(freeMemory(view) / view.memory.total).toBeLessThan(0.09)
    expect(ended.ticks.slice(-20).flatMap(({ outcomes }) => outcomes)).toEqual([])
  })

  it('cagma: they come down to 256 MiB, and rest then', async () => {
    const ended = await run(four(4 * GiB), cagma(), 60)
    expect(lastSize(ended, 'guest1')).toBe(256 * MiB)
    expect(ended.ticks.slice(-10).flatMap(({ outcomes }) => outcomes)).toEqual([])
  })

  it('mom: on a large host all come to their maximum, and rest then', async () => {
    const ended = await run(four(16 * GiB), mom(), 340)
    expect(lastSize(ended, 'guest1')).toBe(2 * GiB)
    expect(ended.ticks.slice(-10).flatMap(({ outcomes }) => outcomes)).toEqual([])
  })
})

it('cagma: what it would take from the margin of a guest, the guard keeps there, and says so', async () => {
  const domains = [{ name: 'a', memory: { maximum: 2 * GiB, program: { size: 600 * MiB } } }]
  const ended = await run({ pcpus: 1, memory: 4 * GiB, domains }, cagma(), 60)
  const [floor] = ended.ticks.flatMap(({ clamps }) => clamps)
  expect(floor).toMatchObject({ rule: 'guest-floor', cause: { kind: 'below-use', margin: 100 * MiB } })
  expect(ended.killed).toBe(0)
  expect(ended.ticks.at(-1)!.view.domains[0]!.memory.usable).toBeGreaterThanOrEqual(99 * MiB)
  expect(ended.ticks.slice(-10).flatMap(({ outcomes }) => outcomes)).toEqual([])
})

it('mom: guests of a host with next to nothing free are to swap, and the guard does not let it', async () => {
  const domains = [1, 2].map((i): DomainScenario => {
    const program = { size: 1_500 * MiB }
    return { name: `guest${i}`, memory: { maximum: 1_792 * MiB, swap: 'disk', program } }
  })
  const ended = await run({ pcpus: 1, memory: 3.3 * GiB, domains }, mom(), 120)
  expect(ended.ticks.flatMap(({ clamps }) => clamps).map(({ rule }) => rule)).toContain('guest-floor')
  expect([ended.swapped('guest1'), ended.swapped('guest2')]).toEqual([0, 0])
})
