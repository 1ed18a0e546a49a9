import { describe, expect, it } from 'vitest'
import { Arrangement } from '../../../../lib/schedulers/balance/arrangement.ts'
import { shapeOf } from '../../../../lib/schedulers/balance/bins.ts'
import { descend } from '../../../../lib/schedulers/balance/descent.ts'
import { bestExchange } from '../../../../lib/schedulers/balance/exchange.ts'
import { type Model, readModel } from '../../../../lib/schedulers/balance/model.ts'
import { defaultPrice } from '../../../../lib/schedulers/balance/move-cost.ts'
import { seeded } from '../world.ts'
import { type HostSketch, viewOf } from './views.ts'

/** What counts as a gain. */
const leastGain = 1e-9

function modelOf(host: HostSketch): Model {
  const view = viewOf(host)
  return readModel(view, shapeOf(view, 'cpu', { sibling: 0.25, background: true }), defaultPrice, () => false)
}

/** Guests of two vCPUs anywhere on two cores of two threads. */
function randomModel(seed: number): Model {
  const uniform = seeded(seed)
  const vcpus = Array.from({ length: 8 }, (_, index) => ({
    demand: 0.1 + 0.3 * Math.floor(3 * uniform()),
    on: Math.floor(4 * uniform()),
    guest: index >> 1,
  }))
  return modelOf({ shape: { cores: 2, threads: 2 }, vcpus })
}

describe('an exchange of one vCPU for two', () => {
  it('gains what it was taken for, also when vCPUs of one guest go together or past each other', () => {
    let found = 0
    for (let seed = 1; seed <= 400; seed++) {
      const now = new Arrangement(randomModel(seed))
      const on = Array.from(now.loads, (): number[] => [])
      for (const [item, bin] of now.where.entries()) on[bin]!.push(item)
      for (const source of on.keys()) {
        const exchange = bestExchange(now, on, source, leastGain)
        if (!exchange) continue
        found++
        const after = new Arrangement(now.model)
        for (const item of exchange.out) after.move(item, exchange.to)
        for (const item of exchange.back) after.move(item, source)
        expect(now.cost - after.cost).toBeCloseTo(exchange.gain, 9)
      }
    }
    expect(found).toBeGreaterThan(500)
  })
})

/** Guests of two small vCPUs anywhere on pCPUs that are about equally loaded by what stays there. */
function crowdedModelOf(seed: number, cores: number, guests: number, small: number): Model {
  const uniform = seeded(seed)
  const staying = Array.from({ length: 2 * cores }, (_, on) => {
    return { demand: 0.3 + small * uniform(), on, guest: guests + on, allowed: [on] }
  })
  const vcpus = Array.from({ length: 2 * guests }, (_, index) => ({
    demand: small * (0.5 + uniform()),
    on: Math.floor(2 * cores * uniform()),
    guest: index >> 1,
  }))
  return modelOf({ shape: { cores, threads: 2 }, vcpus: [...staying, ...vcpus] })
}

describe('a descent', () => {
  // Each of these went round without end while two that go together were judged one by one.
  it.each([
    [481, 2, 4, 0.01],
    [185, 2, 6, 0.01],
    [257, 3, 6, 0.05],
    [2_709, 3, 4, 0.1],
  ])('comes down with each step, so it ends: seed %i', (...given) => {
    for (const steepness of ['for each move', 'in all'] as const) {
      const { way } = descend(crowdedModelOf(...given), 0, steepness)
      expect(way.length).toBeGreaterThan(1)
      for (const [step, { cost }] of way.entries()) {
        if (step > 0) expect(cost).toBeLessThan(way[step - 1]!.cost)
      }
    }
  })
})
