import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { DomainState } from '../../../../lib/host/sample.ts'
import { roundRobin } from '../../../../lib/schedulers/baseline/round-robin.ts'
import { World } from '../world.ts'

describe('roundRobin', () => {
  it('puts vCPUs onto pCPUs in turn, in the order of the domains', () => {
    const world = new World(
      3,
      Array.from({ length: 7 }, () => ({ demand: 0.5, on: 2 })),
    )
    world.apply(roundRobin()(world.look()))
    expect(world.guests.map((guest) => guest.on)).toEqual([0, 1, 2, 0, 1, 2, 0])
  })

  it('has nothing to do once all are so', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 70 }),
        fc.array(fc.record({ on: fc.nat(69), free: fc.boolean() }), { maxLength: 40 }),
        (pcpus, guests) => {
          const free = CpuSet.range(0, pcpus - 1)
          const world = new World(
            pcpus,
            guests.map((guest) => ({
              demand: 0.1,
              on: guest.on % pcpus,
              free: guest.free ? free : undefined,
            })),
          )
          world.apply(roundRobin()(world.look()))
          expect(roundRobin()(world.look())).toEqual([])
          const counts = new Array<number>(pcpus).fill(0)
          for (const { on } of world.guests) counts[on]!++
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
        },
      ),
    )
  })

  it('pins one that is free to the pCPU that it runs on, when that is the one whose turn it is', () => {
    const world = new World(2, [{ demand: 0.5, on: 0, free: CpuSet.of(0, 1) }])
    const plan = roundRobin()(world.look())
    const reason = { kind: 'round-robin', to: 0 }
    expect(plan).toMatchObject([{ domain: 'guest0', vcpu: 0, cpus: CpuSet.of(0), reason }])
    expect(world.apply(plan)).toBe(0)
  })

  it('gives one that may not be there the next pCPU where it may, and leaves out one that may be nowhere', () => {
    const world = new World(
      4,
      Array.from({ length: 4 }, () => ({ demand: 0.5, on: 0 })),
    )
    const view = world.look()
    const allowed = [CpuSet.of(2, 3), CpuSet.range(0, 3), CpuSet.empty, CpuSet.range(0, 3)]
    const vcpus = view.vcpus.map((vcpu, i) => ({ ...vcpu, allowed: allowed[i]! }))
    const plan = roundRobin()({ ...view, vcpus })
    expect(plan.map((action) => [action.domain, `${action.cpus}`])).toEqual([
      ['guest0', '2'],
      ['guest1', '3'],
    ])
  })

  it('leaves a paused domain where it is and keeps its turn', () => {
    const world = new World(3, [
      { demand: 0.5, on: 0 },
      { demand: 0.5, on: 0, state: DomainState.paused },
      { demand: 0.5, on: 0 },
    ])
    world.apply(roundRobin()(world.look()))
    expect(world.guests.map((guest) => guest.on)).toEqual([0, 0, 2])
  })

  it('knows what to do with no pCPU at all', () => {
    const view = { ...new World(2, [{ demand: 1, on: 0 }]).look(), online: CpuSet.empty }
    expect(roundRobin()(view)).toEqual([])
  })
})
