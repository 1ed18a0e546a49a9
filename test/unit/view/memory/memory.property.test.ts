import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DomainState, MemoryStatus } from '../../../../lib/host/sample.ts'
import { MiB } from '../../../../lib/util/units.ts'
import type { DomainMemoryView } from '../../../../lib/view/view.ts'
import { runs } from '../../../support/runs.ts'
import { kept, type Told, Watched } from './guest.ts'

/** Any number that a broken or lying guest may tell, in MiB. */
const anything = fc.oneof(
  fc.integer({ min: -2, max: 5_000 }),
  fc.double({ min: 0, max: 1e15, noNaN: true }),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, 0, 1e300, -0),
)

const columns = [
  'maximum',
  'actual',
  'available',
  'unused',
  'usable',
  'diskCaches',
  'swapIn',
  'swapOut',
  'majorFaults',
  'lastUpdate',
] as const
const oneWrong = fc.tuple(fc.constantFrom(...columns), anything).map(([name, figure]) => ({ [name]: figure }))
const allWrong = fc
  .tuple(...columns.map((name) => anything.map((figure) => [name, figure] as const)))
  .map((row): Told['memory'] => Object.fromEntries(row))

const nonsense: fc.Arbitrary<Told> = fc.record(
  {
    target: fc.integer({ min: 1, max: 4_000 }),
    id: fc.constantFrom(1, 1, 1, 2),
    state: fc.constantFrom(DomainState.running, DomainState.running, DomainState.paused, DomainState.blocked),
    status: fc.constantFrom(
      MemoryStatus.fresh,
      MemoryStatus.fresh,
      MemoryStatus.stuck,
      MemoryStatus.failed,
      MemoryStatus.gone,
    ),
    used: fc.integer({ min: 0, max: 1_000 }),
    memory: fc.oneof({ weight: 2, arbitrary: oneWrong }, { weight: 1, arbitrary: allWrong }),
  },
  { requiredKeys: [] },
)

/** A guest that tells the truth: what it uses, in how large a balloon, and what it swaps meanwhile. */
const life = fc.array(
  fc.record({
    used: fc.integer({ min: 60, max: 2_000 }),
    actual: fc.integer({ min: 200, max: 2_048 }),
    swapped: fc.integer({ min: 0, max: 50 }),
    faults: fc.integer({ min: 0, max: 1_000 }),
    age: fc.constantFrom(0, 1_000, 2_000, 5_000, 11_000),
  }),
  { minLength: 1, maxLength: 40 },
)

function isSound({ hold, need, events, age, stillSince, progress }: DomainMemoryView): void {
  expect(need === undefined).toBe(hold !== undefined)
  if (hold) expect(events).toBeUndefined()
  if (need) {
    for (const figure of Object.values(need)) {
      expect(Number.isFinite(figure)).toBe(true)
      expect(figure).toBeGreaterThanOrEqual(0)
    }
    expect(need.total).toBeCloseTo(need.inUse + need.swapDebt + need.burst, 0)
    expect(age).toBeLessThanOrEqual(10_000)
  }
  if (events) {
    expect(events.swappedOut).toBeGreaterThanOrEqual(0)
    expect(events.majorFaultsPerSecond).toBeGreaterThanOrEqual(0)
    expect(Number.isFinite(events.majorFaultsPerSecond)).toBe(true)
  }
  expect(stillSince === undefined).toBe(progress === 'resting')
}

const emptyReport: Told = {
  memory: {
    maximum: Number.NaN,
    actual: 0,
    available: 0,
    unused: 0,
    usable: Number.NaN,
    diskCaches: Number.NaN,
    lastUpdate: 0,
  },
}

describe('whatever a guest tells', () => {
  it('its need is a sum of finite figures from 0 on, or it is on hold', () => {
    fc.assert(
      fc.property(fc.array(nonsense, { minLength: 1, maxLength: 30 }), (series) => {
        const guest = new Watched()
        for (const told of series) isSound(guest.see(told))
      }),
      { numRuns: runs(300) },
    )
  })

  it('it never uses more than its maximum', () => {
    fc.assert(
      fc.property(fc.array(nonsense, { minLength: 1, maxLength: 30 }), (series) => {
        const guest = new Watched()
        for (const told of series) {
          const { need, maximum } = guest.see(told)
          if (need) expect(need.inUse).toBeLessThanOrEqual(maximum! + MiB)
        }
      }),
      { numRuns: runs(300) },
    )
  })

  it('is forgiven: an honest guest is managed again within five reports', () => {
    fc.assert(
      fc.property(fc.array(nonsense, { maxLength: 20 }), (series) => {
        const guest = new Watched()
        for (const told of series) guest.see(told)
        const holds = Array.from({ length: 7 }, () => guest.see({ swapOut: 0 }).hold)
        expect(holds.at(-1)).toBeUndefined()
      }),
      {
        numRuns: runs(300),
        // Its first figures are of no balloon at all, and the next tell no size.
        examples: [
          [[emptyReport, { memory: { actual: Number.NaN } }]],
          // A wrong total of a balloon at rest, then one size of a balloon that is as it was before.
          [[{}, { memory: { available: 728 } }, { memory: { ...emptyReport.memory, actual: 1_241 } }]],
          // A report without its total, then a balloon of no size at all.
          [
            [
              {},
              { memory: { available: Number.NaN } },
              { memory: { ...emptyReport.memory, usable: 0, lastUpdate: Number.NaN } },
            ],
          ],
        ],
      },
    )
  })
})

describe('a guest that tells the truth', () => {
  it('is known by what it uses, to the byte, whatever its balloon and its cache do between reports', () => {
    fc.assert(
      fc.property(life, fc.integer({ min: 0, max: 100 }), (steps, cachePercent) => {
        const guest = new Watched()
        guest.rest(2)
        let swapOut = 0
        let faults = 1_000
        for (const { used, actual, swapped, faults: more } of steps) {
          const size = Math.max(actual, used + kept)
          swapOut += swapped
          faults += more
          const cache = ((size - used) * cachePercent) / 100
          const told = { actual: size, used, cache, swapOut, majorFaults: faults }
          guest.see(told)
          const { need, hold, events } = guest.see(told)
          isSound(guest.see(told))
          expect(hold).toBeUndefined()
          expect(need!.inUse).toBeCloseTo(used * MiB, 0)
          expect(events).toBeDefined()
        }
      }),
      { numRuns: runs(100) },
    )
  })

  it('needs what it uses and no more once it has been at rest for some minutes', () => {
    fc.assert(
      fc.property(life, (steps) => {
        const guest = new Watched()
        for (const { used, actual, age } of steps)
          guest.see({ used, actual: Math.max(actual, used + kept) }, age)
        const rested = { used: 400, actual: 1_024 }
        guest.rest(300, rested)
        expect(guest.see(rested).need).toMatchObject({ burst: 0, growthPerSecond: 0, total: 400 * MiB })
        expect(guest.see(rested).events).toMatchObject({ underPressure: false, oomKilled: false })
      }),
      { numRuns: runs(30) },
    )
  })
})
