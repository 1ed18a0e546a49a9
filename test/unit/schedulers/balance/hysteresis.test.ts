import { describe, expect, it } from 'vitest'
import { Arrangement } from '../../../../lib/schedulers/balance/arrangement.ts'
import { shapeOf } from '../../../../lib/schedulers/balance/bins.ts'
import { initialPatience, isTime, type PatienceState } from '../../../../lib/schedulers/balance/hysteresis.ts'
import { changeSince, settledAs } from '../../../../lib/schedulers/balance/last-round.ts'
import { type Model, readModel } from '../../../../lib/schedulers/balance/model.ts'
import { defaultPrice } from '../../../../lib/schedulers/balance/move-cost.ts'
import { deviationWithoutAnyGuest } from '../../../../lib/schedulers/balance/robust.ts'
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
  /** Six guests on two pCPUs. */
  const crowded = (on: readonly number[], demand = 0.3) => modelOf(on.map((cpu) => ({ demand, on: cpu })))
  const even = crowded([0, 0, 0, 1, 1, 1])
  interface Call {
    readonly change?: 'none' | 'places' | 'demand' | 'vcpus'
    readonly gain: number
    readonly left?: number
    readonly state?: Partial<PatienceState>
    readonly model?: Model
    readonly atOnce?: boolean
  }
  /** Of 1 to 100. */
  const needed = ({ change, gain, left = 0, state = {}, model = even, atOnce = true }: Call) => {
    const deviation = left + gain
    const reason = { kind: 'balance-fewest', lowerBound: 0, deviation, moves: 1, reached: left } as const
    const explanation = { front: [], lowerBound: 0, tolerated: 0.02, chosen: 1, reason }
    const better = { where: new Int32Array(), moves: 1, deviation: left }
    const verdict = { better, deviation, noise: 0.04, isIdle: false, explanation, change }
    const before = (calls: number) => ({ ...initialPatience, ...state, calls })
    return Array.from({ length: 100 }, (_, calls) => calls + 1).find((n) =>
      isTime(before(n - 1), model, verdict, atOnce),
    )
  }
  /** After rounds that have made it patient. */
  const patient = { needed: 64 }
  const longKnown = { known: { roster: even.roster, views: 20 } }

  it.each([
    ['none', 64],
    ['places', 64],
    ['demand', 8],
    ['vcpus', 4],
  ] as const)('when %s changed and the gain is small: %i', (change, views) => {
    expect(needed({ change, gain: 0.05, left: 0.1, state: patient })).toBe(views)
  })

  it('two when the gain is clear, unless nothing has changed', () => {
    expect(needed({ gain: 0.1 })).toBe(2)
    expect(needed({ change: 'demand', gain: 0.1, state: patient })).toBe(2)
    expect(needed({ change: 'none', gain: 0.1, state: patient })).toBe(64)
  })

  it('four at first', () => {
    expect(needed({ gain: 0.05 })).toBe(4)
  })

  it('one when the gain is beyond doubt and all have been known for a while', () => {
    expect(needed({ gain: 0.2, state: longKnown })).toBe(1)
    expect(needed({ change: 'demand', gain: 0.2, state: { ...longKnown, ...patient } })).toBe(1)
    expect(needed({ change: 'none', gain: 0.2, state: { ...longKnown, ...patient } })).toBe(64)
    expect(needed({ gain: 0.2, state: longKnown, atOnce: false })).toBe(2)
  })

  it('one at first sight where it is clear without any one guest', () => {
    expect(needed({ gain: 0.9, model: crowded([0, 0, 0, 0, 0, 0]) })).toBe(1)
    expect(needed({ gain: 0.3, model: crowded([0, 0, 0, 0, 1, 1]) })).toBe(1)
    expect(needed({ gain: 0.15, model: crowded([0, 0, 0, 1, 1]) })).toBe(2)
  })

  it('two at first sight where the best that is found is on the edge of the tolerance', () => {
    const model = crowded([0, 0, 0, 0, 0, 0])
    expect(needed({ gain: 0.88, left: 0.019, model })).toBe(2)
    expect(needed({ gain: 0.88, left: 0.017, model })).toBe(1)
    expect(
      needed({ gain: 0.88, left: 0.019, model, state: { known: { roster: model.roster, views: 20 } } }),
    ).toBe(1)
  })
})

describe('what is left without any one guest', () => {
  it('is the least deviation of the others', () => {
    const shape = { cores: 2, threads: 2 }
    const vcpus: readonly VcpuSketch[] = [
      { demand: 0.5, on: 0, guest: 1 },
      { demand: 0.4, on: 1, guest: 1 },
      { demand: 0.3, on: 1, guest: 2 },
      { demand: 0.2, on: 2, guest: 3 },
    ]
    const model = (own: readonly VcpuSketch[]) => {
      const view = viewOf({ shape, vcpus: own, background: [0.1, 0, 0, 0.2] })
      const bins = shapeOf(view, 'cpu', { sibling: 0.25, background: true })
      return readModel(view, bins, defaultPrice, undefined)
    }
    const deviation = (own: Model) => {
      const room = own.shape.capacity.reduce((sum, one) => sum + one, 0)
      const at = new Arrangement(own)
      return Math.sqrt((at.squares - at.total() ** 2 / room) / room)
    }
    const others = [1, 2, 3].map((guest) => deviation(model(vcpus.filter((one) => one.guest !== guest))))
    expect(deviationWithoutAnyGuest(model(vcpus))).toBeCloseTo(Math.min(...others), 9)
  })
})
