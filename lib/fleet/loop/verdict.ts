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
export function sightNow(view: FleetView, step: Pick<Step, 'from' | 'to'>): Sight | undefined {
  const [source, target] = [step.from, step.to].map((uuid) => view.hosts.find((host) => host.uuid === uuid))
  if (!source || !target) return undefined
  const figures = { from: figuresOf(source.report), to: figuresOf(target.report) }
  return { figures, waiting: waitingAt(view, step) }
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
  return { figures: { from: of('from'), to: of('to') }, waiting: mean(rounds.map(({ waiting }) => waiting)) }
}

/** pCPUs that the guests of both hosts of a step wait for: what they want, by the part of the time that they wait. */
function waitingAt(view: FleetView, { from, to }: Pick<Step, 'from' | 'to'>): number {
  let waiting = 0
  for (const { uuid, report } of view.hosts) {
    if (uuid !== from && uuid !== to) continue
    for (const { cpu } of report.guests) waiting += (cpu.demand ?? 0) * (cpu.delay ?? 0)
  }
  return waiting
}

/** What is compared: the figures of both hosts, and the pCPUs that their guests wait for. */
export interface Sight {
  readonly figures: StepResult['seen']
  readonly waiting: number
}

/**
 * Whether a step did what it was made for: the longer delay of both hosts, where it was to fall, else the higher load. What
 * came within 5 points of the prediction, or half of the way there, has helped. Where several guests have to leave before the
 * worst-served waits less, it is enough that less is waited for in all. Harm is a delay of 15 points more than before, and
 * than was predicted.
 */
export function verdictOf(step: Step, before: Sight, seen: Sight): StepResult['verdict'] {
  const [was, is] = [worst(before.figures, 'delay'), worst(seen.figures, 'delay')]
  const expected = worst(step.predicted, 'delay')
  if (is > was + harm && is > expected + harm) return 'harm'
  if (!isForBalance(step)) return 'helped'
  if (seen.waiting < before.waiting - Math.max(slack, slack * before.waiting)) return 'helped'
  const figure = was - expected > slack ? 'delay' : 'load'
  const [old, now, promised] = [
    worst(before.figures, figure),
    worst(seen.figures, figure),
    worst(step.predicted, figure),
  ]
  return now <= Math.max(promised + slack, (old + promised) / 2) ? 'helped' : 'no-help'
}

function worst({ from, to }: StepResult['seen'], figure: 'delay' | 'load'): number {
  return Math.max(from[figure] ?? 0, to[figure] ?? 0)
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
