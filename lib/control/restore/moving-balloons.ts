import { negligible } from '../../view/memory/sizes.ts'
import type { View } from '../../view/view.ts'
import type { Guarded } from '../guard/guard.ts'

/** Milliseconds that a guest is given to report once its balloon has come to rest: two statistics periods, and some. */
const reportWait = 3_000

/** Follows the balloons of a host from View to View while originals are restored. */
export class MovingBalloons {
  /** When a balloon was last seen on its way, by UUID: monotonic milliseconds. */
  readonly #movedAt = new Map<string, number>()
  /** Its size in the View before: between two Views it may have gone all the way. */
  readonly #sizes = new Map<string, number>()

  /**
   * Whether more could be restored a little later: other balloons are about to release memory, or a balloon is on its way,
   * or was so when its guest made its report, which then speaks of another size.
   */
  isUnsettled({ plan, clamps }: Guarded, { domains, time }: View): boolean {
    const unsettled = new Set<string>()
    let isFreeing = false
    for (const { uuid, memory } of domains) {
      const { actual = 0, target = actual, age } = memory
      const planned = plan.find((action) => action.kind === 'setMemory' && action.uuid === uuid)
      const next = planned?.kind === 'setMemory' ? planned.bytes : target
      const isMoving = Math.abs(next - actual) >= negligible
      const hasMoved = Math.abs((this.#sizes.get(uuid) ?? actual) - actual) >= negligible
      this.#sizes.set(uuid, actual)
      if (isMoving || hasMoved) this.#movedAt.set(uuid, time)
      const movedAt = this.#movedAt.get(uuid) ?? Number.NEGATIVE_INFINITY
      const isOutdated = age !== undefined && time - age <= movedAt && time - movedAt < reportWait
      if (isMoving || isOutdated || memory.hold === 'contradictory statistics') unsettled.add(uuid)
      if (Math.min(next, target) < actual) isFreeing = true
    }
    return clamps.some(({ rule, action: { kind, uuid } }) => {
      if (kind !== 'setMemory' || rule === 'no-change') return false
      return rule === 'host-reserve' ? isFreeing : unsettled.has(uuid)
    })
  }
}
