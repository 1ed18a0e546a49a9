import { describe, expect, it } from 'vitest'
import type { Guarded } from '../../../../lib/control/guard/guard.ts'
import { MovingBalloons } from '../../../../lib/control/restore/moving-balloons.ts'
import { setMemory } from '../../../../lib/policy/plan.ts'
import { MiB } from '../../../../lib/util/units.ts'
import type { DomainView, View } from '../../../../lib/view/view.ts'

const uuid = '5f1d7a3e-0f0e-4a53-9a55-000000000001'

/** A host with one guest at `time` (milliseconds) whose balloon has `size` MiB, and whose report is `age` ms old. */
function viewAt(time: number, size: number, age: number): View {
  const memory = { actual: size * MiB, target: size * MiB, age }
  return { time, domains: [{ uuid, name: 'vm1', memory }] } as unknown as View
}

/** A size that the guard does not allow: the guest uses more, by its report. */
function tooDeep(view: View): Guarded {
  const action = setMemory(view.domains[0] as DomainView, 704 * MiB, 'test')
  const cause = { kind: 'below-use', used: 640 * MiB, margin: 100 * MiB } as const
  const clamp = { action, instead: undefined, result: 'denied', rule: 'guest-floor', cause } as const
  return { plan: [], clamps: [clamp], skipped: [] }
}

describe('a balloon that went all the way between two Views', () => {
  const seen = (balloons: MovingBalloons, time: number, size: number, age: number) => {
    const view = viewAt(time, size, age)
    return balloons.isUnsettled(tooDeep(view), view)
  }

  it('is not at rest until its guest has reported after that', () => {
    const balloons = new MovingBalloons()
    expect(seen(balloons, 1_000, 872, 200)).toBe(false)
    expect(seen(balloons, 2_000, 740, 500)).toBe(true)
    expect(seen(balloons, 2_500, 740, 1_000)).toBe(true)
    expect(seen(balloons, 3_000, 740, 500)).toBe(false)
  })

  it('is not waited for longer than guests take to report', () => {
    const balloons = new MovingBalloons()
    seen(balloons, 1_000, 872, 200)
    expect(seen(balloons, 2_000, 740, 500)).toBe(true)
    expect(seen(balloons, 5_000, 740, 3_500)).toBe(false)
  })
})
