import type { Tick } from '../control/tick.ts'

/** A Tick, and whether its View has a CPU sample that was taken for it. */
export interface SampledTick {
  readonly tick: Tick
  readonly isSampled: boolean
}

/**
 * Whether the loop could sample the vCPUs for this tick; a View repeats the one before where it could not. Between two
 * intervals only memory is sampled: then it is as it was `before`.
 */
export function isSampled(tick: Tick, before: SampledTick | undefined): boolean {
  const { cause, view, errors } = tick
  if (errors.some(({ code }) => code === 'ERR_DISCONNECTED')) return false
  if (!before) return view.domains.length > 0 || errors.length === 0
  return cause === 'emergency' ? before.isSampled : view.time !== before.tick.view.time
}
