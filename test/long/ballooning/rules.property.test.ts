import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Journal, memoryJournal, subjectOf } from '../../../lib/control/journal/journal.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import type { Ballooning, SetMemoryAction } from '../../../lib/policy/plan.ts'
import { type Change, type DomainScenario, type Scenario, simulate } from '../../../lib/simulation/index.ts'
import { KiB, MiB } from '../../../lib/util/units.ts'
import { commitment } from '../../../lib/view/memory/commitment.ts'
import type { DomainView, View } from '../../../lib/view/view.ts'
import { runs } from '../../support/runs.ts'
import { policies } from '../../unit/ballooning/policies.ts'
import { ticksOf } from '../../unit/schedulers/ticks.ts'
import { seeded } from '../../unit/schedulers/world.ts'

const names = ['a', 'b', 'c', 'd']
const guestFloor = 150 * MiB
const guestMargin = 90 * MiB
const hostMemoryReserve = 400 * MiB
const domainOverhead = 64 * MiB
/** Bytes: what a simulated guest holds is no whole number, and sums of such are not exact. */
const rounding = 1

/** Wants what comes into its head, of whom it likes, and now and then fails. */
const nonsense = (seed: number): Ballooning => {
  const random = seeded(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  const anySize = () =>
    pick([
      0,
      -MiB,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      1e300,
      1,
      0.5,
      ...Array(9).fill(4_096 * random() * MiB),
    ])
  return (view) => {
    if (random() < 0.1) throw new Error('out of its mind')
    const uuids = [...view.domains.map(({ uuid }) => uuid), 'nobody']
    return Array.from({ length: Math.floor(random() * 6) }, (): SetMemoryAction => {
      const reason = { kind: 'custom', text: 'any' } as const
      return { kind: 'setMemory', uuid: pick(uuids), domain: 'any', bytes: pick([anySize()]), reason }
    })
  }
}

const mebibytes = (min: number, max: number) => fc.integer({ min, max }).map((mib) => mib * MiB)
const program = fc.record({
  size: mebibytes(0, 2_500),
  rate: mebibytes(1, 200),
  touch: fc.constantFrom(0, 50 * MiB),
})
const guest = fc.record({
  maximum: mebibytes(512, 3_072),
  part: fc.double({ min: 0.2, max: 1, noNaN: true }),
  program,
  swap: fc.constantFrom('none' as const, 'disk' as const, 'zram' as const),
  balloon: fc.constantFrom(
    'works' as const,
    'works' as const,
    'works' as const,
    'no-driver' as const,
    'no-device' as const,
    'refuses' as const,
  ),
  balloonSpeed: fc.constantFrom(1, 1, 0.05),
  lie: fc.constantFrom(
    undefined,
    undefined,
    undefined,
    'all free' as const,
    'all used' as const,
    'same again' as const,
  ),
  reportDelay: fc.constantFrom(0, 0, 3_000, 12_000),
  managed: fc.constantFrom(true, true, true, false),
})
/** Pairs, so that what was done is undone: a change that makes no sense is a wrong scenario. */
const fault = fc.record({
  guest: fc.nat(3),
  at: fc.integer({ min: 1_000, max: 50_000 }),
  length: fc.integer({ min: 1_000, max: 20_000 }),
  kind: fc.constantFrom('pause' as const, 'stick' as const, 'stop' as const, 'restart' as const),
})
const turn = fc.record({ guest: fc.nat(3), at: fc.integer({ min: 1_000, max: 60_000 }), program })

const undoneBy = { pause: 'resume', stick: 'unstick', stop: 'start' } as const

const anyScenario = fc
  .record({
    seed: fc.integer({ min: 1, max: 1_000 }),
    memory: mebibytes(2_048, 8_192),
    guests: fc.array(guest, { minLength: 1, maxLength: 4 }),
    faults: fc.uniqueArray(fault, { selector: (one) => one.guest, maxLength: 3 }),
    turns: fc.array(turn, { maxLength: 4 }),
  })
  .map(({ seed, memory, guests, faults, turns }): Scenario => {
    const domains = guests.map(({ part, managed, maximum, lie, ...rest }, i): DomainScenario => {
      const actual = Math.floor((part * maximum) / MiB) * MiB
      const own = { maximum, actual, ...(lie && { lie }), ...rest }
      return { name: names[i]!, memory: own, ...(!managed && { metadata: "<settings managed='no'/>" }) }
    })
    const changes = faults.flatMap((one): Change[] => {
      const domain = domains[one.guest]?.name
      if (domain === undefined) return []
      if (one.kind === 'restart') return [{ at: one.at, domain, kind: 'restart' }]
      return [
        { at: one.at, domain, kind: one.kind },
        { at: one.at + one.length, domain, kind: undoneBy[one.kind] },
      ]
    })
    const stopped = (name: string, at: number) =>
      faults.some((one) => {
        return names[one.guest] === name && one.kind === 'stop' && at >= one.at && at <= one.at + one.length
      })
    const programs = turns.flatMap(({ guest: index, at, program }): Change[] => {
      const domain = domains[index]?.name
      return domain === undefined || stopped(domain, at) ? [] : [{ at, domain, kind: 'program', program }]
    })
    return { seed, pcpus: 2, memory, domains, changes: [...changes, ...programs] }
  })

interface Applied {
  readonly domain: DomainView
  readonly bytes: number
  readonly present: number
}

/** What balloons may have, by what was asked of them in the ticks before: kept apart from the books of the loop. */
class Books {
  readonly #asked = new Map<string, { readonly id: number; bytes: number }>()

  present({ uuid, id, memory: { actual = 0, target = 0 } }: DomainView): number {
    const asked = this.#asked.get(uuid)
    return Math.max(actual, target, asked?.id === id && asked.bytes > actual ? asked.bytes : 0)
  }

  held(view: View): number {
    return view.domains.reduce((sum, domain) => {
      const { memory } = domain
      const present = memory.actual === undefined ? memory.target : this.present(domain)
      return sum + commitment({ memory: { ...memory, target: present } }, domainOverhead)
    }, 0)
  }

  enter({ domain: { uuid, id }, bytes }: Applied): void {
    this.#asked.set(uuid, { id, bytes })
  }
}

/** Runs a policy over a scenario and hands each tick to `check`, with what was carried out of it. */
async function always(
  scenario: Scenario,
  ballooning: Ballooning,
  interval: number,
  check: (tick: Tick, applied: readonly Applied[], books: Books) => void,
): Promise<void> {
  await using host = simulate(scenario)
  const kept = memoryJournal()
  const recorded = new Set<string>()
  const journal: Journal = {
    ...kept,
    record(entries, active) {
      for (const entry of entries) recorded.add(subjectOf(entry))
      return kept.record(entries, active)
    },
  }
  const options = { interval, ballooning, journal, hostMemoryReserve, guestFloor, guestMargin }
  const ticks = await ticksOf(host, { ...options, ticks: Math.ceil(70_000 / interval) })
  const books = new Books()
  const changed = new Set<string>()
  for (const tick of ticks) {
    const applied = tick.outcomes.flatMap(({ action, status }): Applied[] => {
      // A call that failed may have had its effect all the same.
      const domain = tick.view.domains.find(({ uuid }) => uuid === action.uuid)!
      expect(action.kind).toBe('setMemory')
      if (action.kind !== 'setMemory') return []
      if (status === 'applied') changed.add(`memory ${domain.uuid} ${domain.id}`)
      // As the actuator rounds it.
      const bytes = Math.floor(action.bytes / KiB) * KiB
      return [{ domain, bytes, present: books.present(domain) }]
    })
    check(tick, applied, books)
    for (const one of applied) books.enter(one)
  }
  // Rule 7: of runs that have ended the journal keeps nothing for ever.
  const inJournal = new Set((await journal.entries()).map(subjectOf))
  const running = ticks.at(-1)!.view.domains.map(({ uuid, id }) => `memory ${uuid} ${id}`)
  for (const subject of changed) {
    expect(recorded).toContain(subject)
    if (running.includes(subject)) expect(inJournal).toContain(subject)
  }
}

function rules({ view, clamps, plan, skipped, outcomes }: Tick, applied: readonly Applied[], books: Books) {
  for (const { domain, bytes, present } of applied) {
    const { hold, actual, target, available = 0, usable = 0, maximum = 0 } = domain.memory
    // 3 and 4.
    expect(hold).toBeUndefined()
    expect(domain.settings.managed).toBe(true)
    // 1.
    if (bytes < present) {
      expect(bytes).toBeGreaterThanOrEqual(guestFloor)
      expect(bytes).toBeGreaterThanOrEqual(Math.min(present, available - usable + guestMargin))
    }
    // 6: what is so already is not asked for again.
    expect(Math.abs(bytes - (target ?? actual)!)).toBeGreaterThanOrEqual(MiB)
    expect(bytes).toBeLessThanOrEqual(Math.max(maximum, present))
  }
  // 2: where anything was granted, all is within the budget, and the host has it.
  const granted = applied.reduce((sum, { bytes, present }) => sum + Math.max(0, bytes - present), 0)
  if (granted > 0) {
    expect(books.held(view) + granted).toBeLessThan(view.memory.budget + rounding)
    const resident = view.domains.reduce((sum, { memory }) => sum + (memory.rss ?? memory.actual ?? 0), 0)
    const promised = Math.max(0, books.held(view) - resident)
    expect(promised + granted).toBeLessThan(view.memory.available! - hostMemoryReserve + rounding)
  }
  // 4: whoever is left alone is counted, and there is a reason.
  const alone = new Set(skipped.flatMap(({ uuid, what }) => (what === 'memory' ? [uuid] : [])))
  for (const { uuid, settings, memory } of view.domains) {
    if (memory.hold !== undefined || !settings.managed) expect(alone).toContain(uuid)
  }
  // Nothing that was wanted is lost without a word.
  const told = new Set([...outcomes, ...clamps].map(({ action }) => action.uuid))
  for (const { uuid } of plan) expect(told).toContain(uuid)
}

/** Milliseconds of real time that a test may take on a busy machine, and that it looks for a smaller counterexample. */
const patience = 120_000
const parameters = { numRuns: runs(15), interruptAfterTimeLimit: patience / 2 }

describe('whatever the host, the guests and the faults', () => {
  it.each(Object.entries(policies))(
    '%s keeps the rules',
    async (_, policy) => {
      const interval = fc.constantFrom(1_000, 2_000, 3_500)
      await fc.assert(
        fc.asyncProperty(anyScenario, interval, (scenario, milliseconds) =>
          always(scenario, policy(), milliseconds, rules),
        ),
        parameters,
      )
    },
    patience,
  )

  it(
    'a policy that returns nonsense keeps them too',
    async () => {
      await fc.assert(
        fc.asyncProperty(anyScenario, fc.integer(), (scenario, seed) =>
          always(scenario, nonsense(seed), 1_000, rules),
        ),
        parameters,
      )
    },
    patience,
  )
})

describe('rule 6: where nothing changes, nothing is done in the end', () => {
  const still = anyScenario.map((scenario): Scenario => {
    const domains = scenario.domains.map((domain): DomainScenario => {
      const { maximum = 0, actual = 0 } = domain.memory!
      const program = { size: Math.min(domain.memory!.program!.size, 0.5 * actual) }
      return { ...domain, memory: { maximum, actual, program } }
    })
    return { ...scenario, domains, changes: [] }
  })

  // MOM and Proxmox change sizes by what the host has free, whatever guests need: they may go up and down for ever.
  const resting = Object.entries(policies).filter(([name]) => name !== 'mom' && name !== 'proxmox')
  it.each(resting)(
    '%s',
    async (_, policy) => {
      await fc.assert(
        fc.asyncProperty(still, async (scenario) => {
          await using host = simulate(scenario)
          const options = {
            interval: 2_000,
            ballooning: policy(),
            hostMemoryReserve,
            guestFloor,
            guestMargin,
          }
          const ticks = await ticksOf(host, { ...options, ticks: 200 })
          expect(ticks.slice(-50).flatMap(({ outcomes }) => outcomes)).toEqual([])
        }),
        { ...parameters, numRuns: runs(5) },
      )
    },
    patience,
  )
})
