import { describe, expect, it } from 'vitest'
import { during } from '../../../lib/combinators/during.ts'
import { viewOf } from '../control/views.ts'
import { allTo, plansOf, wanderer } from './policies.ts'

const at = (clock: string) => ({
  ...viewOf({ domains: [{ name: 'a' }] }),
  wallTime: Date.parse(`2026-03-14T${clock}Z`),
})
const times = ['05:59', '06:00', '21:59', '22:00', '23:59', '00:00'].map((clock) => at(`${clock}:30`))

describe('during', () => {
  it('asks the policy from the one time up to the other', () => {
    const day = during({ from: '06:00', to: '22:00', timeZone: 'UTC' }, allTo(0))
    expect(plansOf(day, times).map(({ length }) => length)).toEqual([0, 1, 1, 0, 0, 0])
  })

  it('goes on over midnight', () => {
    const night = during({ from: '22:00', to: '06:00', timeZone: 'UTC' }, allTo(0))
    expect(plansOf(night, times).map(({ length }) => length)).toEqual([1, 0, 0, 1, 1, 1])
  })

  it('goes by the clocks of its zone', () => {
    const policy = during({ from: '22:00', to: '06:00', timeZone: 'Asia/Kolkata' }, allTo(0))
    expect(plansOf(policy, [at('16:29:59'), at('16:30:00')]).map(({ length }) => length)).toEqual([0, 1])
  })

  it('abstains outside, and the policy finds its state as it left it', () => {
    const policy = during({ from: '12:00', to: '13:00', timeZone: 'UTC' }, wanderer)
    expect(plansOf(policy, [at('12:10:00'), at('14:00:00'), at('12:20:00')])).toEqual([['a 0'], [], ['a 1']])
    expect(policy.decide(at('14:00:00'), policy.initialState).abstains).toBe(true)
  })

  it('refuses what is no window', () => {
    const make = (from: string, to: string, timeZone?: string) => () =>
      during({ from, to, timeZone }, allTo(0))
    expect(make('24:00', '06:00')).toThrow('Expected `from` to be a time of day as HH:MM, got "24:00"')
    expect(make('22:00', '6')).toThrow('`to`')
    expect(make('22:00', '22:00')).toThrow('a time other than from')
    expect(make('22:00', '06:00', 'Mars/Olympus')).toThrow('`timeZone`')
  })
})
