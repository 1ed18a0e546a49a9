import { describe, expect, it } from 'vitest'
import type { Tick } from '../../../lib/control/tick.ts'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { pin } from '../../../lib/policy/plan.ts'
import { fewestMovesOfEqualLoads, judgeBalance } from '../../support/verdict.ts'
import { applied, pinnedGuests, tickOf, viewOf } from '../report/ticks.ts'

const crowded = [0, 0, 0, 0, 0, 0, 0, 0]
const level = [0, 0, 1, 1, 2, 2, 3, 3]
const limits = { ticksToBalance: 3, moves: 6, movesAfterBalance: 0, ticksAfterBalance: 20 }

/** A tick whose guests are at `places` and are sent to `next`. */
function turn(index: number, places: readonly number[], next: readonly number[] = places): Tick {
  const view = viewOf(4, pinnedGuests(places))
  const outcomes = view.vcpus.flatMap((vcpu, i) =>
    next[i] === places[i] ? [] : [applied(pin(vcpu, CpuSet.of(next[i]!), 'level'))],
  )
  return tickOf(index, view, { outcomes })
}

/** The first tick knows no usage yet. */
function blind(index: number): Tick {
  return tickOf(
    index,
    viewOf(
      4,
      crowded.map((place, i) => ({
        name: `aos_vm${i + 1}`,
        vcpus: [{ on: place, affinity: CpuSet.of(place) }],
      })),
    ),
  )
}

const rest = Array.from({ length: 21 }, (_, i) => turn(2 + i, level))
const good = [blind(0), turn(1, crowded, level), ...rest]

describe('judgeBalance', () => {
  it('passes a run of A1 that is level one tick after the first full sample with the fewest moves', () => {
    expect(judgeBalance(good, { limits })).toEqual({
      passed: true,
      broken: [],
      ticksToBalance: 1,
      ticksAfterBalance: 20,
      moves: 6,
      pins: 6,
      movesAfterBalance: 0,
      deviationPercent: 0,
      lastDeviationPercent: 0,
    })
  })

  it('fails with the policy off', () => {
    const off = [blind(0), ...Array.from({ length: 25 }, (_, i) => turn(1 + i, crowded))]
    const verdict = judgeBalance(off, { limits })
    expect(verdict.passed).toBe(false)
    expect(verdict.ticksToBalance).toBeUndefined()
    expect(verdict.broken).toContain('it was never balanced')
    // All on one of four: sd/mean = sqrt(3).
    expect(verdict.deviationPercent).toBeCloseTo(100 * Math.sqrt(3))
  })

  it('does not count what was only wanted, tried in vain or done dry', () => {
    const { view, outcomes } = turn(0, crowded, level)
    const tried = outcomes.map((outcome, i) => ({
      ...outcome,
      status: i % 2 === 0 ? ('failed' as const) : ('dry-run' as const),
    }))
    expect(judgeBalance([tickOf(0, view, { outcomes: tried })])).toMatchObject({ moves: 0, pins: 0 })
  })

  it('fails a scheduler that keeps moving once balanced', () => {
    const swapped = [1, 0, 0, 1, 2, 2, 3, 3]
    const restless = [...good.slice(0, 10), turn(10, level, swapped), ...rest]
    expect(judgeBalance(restless, { limits })).toMatchObject({
      passed: false,
      moves: 8,
      movesAfterBalance: 2,
      broken: ['moves: 8, limit 6', 'moves after balance: 2, limit 0'],
    })
  })

  it('fails one that is too slow, and one that was not watched for long enough', () => {
    const slow = [blind(0), ...[1, 2, 3, 4].map((i) => turn(i, crowded)), turn(5, crowded, level), ...rest]
    expect(judgeBalance(slow, { limits }).broken).toEqual(['ticks to balance: 5, limit 3'])
    expect(judgeBalance(good.slice(0, 10), { limits }).broken).toEqual(['ticks after balance: 7, wanted 20'])
  })

  it('fails any pin where none is right (A3)', () => {
    const view = viewOf(4, pinnedGuests(level))
    const widened = tickOf(1, view, { outcomes: [applied(pin(view.vcpus[0]!, view.online, 'free it'))] })
    const verdict = judgeBalance([blind(0), turn(1, level), widened], { limits: { pins: 0, moves: 0 } })
    expect(verdict).toMatchObject({ passed: false, moves: 0, pins: 1, broken: ['pins: 1, limit 0'] })
  })

  it('counts a pin that narrows a free vCPU to where it runs as a pin and not as a move', () => {
    const view = viewOf(2, [
      { name: 'a', vcpus: [{ on: 0, usage: 0.5 }] },
      { name: 'b', vcpus: [{ on: 0, usage: 0.5 }] },
    ])
    const outcomes = [
      applied(pin(view.vcpus[0]!, CpuSet.of(0), 'stay')),
      applied(pin(view.vcpus[1]!, CpuSet.of(1), 'go')),
    ]
    expect(judgeBalance([tickOf(0, view, { outcomes })])).toMatchObject({ moves: 1, pins: 2 })
  })

  it('says 0 when balanced from the first full sample, and judges nothing before it', () => {
    expect(judgeBalance([blind(0), turn(1, level)]).ticksToBalance).toBe(0)
    expect(judgeBalance([blind(0)])).toMatchObject({ passed: false, broken: ['there was no full sample'] })
    expect(judgeBalance([])).toMatchObject({ passed: false })
  })

  it('reports the median of the deviation since balance', () => {
    const uneven = (index: number, demands: readonly number[]) =>
      tickOf(
        index,
        viewOf(
          2,
          demands.map((demand, i) => ({
            name: `g${i}`,
            vcpus: [{ on: i, affinity: CpuSet.of(i), usage: demand }],
          })),
        ),
      )
    // Of two loads m+d and m-d the deviation is d/m.
    const verdict = judgeBalance([
      uneven(0, [0.51, 0.49]),
      uneven(1, [0.52, 0.48]),
      uneven(2, [0.7, 0.3]),
      uneven(3, [0.48, 0.52]),
      uneven(4, [0.5, 0.5]),
    ])
    expect(verdict.ticksToBalance).toBe(0)
    expect(verdict.deviationPercent).toBeCloseTo(4)
    expect(verdict.lastDeviationPercent).toBeCloseTo(0)
  })
})

describe('fewestMovesOfEqualLoads', () => {
  it.each([
    [4, crowded, 6],
    [4, [0, 0, 0, 0, 2, 2, 2, 2], 4],
    [4, level, 0],
    [2, crowded, 4],
    [4, [0, 0, 1, 2, 3], 0],
    [4, [0, 0, 0, 1, 2], 1],
    [3, [2, 2, 2, 2], 2],
  ])('on %i pCPUs from %j is %i', (pcpus, places, moves) => {
    expect(fewestMovesOfEqualLoads(viewOf(pcpus, pinnedGuests(places)))).toBe(moves)
  })
})
