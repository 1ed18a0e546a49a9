import type { HostToll } from '../../../lib/simulation/index.ts'
import { MiB } from '../../../lib/util/units.ts'
import type { Moment } from './moment.ts'

/** How a policy did in one contest with one seed. */
export interface MemoryFigures {
  /** The host had memory for all needs at all times. */
  readonly feasible: boolean
  /** Seconds that programs waited for memory or were gone, of all guests together. */
  readonly stall: number
  readonly swappedMiB: number
  readonly killed: number
  readonly movedMiB: number
  /** The most that was granted at one tick and was not there above the host's reserve. */
  readonly brokenMiB: number
  /** Seconds that the host itself had to swap. */
  readonly hostSwapped: number
  /** Ticks from the last change of any need to the last action. */
  readonly settled: number
  /** Pieces of files that were read. */
  readonly diskReads: number
  /** Mean seconds that a task resided in its guest; undefined: there are no tasks. */
  readonly residence: number | undefined
  /** Actions when no need had changed for {@link quiet} ticks, and for how many ticks that was watched. */
  readonly actionsAtRest: number
  readonly ticksAtRest: number
}

/** Ticks without any change after which nothing is left to do. */
const quiet = 60

export function memoryFigures(
  moments: readonly Moment[],
  toll: HostToll,
  { scored, interval }: { readonly scored: number; readonly interval: number },
): Omit<MemoryFigures, 'residence'> {
  const changed = moments.findLastIndex(
    ({ needs }, index) => index > 0 && needs !== moments[index - 1]!.needs,
  )
  const lastChange = moments[Math.max(0, changed)]!.time
  const within = moments.filter(({ time }) => time <= scored)
  const lastAction = within.findLast(({ actions }) => actions > 0)?.time ?? 0
  const rest = moments.filter(({ time }) => time > Math.max(scored, lastChange + quiet * interval))
  return {
    feasible: within.every(({ lacking }) => lacking === 0),
    stall: toll.stalled / 1_000,
    swappedMiB: (toll.swappedIn + toll.swappedOut) / MiB,
    killed: toll.programsKilled,
    movedMiB: toll.moved / MiB,
    brokenMiB: Math.max(...within.map(({ broken }) => broken)) / MiB,
    hostSwapped: toll.hostSwapped / 1_000,
    settled: Math.max(0, Math.ceil((lastAction - lastChange) / interval)),
    diskReads: toll.diskReads,
    actionsAtRest: rest.reduce((sum, { actions }) => sum + actions, 0),
    ticksAtRest: rest.length,
  }
}
