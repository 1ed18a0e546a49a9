import { describe, expect, it } from 'vitest'
import type { Tick } from '../../../lib/control/tick.ts'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { pin } from '../../../lib/policy/plan.ts'
import { disturbanceOf, withExcuse } from '../../lab/cases/disturbance.ts'
import { applied, tickOf, viewOf } from '../report/ticks.ts'

const names = ['a', 'b', 'c', 'd']
const wanted = new Map(names.map((name) => [name, 0.2]))

/** Two guests on each of two pCPUs; those of pCPU 0 need `slow` times as long for their work, and all wait. */
function tick(
  index: number,
  slow: number,
  more: { places?: readonly number[]; isMoved?: boolean; delay?: number } = {},
): Tick {
  const { places = [0, 0, 1, 1], isMoved = false, delay = 0.2 } = more
  const view = viewOf(
    2,
    names.map((name, i) => {
      const usage = (1 - delay) * 0.2 * (places[i] === 0 ? slow : 1)
      return { name, vcpus: [{ on: places[i]!, affinity: CpuSet.of(places[i]!), usage, delay, demand: 0.2 }] }
    }),
  )
  const outcomes = isMoved ? [applied(pin(view.vcpus[0]!, CpuSet.of(1), ''))] : []
  return tickOf(index, view, { outcomes })
}

const run = (...slow: number[]) =>
  disturbanceOf(
    slow.map((slow, i) => tick(i, slow)),
    wanted,
  )

describe('the disturbance of a case', () => {
  it('is none where the same work takes the same time on every pCPU', () => {
    expect(run(1, 1, 1, 1)).toMatchObject({ unevenPercent: 0, disturbed: false })
  })

  it('is a pCPU that takes longer than the other by more than the tolerance, for as long as a look', () => {
    // (1.2 - 1) / (1.2 + 1) of the mean.
    expect(run(1, 1, 1.2, 1.2, 1.2, 1)).toMatchObject({ unevenPercent: 9.1, disturbed: true })
    expect(run(1, 1, 1.08, 1.08, 1.08)).toMatchObject({ unevenPercent: 3.8, disturbed: false })
  })

  it('is not a single tick among others', () => {
    expect(run(1, 1, 1, 1.2, 1, 1)).toMatchObject({ unevenPercent: 3.2, disturbed: false })
  })

  it('is nothing that the guests make by where they are, nor what is still to be seen of a move', () => {
    const crowded = [
      tick(0, 1),
      tick(1, 1.2, { places: [0, 0, 0, 1] }),
      tick(2, 1.2, { places: [0, 0, 0, 1] }),
    ]
    expect(disturbanceOf(crowded, wanted)).toMatchObject({ unevenPercent: 0, disturbed: false })
    const moved = [tick(0, 1), tick(1, 1, { isMoved: true }), tick(2, 1.2), tick(3, 1)]
    expect(disturbanceOf(moved, wanted)).toMatchObject({ unevenPercent: 0, disturbed: false })
  })

  it('is nothing where the guests are idle', () => {
    const ticks = [tick(0, 1), tick(1, 1.5), tick(2, 1.5)]
    const idle = new Map(names.map((name) => [name, 0]))
    expect(disturbanceOf(ticks, idle)).toMatchObject({ unevenPercent: 0 })
  })

  it('is the time that other programs take', () => {
    // Both pCPUs are half busy, of which the guests, for as much as they wait, have 0.4 together.
    const waiting = [0, 1, 2].map((i) => tick(i, 1, { delay: 0.5 }))
    expect(disturbanceOf(waiting, wanted)).toMatchObject({ othersPercent: 60, disturbed: true })
  })

  it('excuses nothing that is not broken, and is said of what is', () => {
    const uneven = run(1, 1.2, 1.2, 1.2)
    expect(withExcuse([], uneven)).toEqual([])
    expect(withExcuse(['moves: 2, limit 0'], uneven)).toEqual([
      'moves: 2, limit 0',
      expect.stringContaining('9.1 %'),
    ])
    expect(withExcuse(['moves: 2, limit 0'], run(1, 1, 1))).toHaveLength(1)
  })
})
