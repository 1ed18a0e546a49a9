import { describe, expect, it } from 'vitest'
import { balance } from '../../../../lib/schedulers/balance.ts'
import { mean, standardDeviation } from '../../../../lib/util/statistics.ts'
import { runs } from '../../../support/runs.ts'
import { equal, type Guest, long, run, seeded, World } from '../world.ts'

const tolerance = 0.05

const relativeDeviation = (loads: number[]) => standardDeviation(loads) / mean(loads)

describe('the fewest moves', () => {
  it('are what trying every placement finds, on small hosts', () => {
    let balanced = 0
    const hosts = runs(150)
    for (let seed = 1; seed <= hosts; seed++) {
      const uniform = seeded(seed)
      const pcpus = 3 + (seed % 2)
      const guests = Array.from({ length: 3 + Math.floor(6 * uniform()) }, () => {
        return { demand: 0.05 + 0.9 * uniform(), on: Math.floor(pcpus * uniform()) }
      })
      const world = new World(pcpus, guests)
      const before = relativeDeviation(world.loads())
      const goal = Math.min(tolerance, 0.9 * before)
      const fewest = fewestByTryingAll(guests, pcpus, goal)
      const rounds = run(world, balance(), long)
      if (before <= tolerance) expect(rounds).toEqual([])
      else if (fewest !== undefined) {
        balanced++
        expect(rounds.map((round) => round.moves)).toEqual([fewest])
        expect(relativeDeviation(world.loads())).toBeLessThanOrEqual(goal + 1e-9)
      }
    }
    // Some hosts are balanced already, or cannot be.
    expect(balanced).toBeGreaterThanOrEqual(Math.floor((26 * hosts) / 150))
  })

  it('on a host too large to try all, a thousand vCPUs on 64 pCPUs are balanced at once', () => {
    const uniform = seeded(1)
    const guests = Array.from({ length: 1_000 }, () => {
      return { demand: 0.05 + 0.4 * uniform(), on: Math.floor(64 * uniform() ** 2) }
    })
    const world = new World(64, guests)
    expect(run(world, balance(), long)).toHaveLength(1)
    expect(relativeDeviation(world.loads())).toBeLessThanOrEqual(tolerance)
  })

  it('on a host too large to try all, heavy ones change places with light ones where that is enough', () => {
    const uniform = seeded(3)
    const heavy = [3, 1, 3, 1, 3, 1, 3, 1, 2, 2, 2, 2, 2, 2, 2, 2]
    const guests = heavy.flatMap((count, on) =>
      Array.from({ length: 4 }, (_, guest) => {
        return { demand: (guest < count ? 0.42 : 0.145) * (0.99 + 0.02 * uniform()), on }
      }),
    )
    const world = new World(16, guests)
    // Light ones that leave first gain more for each move, and then 18 are needed.
    expect(run(world, balance(), long)).toMatchObject([{ moves: 8 }])
    expect(relativeDeviation(world.loads())).toBeLessThan(0.01)
  })

  it('on a host too large to try all, of equal loads on one pCPU no more move than have to', () => {
    const world = new World(
      50,
      equal(200, 0.2, () => 7),
    )
    // One less than for an even spread: 5 and 3 on two of them is just within tolerance.
    expect(run(world, balance(), long)).toMatchObject([{ moves: 195 }])
    expect(relativeDeviation(world.loads())).toBeLessThanOrEqual(tolerance + 1e-9)
  })
})

/** Fewest vCPUs off their pCPU in any placement with a relative deviation of at most `goal`; undefined: there is none. */
function fewestByTryingAll(guests: readonly Guest[], pcpus: number, goal: number): number | undefined {
  let fewest: number | undefined
  const loads = new Array<number>(pcpus).fill(0)
  const place = (index: number, moves: number) => {
    if (index === guests.length) {
      if (relativeDeviation(loads) <= goal) fewest = Math.min(fewest ?? moves, moves)
      return
    }
    for (let pcpu = 0; pcpu < pcpus; pcpu++) {
      loads[pcpu]! += guests[index]!.demand
      place(index + 1, moves + (pcpu === guests[index]!.on ? 0 : 1))
      loads[pcpu]! -= guests[index]!.demand
    }
  }
  place(0, 0)
  return fewest
}
