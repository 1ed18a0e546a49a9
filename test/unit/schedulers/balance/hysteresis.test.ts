import { describe, expect, it } from 'vitest'
import { shapeOf } from '../../../../lib/schedulers/balance/bins.ts'
import { initialPatience, isTime } from '../../../../lib/schedulers/balance/hysteresis.ts'
import { changeSince, settledAs } from '../../../../lib/schedulers/balance/last-round.ts'
import { type Model, readModel } from '../../../../lib/schedulers/balance/model.ts'
import { defaultPrice } from '../../../../lib/schedulers/balance/move-cost.ts'
import { type VcpuSketch, viewOf } from './views.ts'

const modelOf = (vcpus: readonly VcpuSketch[], background?: readonly number[]): Model => {
  const view = viewOf({ shape: { cores: 2 }, vcpus, ...(background && { background }) })
  return readModel(view, shapeOf(view, 'cpu', { sibling: 0.25, background: true }), defaultPrice, () => false)
}

describe('what changed since a round of moves', () => {
  const vcpus: readonly VcpuSketch[] = [
    { demand: 0.5, on: 0 },
    { demand: 0.4, on: 1 },
    { demand: 0.3, on: 1 },
  ]
  const model = modelOf(vcpus)
  const settled = settledAs(model, model.start)
  const since = (now: readonly VcpuSketch[], background?: readonly number[]) =>
    changeSince(modelOf(now, background), settled)

  it('is nothing while estimates stay near, in whatever order', () => {
    expect(since([0.41, 0.47, 0.27].map((demand, index) => ({ ...vcpus[index]!, demand })))).toBe('none')
  })

  it('is that somebody else sent a vCPU elsewhere', () => {
    expect(since(vcpus.with(2, { demand: 0.3, on: 0 }))).toBe('places')
  })

  it('is what a vCPU wants, and what cannot be moved', () => {
    expect(since(vcpus.with(2, { demand: 0.4, on: 1 }))).toBe('demand')
    expect(since(vcpus, [0.1, 0])).toBe('demand')
  })

  it('is who is there', () => {
    expect(since(vcpus.slice(1))).toBe('vcpus')
    expect(since(vcpus.with(0, { ...vcpus[0]!, guest: 7 }))).toBe('vcpus')
  })
})

describe('how many Views have to call for moves', () => {
  /** Of 1 to 100, after rounds that have made it patient. */
  const needed = (
    change: 'none' | 'places' | 'demand' | 'vcpus' | undefined,
    gain: number,
    patience = 64,
  ) => {
    const reason = { kind: 'balance-uncertain', deviation: 0.1 + gain } as const
    const explanation = { front: [], lowerBound: 0, tolerated: 0.02, chosen: 1, reason }
    const better = { where: new Int32Array(), moves: 1, deviation: 0.1 }
    const verdict = { better, deviation: 0.1 + gain, isIdle: false, explanation, change }
    const state = (calls: number) => ({ ...initialPatience, needed: patience, calls })
    return Array.from({ length: 100 }, (_, calls) => calls + 1).find((n) => isTime(state(n - 1), verdict))
  }

  it.each([
    ['none', 64],
    ['places', 64],
    ['demand', 8],
    ['vcpus', 4],
  ] as const)('when %s changed and the gain is small: %i', (change, views) => {
    expect(needed(change, 0.03)).toBe(views)
  })

  it('two when the gain is clear, unless nothing has changed', () => {
    expect(needed(undefined, 0.2, 4)).toBe(2)
    expect(needed('demand', 0.2)).toBe(2)
    expect(needed('none', 0.2)).toBe(64)
  })

  it('four at first', () => {
    expect(needed(undefined, 0.03, initialPatience.needed)).toBe(4)
  })
})
