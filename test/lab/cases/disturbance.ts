import type { Tick } from '../../../lib/control/tick.ts'
import { mean, standardDeviation } from '../../../lib/util/statistics.ts'
import { isFullSample, pcpuLoads } from '../../../lib/view/cpu/pcpu-loads.ts'
import type { Control } from '../control-measurement.ts'
import { tolerance, trueDeviation, type Wanted } from './truth.ts'

/** Fraction of one pCPU that other programs may use on average before a run counts as disturbed: our own take less. */
const mostOfOthers = 0.4
/**
 * Milliseconds by which a timer of the control measurement may come late before a run counts as disturbed: a quarter of the
 * shortest interval of a case.
 */
const mostLate = 250
/** Ticks that unevenness is averaged over: of a single one the chance of sampling is a large part. */
const window = 3

/** What kept the machine from being what a case takes it for. */
export interface Disturbance {
  /** What others than the guests' vCPUs used on average, in percent of one pCPU. */
  readonly othersPercent: number
  /** See {@link unevenness}, in percent of the mean. */
  readonly unevenPercent: number
  readonly disturbed: boolean
}

/** Of closed loops whose demand is `wanted`; without it unevenness is not judged. */
export function disturbanceOf(ticks: readonly Tick[], wanted?: Wanted): Disturbance {
  const others = mean(
    ticks
      .filter(({ view }) => isFullSample(view))
      .map(({ view: { pcpus, vcpus } }) => {
        const busy = pcpus.reduce((sum, pcpu) => sum + (pcpu.busy ?? 0), 0)
        return busy - vcpus.reduce((sum, vcpu) => sum + (vcpu.usage ?? 0), 0)
      }),
  )
  const uneven = wanted ? unevenness(ticks, wanted) : 0
  return {
    othersPercent: Math.round(100 * others),
    unevenPercent: Number((100 * uneven).toFixed(1)),
    disturbed: others > mostOfOthers || uneven > tolerance,
  }
}

/**
 * The most that the counters showed of a deviation, as a fraction of the mean, while the same work was on every pCPU: a pCPU
 * whose physical neighbours are busy takes longer for it. Nothing that a scheduler estimates is in it, only run time and
 * time in the queue, over some ticks at a time in which nothing was moved.
 */
function unevenness(ticks: readonly Tick[], wanted: Wanted): number {
  // What idle guests take is next to nothing, however it is spread.
  if ([...wanted.values()].every((demand) => demand === 0)) return 0
  const deviations: number[] = []
  let steady: number[][] = []
  for (const [i, { view }] of ticks.entries()) {
    // What the first tick tells began before the case did, and what was moved has to be seen anew.
    const isSteady =
      i > 0 &&
      ticks[i - 1]!.outcomes.length === 0 &&
      isFullSample(view) &&
      trueDeviation(view, wanted) <= tolerance
    steady = isSteady ? [...steady, workTimes(view)].slice(-window) : []
    if (steady.length === 0) continue
    const loads = steady[0]!.map((_, pcpu) => mean(steady.map((times) => times[pcpu]!)))
    if (mean(loads) > 0) deviations.push(standardDeviation(loads) / mean(loads))
  }
  return Math.max(0, ...deviations)
}

/** By pCPU, the fraction of it that its vCPUs' work would take if they never waited. */
function workTimes(view: Tick['view']): number[] {
  return pcpuLoads(view).map(({ vcpus }) =>
    vcpus.reduce((sum, { usage, delay = 0 }) => sum + (usage ? Math.min(1, usage / (1 - delay)) : 0), 0),
  )
}

/** The broken limits, and a word about the machine where it may be to blame. */
export function withExcuse(
  broken: readonly string[],
  { disturbed, othersPercent, unevenPercent }: Disturbance,
): string[] {
  if (broken.length === 0 || !disturbed) return [...broken]
  return [
    ...broken,
    `the machine's other programs used ${othersPercent} % of a pCPU meanwhile, and for the same work its pCPUs took times that deviate by ${unevenPercent} %`,
  ]
}

/** A result with the figures of the control measurement, and whether those alone make its run a disturbed one. */
export function withControl<R extends { readonly broken: readonly string[]; readonly disturbed?: unknown }>(
  result: R,
  { timerLate, call }: Control,
): R & { readonly disturbed: boolean; readonly timerLateMs: number; readonly bareCallMs: number } {
  const isLate = timerLate > mostLate
  const excuse = `timers of another process came up to ${Math.round(timerLate)} ms late meanwhile`
  return {
    ...result,
    disturbed: result.disturbed === true || isLate,
    timerLateMs: Math.round(timerLate),
    bareCallMs: Math.round(call),
    broken: isLate && result.broken.length > 0 ? [...result.broken, excuse] : result.broken,
  }
}
