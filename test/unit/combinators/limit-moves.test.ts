import { describe, expect, it } from 'vitest'
import { limitMoves } from '../../../lib/combinators/limit-moves.ts'
import { setMemory } from '../../../lib/policy/plan.ts'
import { MiB } from '../../../lib/util/units.ts'
import { viewOf } from '../control/views.ts'
import { allTo, plansOf, wanderer } from './policies.ts'

const view = viewOf({ domains: ['a', 'b', 'c', 'd'].map((name, i) => ({ name, vcpus: [{ pcpu: i % 2 }] })) })

describe('limitMoves', () => {
  it('keeps the first moves, and every pin that moves nothing', () => {
    expect(plansOf(limitMoves(1, allTo(0)), [view])).toEqual([['a 0', 'b 0', 'c 0']])
    expect(plansOf(limitMoves(5, allTo(2)), [view])[0]).toHaveLength(4)
  })

  it('holds a policy with a state too, which goes on from what it decided', () => {
    expect(plansOf(limitMoves(1, wanderer), [view, view, view])).toEqual([['a 0'], ['a 1'], ['a 2']])
  })

  it('counts a change of a balloon as one', () => {
    const policy = limitMoves(2, ({ domains }) =>
      domains.map((domain) => setMemory(domain, 512 * MiB, 'any')),
    )
    expect(policy.decide(view, policy.initialState).plan.map(({ domain }) => domain)).toEqual(['a', 'b'])
  })

  it('refuses what is no number of moves, and no policy', () => {
    for (const moves of [0, 1.5, Number.NaN]) expect(() => limitMoves(moves, allTo(0))).toThrow('`moves`')
    // @ts-expect-error as from JavaScript
    expect(() => limitMoves(1, 'balance')).toThrow('Expected `policy` to be a policy')
  })
})
