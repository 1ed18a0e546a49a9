import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { DomainState } from '../../../lib/host/sample.ts'
import { balance } from '../../../lib/schedulers/balance.ts'
import { mean, standardDeviation } from '../../../lib/util/statistics.ts'
import type { View } from '../../../lib/view/view.ts'
import { runs } from '../../support/runs.ts'
import { equal, type Guest, gaussian, long, run, seeded, World } from './world.ts'

const tolerance = 0.05

const relativeDeviation = (loads: number[]) => standardDeviation(loads) / mean(loads)

describe('the classic cases', () => {
  it.each([
    ['A1: 8 on one of 4', 4, equal(8, 0.17, () => 0), 6],
    ['A1: 8 on one of 2', 2, equal(8, 0.17, () => 1), 4],
    ['A1: 16 on one of 8', 8, equal(16, 0.42, () => 0), 14],
    ['A2: half and half on two of 4', 4, equal(8, 0.42, (guest) => (guest < 4 ? 0 : 3)), 4],
    ['A5: heavy and light pairs', 4, equal(8, 0.42, (guest) => guest >> 1).map(lightFrom(4)), 4],
  ])('%s: the fewest moves, in one plan, and then none', (_, pcpus, guests, fewest) => {
    const world = new World(pcpus, guests)
    expect(run(world, balance(), 40)).toEqual([{ look: 0, moves: fewest, pins: fewest }])
    expect(relativeDeviation(world.loads())).toBeLessThan(1e-9)
  })

  it('A3: two per pCPU, no change at all', () => {
    expect(
      run(
        new World(
          4,
          equal(8, 0.42, (guest) => guest % 4),
        ),
        balance(),
        40,
      ),
    ).toEqual([])
  })

  it('A4: free to run anywhere, each is pinned, and only the surplus moves', () => {
    const free = CpuSet.range(0, 3)
    const world = new World(
      4,
      [0, 0, 0, 1, 1, 2, 2, 3].map((on) => ({ demand: 0.42, on, free })),
    )
    expect(run(world, balance(), 40)).toEqual([{ look: 0, moves: 1, pins: 8 }])
    expect(world.guests.every((guest) => guest.free === undefined)).toBe(true)
  })

  it('A4: balanced and free, it is left to the kernel', () => {
    const free = CpuSet.range(0, 3)
    const world = new World(
      4,
      [0, 1, 2, 3, 0, 1, 2, 3].map((on) => ({ demand: 0.42, on, free })),
    )
    expect(run(world, balance(), 40)).toEqual([])
  })

  it('A4: however the kernel shifts what is free, it is pinned once and then rests', () => {
    for (let seed = 1; seed <= runs(20); seed++) {
      const uniform = seeded(seed)
      const free = CpuSet.range(0, 3)
      const world = new World(
        4,
        equal(8, 0.42, () => 0).map((guest) => ({ ...guest, free })),
      )
      const rounds = run(world, balance(), 60, undefined, () => world.wander(uniform))
      expect(rounds).toHaveLength(1)
      expect(relativeDeviation(world.loads())).toBeLessThan(1e-9)
    }
  })

  it.each([2, 4])('A6: idle guests on %i pCPUs, whatever their noise, no change at all', (pcpus) => {
    for (let seed = 1; seed <= runs(100); seed++) {
      const uniform = seeded(seed)
      const world = new World(
        pcpus,
        equal(8, 1, (guest) => guest % pcpus),
      )
      expect(run(world, balance(), 30, () => 0.03 * uniform())).toEqual([])
    }
  })

  it('A6: idle guests are not spread either', () => {
    expect(
      run(
        new World(
          4,
          equal(8, 0.02, () => 0),
        ),
        balance(),
        30,
      ),
    ).toEqual([])
  })

  it('A7: half turn heavy, and within three samples it is balanced with at most 4 moves', () => {
    const world = new World(
      4,
      equal(8, 0.14, (guest) => guest >> 1),
    )
    const policy = balance()
    let { state } = policy.decide(world.look(), policy.initialState)
    for (let look = 0; look < 20; look++) state = policy.decide(world.look(), state).state
    for (const guest of world.guests.slice(0, 4)) guest.demand = 0.42
    let moves = 0
    for (let sample = 1; sample <= 3; sample++) {
      const decision = policy.decide(world.look(), state)
      state = decision.state
      moves += world.apply(decision.plan)
    }
    expect(moves).toBe(4)
    expect(relativeDeviation(world.loads())).toBeLessThan(tolerance)
  })
})

describe('what usage hides', () => {
  it('three busy on one pCPU and one on the other use both fully: one is moved', () => {
    const world = new World(
      2,
      equal(4, 1, (guest) => (guest < 3 ? 0 : 1)),
    )
    expect(world.look().vcpus.map((vcpu) => vcpu.usage?.toFixed(2))).toEqual(['0.33', '0.33', '0.33', '1.00'])
    expect(run(world, balance(), long)).toMatchObject([{ moves: 1 }])
    expect(world.loads()).toEqual([2, 2])
  })
})

describe('what cannot be balanced', () => {
  it('five equal on four pCPUs are left as they are, for ever', () => {
    const world = new World(
      4,
      equal(5, 0.95, (guest) => guest % 4),
    )
    expect(run(world, balance(), 100)).toEqual([])
  })

  it('five equal on one pCPU come as near as can be, and then rest', () => {
    const world = new World(
      4,
      equal(5, 0.95, () => 0),
    )
    expect(run(world, balance(), 100)).toMatchObject([{ moves: 3 }])
    expect(world.loads().sort()).toEqual([0.95, 0.95, 0.95, 1.9])
  })

  it('five equal on four pCPUs rest under noise, too', () => {
    for (let seed = 1; seed <= runs(40); seed++) {
      const normal = gaussian(seeded(seed))
      const world = new World(
        4,
        equal(5, 0.9, (guest) => guest % 4),
      )
      expect(run(world, balance(), 60, (demand) => demand * (1 + 0.05 * normal()))).toEqual([])
    }
  })
})

describe('what is not ours to move', () => {
  it('a vCPU of unknown demand is no load and stays', () => {
    const world = new World(2, [{ demand: Number.NaN, on: 0 }, ...equal(4, 0.5, () => 0)])
    run(world, balance(), long)
    expect(world.guests[0]!.on).toBe(0)
    expect(world.guests.filter((guest) => guest.on === 1)).toHaveLength(2)
  })

  it('a vCPU of a domain that does not run is no load and stays', () => {
    const paused = { demand: 0.9, on: 1, state: DomainState.paused }
    const world = new World(2, [paused, ...equal(2, 0.5, () => 0)])
    expect(run(world, balance(), long)).toMatchObject([{ moves: 1 }])
    expect(world.guests[0]!.on).toBe(1)
  })

  it('a vCPU whose affinity is not known stays, and counts', () => {
    const world = new World(
      2,
      equal(3, 0.5, () => 0),
    )
    const policy = balance()
    let state = policy.initialState
    for (let look = 0; look < long; look++) {
      const view = world.look()
      const vcpus = view.vcpus.map((vcpu, i) => (i === 0 ? { ...vcpu, affinity: undefined } : vcpu))
      const decision = policy.decide({ ...view, vcpus }, state)
      state = decision.state
      world.apply(decision.plan)
    }
    expect(world.guests.map((guest) => guest.on)).toEqual([0, expect.anything(), expect.anything()])
    expect(world.loads().sort()).toEqual([0.5, 1])
  })

  it('no vCPU goes where it is not allowed', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            demand: fc.double({ min: 0.1, max: 1, noNaN: true }),
            on: fc.nat(3),
            allowed: fc.subarray([0, 1, 2, 3], { minLength: 1 }),
          }),
          { minLength: 1, maxLength: 10 },
        ),
        (vcpus) => {
          const world = new World(4, vcpus)
          const limited = (view: View): View => ({
            ...view,
            vcpus: view.vcpus.map((vcpu, i) => ({ ...vcpu, allowed: CpuSet.from(vcpus[i]!.allowed) })),
          })
          const policy = balance()
          let state = policy.initialState
          for (let look = 0; look < long; look++) {
            const decision = policy.decide(limited(world.look()), state)
            state = decision.state
            for (const action of decision.plan) {
              const index = Number(action.uuid.slice('uuid-'.length))
              expect(action.cpus.isSubsetOf(CpuSet.from(vcpus[index]!.allowed))).toBe(true)
            }
            world.apply(decision.plan)
          }
        },
      ),
      { numRuns: runs(100) },
    )
  })

  it('what runs where it may not be is brought to where it may, to the least loaded', () => {
    const world = new World(4, [{ demand: 0.5, on: 0 }, ...equal(2, 0.3, (guest) => guest + 1)])
    const view = world.look()
    const online = view.online.without(0)
    const { plan } = balance().decide({ ...view, online }, balance().initialState)
    expect(plan).toMatchObject([{ domain: 'guest0', cpus: CpuSet.of(3) }])
  })

  it('an empty host and one without online pCPUs get an empty plan', () => {
    const policy = balance()
    expect(policy.decide(new World(4, []).look(), policy.initialState).plan).toEqual([])
    const view = {
      ...new World(
        4,
        equal(4, 1, () => 0),
      ).look(),
      online: CpuSet.empty,
    }
    expect(policy.decide(view, policy.initialState).plan).toEqual([])
  })
})

describe('its options', () => {
  it.each([0, -0.1, 1.1, Number.NaN, '5 %' as unknown as number])('refuse a tolerance of %j', (wrong) => {
    expect(() => balance({ tolerance: wrong })).toThrow(/Expected `tolerance` to be a fraction above 0/)
  })

  it('take a wider tolerance', () => {
    const guests = [0.5, 0.5, 0.4, 0.4].map((demand, on) => ({ demand, on: on >> 1 }))
    expect(run(new World(2, guests), balance({ tolerance: 0.15 }), long)).toEqual([])
    expect(run(new World(2, guests), balance(), long)).toMatchObject([{ moves: 2 }])
  })
})

function lightFrom(first: number): (guest: Guest, index: number) => Guest {
  return (guest, index) => (index < first ? guest : { ...guest, demand: 0.14 })
}
