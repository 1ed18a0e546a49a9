import { describe, expect, it } from 'vitest'
import { summarize } from '../../../lib/control/summary.ts'
import type { Outcome, Tick } from '../../../lib/control/tick.ts'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { BallastError } from '../../../lib/host/errors.ts'
import { type Action, pin, setMemory } from '../../../lib/policy/plan.ts'
import { scoresOf } from '../../../lib/view/score/scores.ts'
import { viewOf } from './views.ts'

const view = viewOf({
  pcpus: 2,
  domains: [{ name: 'a' }, { name: 'b', vcpus: [{ pcpu: 1 }, { affinity: CpuSet.of(1), pcpu: 0 }] }],
})

function tick(outcomes: Outcome[], change: Partial<Tick> = {}): Omit<Tick, 'summary'> {
  const timing = {
    sample: 0,
    observe: 0,
    decide: 0,
    guard: 0,
    actuate: 0,
    followUp: 0,
    total: 0,
    period: undefined,
  }
  const empty = { plan: [], clamps: [], skipped: [], errors: [] }
  const scores = scoresOf(change.view ?? view)
  return { index: 3, cause: 'interval', wallTime: 0, view, scores, outcomes, timing, ...empty, ...change }
}
const outcome = (action: Action, status: Outcome['status'] = 'applied'): Outcome => {
  return { action, status, error: undefined, duration: 0 }
}
const [a, b0, b1] = view.vcpus
const size = setMemory(view.domains[0]!, 1, '')

describe('a tick in one line', () => {
  it('says when it could not wait for the beat', () => {
    expect(summarize(tick([], { cause: 'emergency' }))).toMatch(/^tick 3, emergency: 2 guests, /)
  })

  it('says when nothing changes, with the deviation of the demand on the pCPUs', () => {
    // 0.5 on pCPU 0, 1.0 on pCPU 1, where the last vCPU can only be.
    expect(summarize(tick([]))).toBe('tick 3: 2 guests, deviation 25.0 %, all scores 100, no change')
  })

  it('counts a pin as a move only when the vCPU leaves its pCPU', () => {
    const pins = [pin(a!, CpuSet.of(0), ''), pin(b0!, CpuSet.of(0), ''), pin(b1!, CpuSet.of(0), '')]
    expect(summarize(tick([...pins.map((one) => outcome(one)), outcome(size)]))).toBe(
      'tick 3: 2 guests, deviation 25.0 %, all scores 100, 3 pins (2 moves), memory 1 change',
    )
  })

  it('tells what would be done, what failed and what is stuck', () => {
    expect(summarize(tick([outcome(size, 'dry-run')]))).toContain(', dry run: memory 1 change')
    expect(summarize(tick([outcome(size, 'failed')]))).toBe(
      'tick 3: 2 guests, deviation 25.0 %, all scores 100, 1 failed',
    )
    const stuck = viewOf({ domains: [{ name: 'a', memory: { hold: 'stuck' } }] })
    expect(summarize(tick([], { view: stuck }))).toContain(
      '1 guest, deviation 21.7 %, all scores 100, 1 stuck, no change',
    )
  })

  it('keeps to one line whatever an error says, and says nothing of the balance of an idle host', () => {
    const errors = [new BallastError('ERR_LIBVIRT', 'no\n\x1b[2Juse'), new BallastError('ERR_POLICY', 'more')]
    const idle = viewOf({ domains: [{ name: 'a', vcpus: [] }] })
    expect(summarize(tick([], { view: idle, errors }))).toBe('tick 3: 1 guest, 2 errors: no\\x0a\\x1b[2Juse')
  })

  it('names the guest with the lowest score, and what it lacks', () => {
    const scores = {
      cpu: Float64Array.of(90, Number.NaN),
      memory: Float64Array.of(100, 43),
      together: Float64Array.of(90, Number.NaN),
    }
    expect(summarize(tick([], { scores }))).toContain(', lowest score 43 (b, memory), ')
    const full = {
      ...scores,
      cpu: Float64Array.of(100, Number.NaN),
      memory: Float64Array.of(100, Number.NaN),
    }
    expect(summarize(tick([], { scores: full }))).toContain(', all scores 100, ')
  })
})
