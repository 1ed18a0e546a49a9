import { describe, expect, it } from 'vitest'
import { during } from '../../../lib/combinators/during.ts'
import { fallback } from '../../../lib/combinators/fallback.ts'
import { only } from '../../../lib/combinators/only.ts'
import { autopilot } from '../../../lib/control/autopilot.ts'
import type { PinAction, Plan } from '../../../lib/policy/plan.ts'
import { FakeHost, guest } from '../control/fake-host.ts'
import { viewOf } from '../control/views.ts'
import { allTo, plansOf, wanderer } from './policies.ts'

const view = viewOf({ domains: [{ name: 'a' }] })
const broken = (): Plan<PinAction> => {
  throw new Error('out of order')
}

describe('fallback', () => {
  it('asks the other where the first throws, and tells of it', () => {
    const policy = fallback(broken, allTo(1))
    const { plan, errors } = policy.decide(view, policy.initialState)
    expect(plan).toHaveLength(1)
    expect(errors).toEqual([new Error('out of order')])
  })

  it('takes an empty plan for a decision', () => {
    expect(
      plansOf(
        fallback(() => [], allTo(1)),
        [view],
      ),
    ).toEqual([[]])
  })

  it('hands over where the first abstains, also from inside another combinator', () => {
    const noon = during({ from: '12:00', to: '13:00', timeZone: 'UTC' }, wanderer)
    const at = (clock: string) => ({ ...view, wallTime: Date.parse(`2026-03-14T${clock}:00Z`) })
    const views = [at('11:59'), at('12:00'), at('13:00'), at('12:30')]
    for (const first of [noon, only('a', noon)]) {
      expect(plansOf(fallback(first, allTo(3)), views)).toEqual([['a 3'], ['a 0'], ['a 3'], ['a 1']])
    }
  })

  it('is no silence: the tick has the plan of the other and the error of the first', async () => {
    const host = new FakeHost([guest(1)])
    for await (const tick of autopilot(host, {
      interval: 1_000,
      ticks: 1,
      scheduler: fallback(broken, allTo(1)),
    })) {
      expect(tick.errors.map(({ code, message }) => `${code} ${message}`)).toEqual([
        'ERR_POLICY The policy given as `scheduler` threw: out of order',
      ])
      expect(tick.outcomes).toMatchObject([{ status: 'applied' }])
    }
  })

  it('lets both fail as a policy does', () => {
    const policy = fallback(broken, broken)
    expect(() => policy.decide(view, policy.initialState)).toThrow('out of order')
  })
})
