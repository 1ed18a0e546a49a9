import type { Load } from '../simulation/scenario.ts'

/** Milliseconds of one piece of work and the sleep after it, where nothing says another: as the classic loads have it. */
export const usualPeriod = 12
/** Milliseconds between two arrivals of work, as the simulated host has it. */
const arrivalPeriod = 100
/** A vCPU that wants more than this never sleeps, as far as anybody can tell; one that wants less than `least` is idle. */
const most = 0.97
const least = 0.001

/**
 * A load that uses the fraction `wanted` of a pCPU when it is alone: pieces of work with sleep in between, or, where
 * `elasticity` says that the work arrives by the clock whether it waits or not, that. `period` is that of a piece and its sleep.
 */
export function loadThatWants(wanted: number, elasticity: number, period = usualPeriod): Load {
  if (wanted > most) return { kind: 'spin' }
  const part = Math.max(least, wanted)
  if (elasticity < 0.5) return { kind: 'work', work: part * arrivalPeriod }
  return { kind: 'loop', work: part * period, sleep: (1 - part) * period }
}
