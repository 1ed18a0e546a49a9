import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Move, type Ordering, ordered } from '../../../lib/fleet/plan/order.ts'
import { runs } from '../../support/runs.ts'

const scene = fc.record({
  free: fc.array(fc.nat(6), { minLength: 2, maxLength: 5 }),
  guests: fc.array(fc.record({ from: fc.nat(4), to: fc.nat(4), size: fc.integer({ min: 1, max: 5 }) }), {
    minLength: 1,
    maxLength: 8,
  }),
  choices: fc.array(fc.nat(1_000), { minLength: 20, maxLength: 20 }),
})

function order(free: readonly number[], moves: readonly Move[], apart: readonly number[] = []): Ordering {
  return ordered(moves, {
    free: Float64Array.from(free),
    mayBeOn: () => true,
    conflicts: (guest) => new Set(apart.includes(guest) ? apart.filter((other) => other !== guest) : []),
    hostOf: (guest) => moves.find((move) => move.guest === guest)!.from,
  })
}

function move(guest: number, from: number, to: number, size: number): Move {
  return { guest, from, to, memory: size, leaves: size }
}

describe('the order of moves', () => {
  it('never takes more than is free, whatever is begun of what may be', () => {
    let waits = 0
    let detours = 0
    fc.assert(
      fc.property(scene, ({ free, guests, choices }) => {
        const moves = guests.flatMap(({ from, to, size }, guest) => {
          const [a, b] = [from % free.length, to % free.length]
          return a === b ? [] : [move(guest, a, b, size)]
        })
        const { moves: steps, blocked } = order(free, moves)
        const brought = steps.flatMap(({ guest, part }) => (part === 'detour' ? [] : [guest]))
        expect([...brought, ...blocked.map(({ guest }) => guest)].sort()).toEqual(
          moves.map(({ guest }) => guest),
        )
        waits += steps.filter(({ after }) => after.length > 0).length
        detours += steps.filter(({ part }) => part === 'detour').length
        const left = [...free]
        const begun = new Set<number>()
        const done = new Set<number>()
        for (let turn = 0; done.size < steps.length; turn++) {
          const ready = steps.flatMap(({ after }, i) =>
            !begun.has(i) && after.every((one) => done.has(one)) ? [i] : [],
          )
          const running = [...begun].filter((i) => !done.has(i))
          const choice = choices[turn % choices.length]!
          if (ready.length > 0 && (running.length === 0 || choice % 3 > 0)) {
            const next = ready[choice % ready.length]!
            begun.add(next)
            left[steps[next]!.to]! -= steps[next]!.memory
          } else {
            const ended = running[choice % running.length]!
            done.add(ended)
            left[steps[ended]!.from]! += steps[ended]!.leaves
          }
          for (const bytes of left) expect(bytes).toBeGreaterThanOrEqual(0)
        }
      }),
      // Fewer have no detour among them.
      { numRuns: Math.max(600, runs(1_000)), seed: 1 },
    )
    expect(waits).toBeGreaterThan(0)
    expect(detours).toBeGreaterThan(0)
  })

  it('counts what comes before what another frees', () => {
    const { moves } = order([2, 9, 9], [move(0, 1, 0, 2), move(1, 0, 2, 3), move(2, 1, 0, 3)])
    expect(moves.map(({ guest, after }) => [guest, ...after])).toEqual([[0], [1], [2, 1]])
  })

  it('brings guests round a circle of full hosts over a third one, the smallest first', () => {
    const { moves, blocked } = order([0, 0, 4], [move(0, 0, 1, 5), move(1, 1, 0, 4)])
    expect(blocked.map(({ guest }) => guest)).toEqual([0, 1])
    expect(moves).toEqual([])
    const beside = order([0, 0, 4, 9], [move(0, 0, 1, 5), move(1, 1, 0, 4), move(2, 0, 3, 1)])
    expect(beside.moves.map(({ guest, to }) => [guest, to])).toContainEqual([2, 3])
    const circle = order([0, 0, 4], [move(0, 0, 1, 4), move(1, 1, 0, 4)])
    expect(circle.moves.map(({ guest, to, part, after }) => [guest, to, part, ...after])).toEqual([
      [0, 2, 'detour'],
      [1, 0, 'all', 0],
      [0, 1, 'rest', 0, 1],
    ])
  })

  it('lets none come before the one has left that it must not meet', () => {
    const { moves } = order([9, 9, 9], [move(0, 0, 1, 1), move(1, 1, 2, 1)], [0, 1])
    expect(moves.map(({ guest, after }) => [guest, ...after])).toEqual([[1], [0, 0]])
  })
})
