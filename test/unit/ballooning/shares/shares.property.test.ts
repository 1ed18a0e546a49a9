import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { shares } from '../../../../lib/ballooning/shares.ts'
import { MiB } from '../../../../lib/util/units.ts'
import { runs } from '../../../support/runs.ts'
import { type Sketch, viewOf } from './views.ts'

describe('whatever is seen', () => {
  const mebibytes = (max: number) => fc.integer({ min: 0, max })
  const sketch: fc.Arbitrary<Sketch> = fc
    .record({
      actual: fc.integer({ min: 250, max: 8_000 }),
      target: fc.option(fc.integer({ min: 250, max: 8_000 }), { nil: undefined }),
      part: fc.double({ min: 0, max: 1.1, noNaN: true }),
      swapDebt: mebibytes(2_000),
      burst: mebibytes(3_000),
      growth: fc.constantFrom(0, 25, 100),
      underPressure: fc.boolean(),
      swappedOut: fc.constantFrom(0, 0, 100),
      oomKilled: fc.boolean(),
      progress: fc.constantFrom('resting', 'following', 'refusing'),
      memoryFloor: fc.option(mebibytes(4_000), { nil: undefined }),
      memoryCeiling: fc.option(fc.integer({ min: 250, max: 8_000 }), { nil: undefined }),
      memoryShares: fc.constantFrom(1, 1_000, 10_000),
    })
    .map(({ part, target, progress, memoryFloor, memoryCeiling, memoryShares, ...more }) => ({
      ...more,
      ...(target !== undefined && { target }),
      inUse: Math.floor(part * more.actual),
      maximum: 8_000,
      settings: {
        memoryShares,
        ...(memoryFloor !== undefined && { memoryFloor: memoryFloor * MiB }),
        ...(memoryCeiling !== undefined && { memoryCeiling: memoryCeiling * MiB }),
      },
      memory: { progress: progress as 'resting' | 'following' | 'refusing' },
    }))
  const turns = fc.array(fc.tuple(fc.array(sketch, { minLength: 3, maxLength: 3 }), mebibytes(8_000)), {
    minLength: 1,
    maxLength: 12,
  })

  it('grants what is free and no more, takes nothing that is used, and asks each at most once', () => {
    fc.assert(
      fc.property(turns, (views) => {
        const policy = shares()
        let state = policy.initialState
        for (const [index, [guests, free]] of views.entries()) {
          const view = viewOf(guests, free - 500, 2_000 * (index + 1))
          const { plan, state: next } = policy.decide(view, state)
          state = next
          let granted = 0
          for (const { uuid, bytes } of plan) {
            const { memory, settings } = view.domains.find((domain) => domain.uuid === uuid)!
            const { actual = 0, target = actual, maximum = 0, need } = memory
            const ceiling = Math.min(maximum, settings.memoryCeiling ?? maximum)
            granted += Math.max(0, bytes - Math.max(actual, target))
            expect(bytes).toBeLessThanOrEqual(Math.max(actual, target, ceiling))
            const floor = Math.max(200 * MiB, need!.inUse + need!.swapDebt + 100 * MiB)
            if (bytes < target) expect(bytes).toBeGreaterThanOrEqual(Math.min(target, floor))
          }
          expect(granted).toBeLessThanOrEqual(Math.max(0, free - 500) * MiB)
          expect(new Set(plan.map(({ uuid }) => uuid)).size).toBe(plan.length)
        }
      }),
      { numRuns: runs(500) },
    )
  })
})
