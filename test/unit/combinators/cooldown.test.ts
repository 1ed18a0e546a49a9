import { describe, expect, it } from 'vitest'
import { cooldown } from '../../../lib/combinators/cooldown.ts'
import { setMemory } from '../../../lib/policy/plan.ts'
import { MiB } from '../../../lib/util/units.ts'
import { viewOf } from '../control/views.ts'
import { allTo, plansOf, wanderer } from './policies.ts'

const at = (time: number, id = 1) => ({ ...viewOf({ domains: [{ name: 'a', id }, { name: 'b' }] }), time })

describe('cooldown', () => {
  it('leaves alone for the time what it has changed, and nothing else', () => {
    const views = [0, 2_000, 4_000, 6_000, 8_000].map((time) => at(time))
    expect(plansOf(cooldown(5_000, wanderer), views)).toEqual([['a 0'], [], [], ['a 3'], []])
  })

  it('lets the same once more through, and both vCPUs have their own time', () => {
    expect(plansOf(cooldown(5_000, allTo(1)), [at(0), at(1_000)])).toEqual([
      ['a 1', 'b 1'],
      ['a 1', 'b 1'],
    ])
  })

  it('begins anew with a domain that has restarted', () => {
    expect(plansOf(cooldown(5_000, wanderer), [at(0), at(1_000), at(2_000, 7)])).toEqual([
      ['a 0'],
      [],
      ['a 2'],
    ])
  })

  it('holds balloons too, each by itself', () => {
    const policy = cooldown(5_000, ({ domains, time }) =>
      domains.map((domain) => setMemory(domain, (512 + time) * MiB, 'any')),
    )
    let state = policy.initialState
    const counts = [0, 1, 6_000].map((time) => {
      const decision = policy.decide(at(time), state)
      state = decision.state
      return decision.plan.length
    })
    expect(counts).toEqual([2, 0, 2])
  })

  it('refuses what is no time', () => {
    for (const time of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => cooldown(time, allTo(0))).toThrow('`milliseconds`')
    }
  })
})
