import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { guestFloor, guestMargin } from '../../../lib/control/defaults.ts'
import { guard } from '../../../lib/control/guard/guard.ts'
import { Ledger } from '../../../lib/control/ledger/ledger.ts'
import type { Outcome, Tick } from '../../../lib/control/tick.ts'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { BallastError } from '../../../lib/host/errors.ts'
import { DomainState } from '../../../lib/host/sample.ts'
import type { Action } from '../../../lib/policy/plan.ts'
import { GiB, MiB } from '../../../lib/util/units.ts'
import { scoresOf } from '../../../lib/view/score/scores.ts'
import type { View } from '../../../lib/view/view.ts'
import type { Call } from '../../lab/cases/faults/tap.ts'
import { noFacts, wrongActions } from '../../lab/cases/faults/wrong-actions.ts'
import { anyPlan, anyView, domainOverhead, uuidOf, viewOf } from '../control/views.ts'

function tickOf(view: View, actions: readonly Action[], more: Partial<Tick> = {}): Tick {
  const outcomes = actions.map(
    (action): Outcome => ({ action, status: 'applied', error: undefined, duration: 1 }),
  )
  const timing = {
    sample: 1,
    observe: 0,
    decide: 1,
    guard: 0,
    actuate: 1,
    followUp: 0,
    total: 3,
    period: 1_000,
  }
  const scores = scoresOf(view)
  const told = { scores, plan: actions, clamps: [], skipped: [], outcomes, errors: [], timing, summary: '' }
  return { index: 5, cause: 'interval', wallTime: 0, view, ...told, ...more }
}

const pinned = (cpu: number, name = 'a'): Action => {
  return {
    kind: 'pin',
    uuid: uuidOf(name),
    domain: name,
    vcpu: 0,
    cpus: CpuSet.of(cpu),
    reason: { kind: 'custom', text: '' },
  }
}
const sized = (bytes: number, name = 'a'): Action => {
  return { kind: 'setMemory', uuid: uuidOf(name), domain: name, bytes, reason: { kind: 'custom', text: '' } }
}
const called = (at: number, done = true): Call => ({ kind: 'pin', uuid: uuidOf('a'), vcpu: 0, at, done })

describe('wrong actions', () => {
  it('are none where all is well', () => {
    const view = viewOf({ domains: [{ name: 'a' }] })
    expect(wrongActions(tickOf(view, [pinned(1), sized(2 * GiB)]), [called(1)], noFacts())).toEqual([])
    expect(wrongActions(tickOf(view, [sized(400 * MiB)]), [], noFacts())).toEqual([])
  })

  it.each<[string, View, Action[], Partial<Tick>?]>([
    ['no such guest', viewOf({ domains: [{ name: 'b' }] }), [pinned(1)]],
    ['seen not to run', viewOf({ domains: [{ name: 'a', state: DomainState.paused }] }), [pinned(1)]],
    ['known to be stuck', viewOf({ domains: [{ name: 'a', memory: { hold: 'stuck' } }] }), [pinned(1)]],
    ['9 is not within', viewOf({ domains: [{ name: 'a' }] }), [pinned(9)]],
    ['not within 2', viewOf({ domains: [{ name: 'a', vcpus: [{ allowed: CpuSet.of(2) }] }] }), [pinned(1)]],
    ['shrunk to', viewOf({ domains: [{ name: 'a' }] }), [sized(300 * MiB)]],
    ['shrunk to', viewOf({ domains: [{ name: 'a', memory: { usable: GiB } }] }), [sized(150 * MiB)]],
    [
      'on hold: stale',
      viewOf({ domains: [{ name: 'a', memory: { hold: 'stale statistics' } }] }),
      [sized(2 * GiB)],
    ],
    ['not known', viewOf({ domains: [{ name: 'a', memory: { actual: undefined } }] }), [sized(2 * GiB)]],
    ['above its maximum', viewOf({ domains: [{ name: 'a' }] }), [sized(5 * GiB)]],
    ['the budget is', viewOf({ domains: [{ name: 'a' }], total: 3 * GiB }), [sized(3 * GiB)]],
    ['before a gap', { ...viewOf({ domains: [{ name: 'a' }] }), interval: undefined }, [pinned(1)]],
    [
      'no connection',
      viewOf({ domains: [{ name: 'a' }] }),
      [pinned(1)],
      { errors: [new BallastError('ERR_DISCONNECTED', 'lost')] },
    ],
  ])('are counted: %s', (why, view, actions, more) => {
    const wrong = wrongActions(tickOf(view, actions, more), [], noFacts())
    expect(wrong).toHaveLength(1)
    expect(wrong[0]).toContain(why)
  })

  it('are counted where the View was no longer so', () => {
    const view = { ...viewOf({ domains: [{ name: 'a', id: 7 }] }), time: 100 }
    const tick = tickOf(view, [pinned(1)])
    const uuid = uuidOf('a')
    const gap = { ...noFacts(), gaps: [{ lost: 101, back: 110 }] }
    expect(wrongActions(tick, [called(111)], gap)[0]).toContain('decided before a gap')
    expect(wrongActions(tick, [called(111, false)], gap)).toEqual([])
    expect(wrongActions(tick, [called(100.5)], gap)).toEqual([])
    const ended = { ...noFacts(), ended: [{ uuid, id: 7, at: 105 }] }
    expect(wrongActions(tick, [called(106)], ended)[0]).toContain('had ended')
    expect(wrongActions(tick, [called(104)], ended)).toEqual([])
    const paused = { ...noFacts(), paused: [{ uuid, from: 50, until: 200 }] }
    expect(wrongActions(tick, [called(106, false)], paused)[0]).toContain('paused')
    expect(wrongActions(tick, [called(201)], paused)).toEqual([])
  })

  it('are never what the guard lets through', () => {
    const limits = { guestFloor, guestMargin, domainOverhead }
    fc.assert(
      fc.property(anyView, anyPlan, (view, plan) => {
        const { plan: passed } = guard(plan, view, limits, new Ledger())
        expect(wrongActions(tickOf(view, passed), [], noFacts())).toEqual([])
      }),
    )
  })
})
