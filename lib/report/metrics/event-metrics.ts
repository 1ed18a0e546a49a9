import type { Rollback, Tick } from '../../control/tick.ts'
import type { RollbackReason } from '../../policy/reasons/rollback.ts'
import { kebabCase } from '../../util/kebab-case.ts'
import { changeOf } from '../change.ts'
import { ExternalChanges } from '../external-changes.ts'
import type { Labels, Metric } from './family.ts'

/** Adds to a counter, or hands an observation to a histogram or a summary. Default: 1. */
export type Count = (name: keyof typeof eventMetrics, labels: Labels, by?: number) => void

/** What is counted from Tick to Tick. */
export const eventMetrics = {
  ballast_ticks_total: {
    type: 'counter',
    help: 'Ticks, by cause: interval, or emergency between two intervals.',
    labels: ['cause'],
  },
  ballast_tick_duration_seconds: {
    type: 'histogram',
    help: 'How long ticks took.',
    labels: [],
  },
  ballast_tick_step_seconds_total: {
    type: 'counter',
    help: 'Time that each step of the ticks took.',
    labels: ['step'],
  },
  ballast_decisions_total: {
    type: 'counter',
    help: 'Actions that were carried out or tried, by reason kind and outcome: applied, dry-run or failed.',
    labels: ['action', 'reason', 'outcome'],
  },
  ballast_choices_total: {
    type: 'counter',
    help: 'Choices of the scheduler, of no move too, by reason kind.',
    labels: ['reason'],
  },
  ballast_clamps_total: {
    type: 'counter',
    help: 'Actions that the guard changed or denied, by rule.',
    labels: ['rule', 'result'],
  },
  ballast_rollbacks_total: {
    type: 'counter',
    help: 'Changes that did harm and were undone, by reason kind.',
    labels: ['what', 'reason'],
  },
  ballast_prediction_error_ratio: {
    type: 'summary',
    help: 'How far predictions of usage, delay, load and deviation were off after three samples, in parts of a pCPU or of the time.',
    labels: ['figure'],
  },
  ballast_prediction_error_bytes: {
    type: 'summary',
    help: 'How far predictions of the memory of guests, and of what the host has left, were off after three samples.',
    labels: ['figure'],
  },
  ballast_external_changes_total: {
    type: 'counter',
    help: 'Settings of Ballast that were found changed by another program.',
    labels: ['what'],
  },
  ballast_errors_total: {
    type: 'counter',
    help: 'Errors apart from those of actions, by code.',
    labels: ['code'],
  },
} as const satisfies Readonly<Record<string, Metric>>

const rollbackReasons: Readonly<Record<Rollback['what'], readonly RollbackReason['kind'][]>> = {
  vcpus: ['rollback-delay'],
  memory: ['rollback-swap', 'rollback-faults', 'rollback-oom'],
}

const cpuFigures = ['usage', 'delay', 'load', 'longestDelay', 'deviation', 'worstDelay'] as const
const memoryFigures = ['actual', 'usable', 'unused', 'margin'] as const

/** Upper bounds of `ballast_tick_duration_seconds`. */
export const durationBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** Counts what happens in Ticks; an instance belongs to one run, since it remembers what it has counted. */
export class EventCounts {
  readonly #external = new ExternalChanges()
  readonly #count: Count

  constructor(count: Count) {
    this.#count = count
    // What alerts compare with the past: a series that begins with 1 has not risen.
    for (const [what, reasons] of Object.entries(rollbackReasons)) {
      for (const reason of reasons) count('ballast_rollbacks_total', { what, reason }, 0)
    }
    for (const what of ['vcpus', 'shares', 'ksm'] as const) {
      count('ballast_external_changes_total', { what }, 0)
    }
  }

  observe(tick: Tick): void {
    const count = this.#count
    count('ballast_ticks_total', { cause: tick.cause })
    const { total, period: _, ...steps } = tick.timing
    count('ballast_tick_duration_seconds', {}, total / 1_000)
    for (const [step, milliseconds] of Object.entries(steps)) {
      count('ballast_tick_step_seconds_total', { step }, milliseconds / 1_000)
    }
    for (const { action, status } of tick.outcomes) {
      const { event } = changeOf(tick.view, action)
      count('ballast_decisions_total', { action: event, reason: action.reason.kind, outcome: status })
    }
    if (tick.ksm?.outcome) {
      const { action, status } = tick.ksm.outcome
      count('ballast_decisions_total', { action: 'ksm', reason: action.reason.kind, outcome: status })
    }
    if (tick.explanation) count('ballast_choices_total', { reason: tick.explanation.reason.kind })
    for (const { rule, result } of tick.clamps) count('ballast_clamps_total', { rule, result })
    for (const { what, reason } of tick.rollbacks ?? []) {
      count('ballast_rollbacks_total', { what, reason: reason.kind })
    }
    for (const { after, error } of tick.results ?? []) {
      if (after !== 'samples') continue
      for (const figure of cpuFigures) {
        this.#observeError('ballast_prediction_error_ratio', figure, error?.cpu?.[figure])
      }
      for (const figure of memoryFigures) {
        this.#observeError('ballast_prediction_error_bytes', figure, error?.memory?.[figure])
      }
    }
    for (const { what } of this.#external.begun(tick)) count('ballast_external_changes_total', { what })
    for (const { code } of tick.errors) count('ballast_errors_total', { code })
  }

  #observeError(name: keyof typeof eventMetrics, figure: string, error: number | undefined): void {
    if (error === undefined || Number.isNaN(error)) return
    this.#count(name, { figure: kebabCase(figure) }, Math.abs(error))
  }
}
