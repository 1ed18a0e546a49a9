import { describe, expect, it } from 'vitest'
import { standardDeviation } from '../../../lib/util/statistics.ts'
import { fewestMoves, leastDeviation, type OracleProblem, type OracleVcpu } from '../../support/oracle.ts'
import { runs } from '../../support/runs.ts'
import { seeded } from '../schedulers/world.ts'

const vcpus = (demands: readonly number[], home: number | readonly number[]): OracleVcpu[] =>
  demands.map((demand, i) => ({ demand, home: typeof home === 'number' ? home : home[i]! }))
const nothing = (pcpus: number) => new Array<number>(pcpus).fill(0)
const equal = (count: number, demand = 0.4) => new Array<number>(count).fill(demand)

describe('the oracle, on cases that can be done in the head', () => {
  it('eight equal ones on the first of four: six moves, level', () => {
    const problem = { vcpus: vcpus(equal(8), 0), fixed: nothing(4) }
    const { moves, deviations } = leastDeviation(problem)
    expect(moves).toBe(6)
    expect(deviations[0]).toBeCloseTo(0, 5)
    // 3, 2, 2, 1 after five: variance 0.5 at a mean of 2.
    expect(leastDeviation(problem, 5).deviations[0]).toBeCloseTo(Math.sqrt(0.5) / 2, 5)
    expect(fewestMoves(problem, [0.05])).toBe(6)
    expect(fewestMoves(problem, [0.36])).toBe(5)
  })

  it('five equal ones on four: three moves, and 2, 1, 1, 1 is all there is', () => {
    const problem = { vcpus: vcpus(equal(5, 1), 0), fixed: nothing(4) }
    const { moves, deviations } = leastDeviation(problem)
    expect(moves).toBe(3)
    expect(deviations[0]).toBeCloseTo(Math.sqrt(3 / 16) / 1.25, 5)
    expect(fewestMoves(problem, [0.05])).toBeUndefined()
  })

  it('three and one busy on two: one move', () => {
    const problem = { vcpus: vcpus(equal(4, 1), [0, 0, 0, 1]), fixed: nothing(2) }
    expect(leastDeviation(problem)).toMatchObject({ moves: 1 })
  })

  it('needs a swap where no single move helps', () => {
    const problem = { vcpus: vcpus([0.5, 0.3, 0.4, 0.2], [0, 0, 1, 1]), fixed: nothing(2) }
    const { moves, deviations } = leastDeviation(problem)
    expect(moves).toBe(2)
    expect(deviations[0]).toBeCloseTo(0, 5)
    expect(leastDeviation(problem, 1)).toMatchObject({ moves: 0 })
  })

  it('leaves a load that cannot move alone, and goes only where it may', () => {
    const around = { vcpus: vcpus(equal(3), 0), fixed: [0, 0.4, 0.4] }
    expect(leastDeviation(around)).toMatchObject({ moves: 1 })
    const allowed = [true, true, false, false]
    const held = { vcpus: vcpus(equal(4, 0.5), 0).map((v) => ({ ...v, allowed })), fixed: nothing(4) }
    const { moves, deviations } = leastDeviation(held)
    expect(moves).toBe(2)
    expect(deviations[0]).toBeCloseTo(1, 5)
    const exiled = { vcpus: [{ demand: 0.5, home: 0, allowed: [false, true] }], fixed: nothing(2) }
    expect(leastDeviation(exiled)).toMatchObject({ moves: 1 })
  })

  it('levels cores first, then their threads', () => {
    const levels = [
      [0, 1, 0, 1],
      [0, 1, 2, 3],
    ]
    const problem = { vcpus: vcpus(equal(4, 1), 0), fixed: nothing(4), levels }
    const { moves, deviations } = leastDeviation(problem)
    expect(moves).toBe(3)
    expect(deviations[0]).toBeCloseTo(0, 5)
    expect(deviations[1]).toBeCloseTo(0, 5)
    expect(fewestMoves(problem, [0.01])).toBe(2)
    const two = { vcpus: vcpus(equal(2, 1), [0, 2]), fixed: nothing(4), levels }
    expect(leastDeviation(two)).toMatchObject({ moves: 1 })
  })

  it('nothing to move is no moves', () => {
    expect(leastDeviation({ vcpus: vcpus([0.3], 0), fixed: [0] })).toEqual({ moves: 0, deviations: [0] })
  })
})

describe('the oracle, against every placement there is', () => {
  it('agrees on small hosts drawn at random', () => {
    const random = seeded(7)
    for (let round = 0; round < runs(6); round++) {
      const pcpus = 2 + Math.floor(2 * random())
      const problem: OracleProblem = {
        vcpus: Array.from({ length: 3 + Math.floor(4 * random()) }, () => ({
          demand: Math.round(100 * random()) / 100,
          home: Math.floor(pcpus * random()),
          allowed: Array.from({ length: pcpus }, (_, pcpu) => pcpu === 0 || random() > 0.2),
        })),
        fixed: Array.from({ length: pcpus }, () => (random() < 0.5 ? 0 : random() / 2)),
      }
      const all = everyPlacement(problem)
      const fewest = Math.min(...all.map(({ moves }) => moves))
      for (const most of [undefined, fewest, fewest + 1, fewest + 2]) {
        const within = all.filter(({ moves }) => moves <= (most ?? Number.POSITIVE_INFINITY))
        const best = Math.min(...within.map(({ deviation }) => deviation))
        const answer = leastDeviation(problem, most)
        expect(answer.deviations[0]).toBeCloseTo(best, 3)
        const near = within.filter(({ deviation }) => deviation <= best + 1e-9)
        if (most === undefined) {
          expect(answer.moves).toBe(Math.min(...near.map(({ moves }) => moves)))
        }
      }
      const reach = all.filter(({ deviation }) => deviation <= 0.3)
      const expected = reach.length > 0 ? Math.min(...reach.map(({ moves }) => moves)) : undefined
      expect(fewestMoves(problem, [0.3])).toBe(expected)
    }
  })
})

function everyPlacement({ vcpus, fixed }: OracleProblem): { moves: number; deviation: number }[] {
  const found: { moves: number; deviation: number }[] = []
  const loads = fixed.slice()
  const place = (index: number, moves: number): void => {
    const vcpu = vcpus[index]
    if (!vcpu) {
      const mean = loads.reduce((sum, load) => sum + load, 0) / loads.length
      found.push({ moves, deviation: standardDeviation(loads) / (mean || 1) })
      return
    }
    for (const pcpu of loads.keys()) {
      if (vcpu.allowed?.[pcpu] === false) continue
      loads[pcpu]! += vcpu.demand
      place(index + 1, moves + (pcpu === vcpu.home ? 0 : 1))
      loads[pcpu]! -= vcpu.demand
    }
  }
  place(0, 0)
  return found
}
