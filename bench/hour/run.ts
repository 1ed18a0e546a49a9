import { shares } from '../../lib/ballooning/index.ts'
import type { AutopilotOptions } from '../../lib/control/autopilot.ts'
import { balance } from '../../lib/schedulers/index.ts'
import { MiB } from '../../lib/util/units.ts'
import type { View } from '../../lib/view/view.ts'
import { reserveFor } from '../../test/lab/cases/memory-host.ts'

/** Milliseconds of a tick. */
const interval = 2_000

/** What guests may get beside what they begin with, on average: not all can have what some need now and then. */
const spare = 128 * MiB

/** What the loop of the hour is run with, on a host that looks like this before it begins. */
export function pilot(length: number, before: View): AutopilotOptions {
  const hostMemoryReserve = reserveFor(before, before.domains.length * spare)
  const ticks = Math.floor(length / interval) + 1
  return { interval, scheduler: balance(), ballooning: shares(), hostMemoryReserve, ticks }
}

/** One run, to be recorded in `directory`. */
export interface HourRun {
  readonly directory: string
  readonly seed: number
  /** Milliseconds. */
  readonly length: number
  readonly log: (line: string) => void
}

/** What is known of a run beside its recording. */
export interface HourFacts {
  readonly pcpus: number
  readonly guests: number
  /** Programs that a guest's kernel ended for lack of memory. */
  readonly programsKilled: number
}
