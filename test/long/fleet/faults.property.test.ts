import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isOver } from '../../../lib/fleet/bus/order.ts'
import type { FleetChange, FleetScenario } from '../../../lib/fleet/simulation/scenario.ts'
import { Random } from '../../../lib/util/random.ts'
import { GiB } from '../../../lib/util/units.ts'
import { runs } from '../../support/runs.ts'
import { play } from '../../unit/fleet/loop/fixtures.ts'

const names = ['a', 'b', 'c', 'd']
/** When the last fault is over, and for how long it is watched. */
const troubled = 600_000
const rounds = 150

/** A fleet to which anything may happen that a fleet has to survive. */
function faultyFleet(seed: number): FleetScenario {
  const random = new Random(seed, 'faults')
  const one = <T>(list: readonly T[]): T => list[random.below(list.length)]!
  const guests = Array.from({ length: 14 }, (_, i) => ({
    name: `g${i}`,
    host: i < 8 ? 'a' : one(names),
    vcpus: 1 + random.below(2),
    demand: { kind: 'random' as const, mean: 0.4 + 0.6 * random.next(), spread: 0.1 },
    memory: (1 + random.below(12)) * GiB,
    dirtyRate: 1e6 * random.below(150),
  }))
  const changes = Array.from({ length: 12 }, (): FleetChange[] => {
    const at = random.below(troubled)
    const later = at + 10_000 + random.below(90_000)
    const guest = one(guests).name
    const host = one(names)
    switch (random.below(7)) {
      case 0:
        return [
          { at, kind: 'kill', host },
          { at: later, kind: 'restart', host },
        ]
      case 1:
        return [
          { at, kind: 'cut', host },
          { at: later, kind: 'mend', host },
        ]
      case 2:
        return [
          { at, kind: 'cut' },
          { at: later, kind: 'mend' },
        ]
      case 3:
        return [{ at, kind: 'trouble', guest, with: one(['failure', 'no end', 'connection'] as const) }]
      case 4:
        return [
          { at, kind: 'drain', host },
          { at: later, kind: 'undrain', host },
        ]
      case 5:
        return [{ at, kind: 'move', guest, to: host }]
      default:
        return [{ at, kind: 'demand', guest, demand: { kind: 'steady', demand: 1 } }]
    }
  }).flat()
  return {
    seed,
    failures: 0.1,
    hosts: names.map((name, i) => ({
      name,
      pcpus: 4,
      memory: 64 * GiB,
      bandwidth: 0.15e9,
      mayLead: i > 0,
      clockAhead: i === 1 ? 3_600_000 : 0,
    })),
    guests,
    changes,
  }
}

describe('whatever happens to a fleet', () => {
  it('no guest is lost or moved where it does not fit, no order is done twice, and it comes to rest', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1e6 }), async (seed) => {
        const { fleet, ticks } = await play(faultyFleet(seed), { rounds })
        const { guests } = fleet.truth()
        expect(guests.map(({ name }) => name).sort()).toEqual(
          Array.from({ length: 14 }, (_, i) => `g${i}`).sort(),
        )
        expect(fleet.overfilledByMove).toBe(0)
        // Each order was begun at most once: by its guest, no two migrations at a time, and no more of them than orders.
        const orders = ticks.flatMap((tick) => tick.ordered)
        expect(new Set(orders.map(({ order }) => order)).size).toBe(orders.length)
        expect(fleet.migrations.filter(({ isOrdered }) => isOrdered).length).toBeLessThanOrEqual(
          orders.length,
        )
        for (const { began, guest } of fleet.migrations) {
          const others = fleet.migrations.filter((one) => one.guest === guest && one.began < began)
          expect(others.every(({ ended }) => ended <= began)).toBe(true)
        }
        // At most one leads at a time: the fence never falls.
        const fences = ticks.map(({ fence }) => fence)
        expect(fences).toEqual([...fences].sort((a, b) => a - b))
        // In the end all that was ordered is over, and nobody waits for an outcome.
        const open = await fleet.bus.connect().open()
        expect(
          open.filter(({ order, events }) => order.kind === 'migrate' && !events.some(isOver)).length,
        ).toBeLessThanOrEqual(2)
        expect(['active', 'stepped back']).toContain(ticks.at(-1)!.mode)
      }),
      { numRuns: runs(40) },
    )
  })
})
