import { MiB } from '../../util/units.ts'
import type { DomainView } from '../view.ts'

/** Bytes between two sizes of a balloon that make no difference. */
export const negligible = MiB

/** Bytes that a balloon was last asked to have, or else has; undefined when neither is known. */
export function requestedSize({
  memory: { target, actual },
}: Pick<DomainView, 'memory'>): number | undefined {
  return target ?? actual
}
