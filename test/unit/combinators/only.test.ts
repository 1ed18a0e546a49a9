import { describe, expect, it } from 'vitest'
import { watermark } from '../../../lib/ballooning/watermark/watermark.ts'
import { except, only } from '../../../lib/combinators/only.ts'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { pin } from '../../../lib/policy/plan.ts'
import { lpt } from '../../../lib/schedulers/baseline/lpt.ts'
import type { View } from '../../../lib/view/view.ts'
import { viewOf } from '../control/views.ts'
import { allTo, plansOf } from './policies.ts'

const names = ['web-1', 'web-2', 'db']
const view = viewOf({ domains: names.map((name) => ({ name })) })

describe('only and except', () => {
  it('choose by glob or by a function', () => {
    expect(plansOf(only('web-?', allTo(1)), [view])).toEqual([['web-1 1', 'web-2 1']])
    expect(plansOf(except('web*', allTo(1)), [view])).toEqual([['db 1']])
    expect(
      plansOf(
        only(({ vcpus, name }) => vcpus.length === 1 && name !== 'web-1', allTo(1)),
        [view],
      ),
    ).toEqual([['web-2 1', 'db 1']])
  })

  it('hold a policy that looks at nothing to it', () => {
    const blind = only('db', ({ vcpus }) => vcpus.map((vcpu) => pin(vcpu, CpuSet.of(3), 'any')))
    expect(plansOf(blind, [view])).toEqual([['db 3']])
  })

  it('have the others counted: the policy plans around their load', () => {
    const pinned = ['web-1', 'web-2', 'db'].map((name) => ({
      name,
      vcpus: [{ affinity: CpuSet.of(0), pcpu: 0 }],
    }))
    const two = viewOf({ domains: pinned, pcpus: 2 })
    expect(plansOf(only('web*', lpt()), [two])).toEqual([['web-1 1']])
    expect(plansOf(only('db', lpt()), [two])).toEqual([['db 1']])
  })

  it('show the others as not managed, which ballooning policies heed', () => {
    const seen: string[] = []
    const inner = watermark()
    const policy = only('db', {
      ...inner,
      decide(view: View, state: typeof inner.initialState) {
        for (const { name, settings } of view.domains) if (settings.managed) seen.push(name)
        const decision = inner.decide(view, state)
        for (const { domain } of decision.plan) seen.push(`${domain} planned`)
        return decision
      },
    })
    let state = policy.initialState
    for (let look = 1; look < 12; look++) state = policy.decide({ ...view, time: 2_000 * look }, state).state
    expect(new Set(seen)).toEqual(new Set(['db', 'db planned']))
  })

  it('refuse what chooses nothing', () => {
    expect(() => only('', allTo(0))).toThrow('`which`')
    // @ts-expect-error as from JavaScript
    expect(() => except(3, allTo(0))).toThrow('`which`')
  })
})
