import { mean } from '../../util/statistics.ts'
import type { HostFigures, Step } from '../plan/step.ts'
import type { HostReport } from '../report/host-report.ts'
import type { StepResult } from '../tick/fleet-tick.ts'
import type { FleetView } from '../view/fleet-view.ts'

/** Points of delay that the worst-served vCPU of two hosts may differ by without a change that matters. */
const slack = 0.05
/** Points that it has to be worse by, than before and than was predicted, to be called harm. */
const harm = 0.15

/** Whether a step was for balance: it is judged by delay and load, and goes back where it did harm. */
export function isForBalance({ reason }: Step): boolean {
  return !placing.has(reason.kind)
}

/** Why a guest has to leave, or to come: done is done. */
const placing: ReadonlySet<string> = new Set([
  'leave-host',
  'keep-rule',
  'make-room',
  'go-on',
  'relieve-memory',
  'asked-for',
  'did-harm',
])

/** The figures of a host as it reports them: not smoothed. */
export function figuresOf({ cpu, memory, guests }: HostReport): HostFigures {
  let delay: number | undefined
  let demand = 0
  for (const { cpu: own } of guests) {
    if (own.delay !== undefined && !(own.delay <= (delay ?? -1))) delay = own.delay
    demand += own.demand ?? 0
  }
  const capacity = Math.max(0, cpu.capacity - cpu.background)
  const load = capacity > 0 ? demand / capacity : Number(demand > 0)
  return { delay, load, committed: memory.committed }
}

/** Both hosts of a step as they are now; undefined: one of them does not report. */
export function sightNow(view: FleetView, step: Step): Sight | undefined {
  const [source, target] = [step.from, step.to].map((uuid) => view.hosts.find((host) => host.uuid === uuid))
  if (!source || !target) return undefined
  const figures = { from: figuresOf(source.report), to: figuresOf(target.report) }
  return { figures, own: ownDelay(view, step) }
}

/** The mean of what was seen in several rounds. */
export function meanSight(rounds: readonly Sight[]): Sight {
  const of = (side: 'from' | 'to'): HostFigures => {
    const figures = rounds.map((round) => round.figures[side])
    const delays = figures.flatMap(({ delay }) => delay ?? [])
    return {
      delay: delays.length === 0 ? undefined : mean(delays),
      load: mean(figures.map(({ load }) => load)),
      committed: mean(figures.map(({ committed }) => committed)),
    }
  }
  const own = rounds.flatMap((round) => round.own ?? [])
  return {
    figures: { from: of('from'), to: of('to') },
    own: own.length === 0 ? undefined : mean(own),
  }
}

/** The part of the time that a guest waits where it runs; undefined: not known. */
function ownDelay(view: FleetView, { guest }: Step): number | undefined {
  return view.guests.find(({ uuid }) => uuid === guest)?.report.cpu.delay
}

/** What is compared: the figures of both hosts, and the part of the time that the guest itself waits. */
export interface Sight {
  readonly figures: StepResult['seen']
  readonly own: number | undefined
}

/**
 * Whether a step did what it was made for: the longer delay of both hosts, or else the higher load. What
 * came within 5 points of the prediction, or half of the way there, has helped. Where many guests have to leave before the
 * worst-served waits less, it is enough that the guest itself does: half of what it did, or less than 5 points. Harm is a
 * delay of 15 points more than before, and than was predicted.
 */
export function verdictOf(step: Step, before: Sight, seen: Sight): StepResult['verdict'] {
  const [was, is] = [worst(before.figures, 'delay'), worst(seen.figures, 'delay')]
  const expected = worst(step.predicted, 'delay')
  if (is > was + harm && is > expected + harm) return 'harm'
  if (!isForBalance(step)) return 'helped'
  if (is > Math.max(was, expected) + slack) return 'no-help'
  if (waitsLess(before.own, seen.own)) return 'helped'
  const figure = step.reason.kind === 'relieve-delay' ? 'delay' : 'load'
  const [old, now, promised] = [
    worst(before.figures, figure),
    worst(seen.figures, figure),
    worst(step.predicted, figure),
  ]
  return now <= Math.max(promised + slack, (old + promised) / 2) ? 'helped' : 'no-help'
}

function waitsLess(before: number | undefined, now: number | undefined): boolean {
  return before !== undefined && now !== undefined && before > slack && now <= Math.max(slack, before / 2)
}

function worst({ from, to }: StepResult['seen'], figure: 'delay' | 'load'): number {
  return Math.max(from[figure] ?? 0, to[figure] ?? 0)
}
