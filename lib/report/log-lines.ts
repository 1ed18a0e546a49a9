import type { Clamp, KsmResult, Outcome, Tick } from '../control/tick.ts'
import { CpuSet } from '../host/cpuset.ts'
import type { BallastError } from '../host/errors.ts'
import { type Action, actionKey } from '../policy/plan.ts'
import { type Reason, sentenceOf } from '../policy/reason.ts'
import { formatBytes } from '../util/format.ts'
import { printable } from '../util/printable.ts'
import { shortage, underPressure } from '../view/memory/shortage.ts'
import type { View } from '../view/view.ts'
import { type ChangeEvent, changeOf } from './change.ts'
import { headline } from './headline.ts'
import { type ReasonFigures, reasonFigures } from './reason-record.ts'

/** What a log record is about, for programs. */
export type LogEvent =
  | 'first-sample'
  | 'no-change'
  | 'emergency'
  | ChangeEvent
  | 'ksm'
  | 'clamped' // the guard changed or denied it
  | 'skipped'
  | 'error'

/** A log record: one line for people, and the same as data for programs. */
export interface LogRecord {
  readonly event: LogEvent
  readonly level: 'info' | 'warn' | 'error'
  /** The line, without its time. Safe to print. */
  readonly line: string
  /** The figures of the line: names as libvirt has them, bytes, lists of pCPUs. */
  readonly fields: Readonly<Record<string, string | number | boolean | ReasonFigures | undefined>>
}

/** Wall-clock milliseconds without a record after which the log says that nothing changed. */
const longestSilence = 60_000

/**
 * Log of a controller's run: every action with its reason and outcome; clamps, skips and errors when they begin, and
 * not again while they last; and, when there is nothing else, the state of the host at the first tick and then once
 * a minute. An instance belongs to one run, since it remembers what it has logged.
 */
export class LogFormatter {
  #lasting: ReadonlySet<string> = new Set()
  #lastRecordAt = -Infinity

  /** The lines that this tick adds, each with its local time. */
  lines(tick: Tick): string[] {
    const clock = new Date(tick.wallTime).toTimeString().slice(0, 8)
    return this.records(tick).map(({ line }) => `${clock}  ${line}`)
  }

  /** The records that this tick adds. */
  records(tick: Tick): LogRecord[] {
    const records = [
      ...this.#begun(conditions(tick)),
      ...emergencies(tick),
      ...tick.outcomes.map((outcome) => outcomeRecord(tick, outcome)),
      ...(tick.ksm?.outcome ? [ksmRecord(tick.ksm, tick.ksm.outcome)] : []),
    ]
    if (records.length > 0) this.#lastRecordAt = tick.wallTime
    const state = () => headline(tick).join(', ')
    if (tick.index === 0) return [plain('first-sample', `first sample: ${state()}`), ...records]
    if (tick.wallTime - this.#lastRecordAt < longestSilence) return records
    this.#lastRecordAt = tick.wallTime
    return [...records, plain('no-change', `no change: ${state()}`)]
  }

  #begun(conditions: readonly Condition[]): LogRecord[] {
    const before = this.#lasting
    this.#lasting = new Set(conditions.map(({ key }) => key))
    return conditions.filter(({ key }) => !before.has(key)).map(({ record }) => record)
  }
}

/** Something that lasts for several ticks, and is logged when it begins. */
interface Condition {
  /** Equal while it lasts. */
  readonly key: string
  readonly record: LogRecord
}

function conditions({ errors, clamps, skipped, ksm, view }: Tick): Condition[] {
  return [
    ...errors.map(failure),
    ...unusable(view),
    ...clamps.map(clamped),
    ...skipped.map(({ uuid, domain, what, rule, reason }) => {
      const fields = { domain, uuid, what, rule }
      return condition('skipped', `${what} ${uuid}`, `skipped: ${what} of ${domain}`, reason, fields)
    }),
    ...(ksm?.skipped ? [condition('skipped', 'ksm', 'skipped: KSM', ksm.skipped, { what: 'ksm' })] : []),
  ]
}

/** What nobody has chosen: pCPUs that the kernel does not let guests run on, for each reason. */
function unusable({ pcpus }: View): Condition[] {
  return (['pcpu-outside-cpuset', 'pcpu-refused'] as const).flatMap((kind) => {
    const these = pcpus.filter(({ unusable }) => unusable?.kind === kind)
    if (these.length === 0) return []
    const cpus = CpuSet.from(these.map(({ id }) => id)).toString()
    const fields = { what: 'pcpus', cpus }
    return [condition('skipped', `pcpus ${cpus}`, `skipped: pCPU ${cpus}`, these[0]!.unusable!, fields)]
  })
}

/** A change of the numbers in a message is no other condition. */
function failure({ code, message }: BallastError): Condition {
  return {
    key: `${code} ${message.replace(/\d+(\.\d+)?/g, '#')}`,
    record: { event: 'error', level: 'error', line: printable(message), fields: { code, error: message } },
  }
}

function clamped({ rule, result, action, cause }: Clamp): Condition {
  const { domain, uuid } = action
  const fields = { rule, result, domain, uuid, ...requestOf(action) }
  return condition('clamped', `${rule} ${actionKey(action)}`, `${result}: ${describe(action)}`, cause, fields)
}

/** A change of the figures of a reason is no other condition, save of the number of the vCPU that it is about. */
function condition(
  event: LogEvent,
  subject: string,
  prefix: string,
  reason: Reason,
  fields: LogRecord['fields'],
): Condition {
  const part = 'vcpu' in reason ? ` ${reason.vcpu}` : ''
  return {
    key: `${event} ${subject} ${reason.kind}${part}`,
    record: {
      event,
      level: 'warn',
      line: printable(`${prefix}: ${sentenceOf(reason)}`),
      fields: { ...fields, ...reasonFields(reason) },
    },
  }
}

/** A reason as fields of a record: the sentence, its kind, and the figures of that. */
function reasonFields(reason: Reason) {
  return { reason: sentenceOf(reason), reasonKind: reason.kind, figures: reasonFigures(reason) }
}

/** Why there is a tick between two intervals. */
function emergencies({ cause, view }: Tick): LogRecord[] {
  if (cause !== 'emergency') return []
  const names = underPressure(view).map(({ name }) => name)
  return [
    ...(names.length > 0
      ? [plain('emergency', `emergency: ${names.join(', ')} cannot wait for memory until the next tick`)]
      : []),
    ...(shortage(view) > 0
      ? [plain('emergency', `emergency: the host is short of memory (${view.memory.state})`)]
      : []),
  ]
}

function plain(event: LogEvent, line: string): LogRecord {
  return { event, level: event === 'emergency' ? 'warn' : 'info', line: printable(line), fields: {} }
}

const prefixes = { applied: '', 'dry-run': 'would ', failed: 'could not ' } as const

function outcomeRecord({ view }: Tick, { action, status, error, duration }: Outcome): LogRecord {
  const { uuid, domain, reason } = action
  const { event, from } = changeOf(view, action)
  return {
    event,
    level: status === 'failed' ? 'error' : 'info',
    line: printable(`${prefixes[status]}${describe(action)}: ${error ? error.message : sentenceOf(reason)}`),
    fields: {
      ...{ domain, uuid, status, duration, code: error?.code, error: error?.message },
      ...reasonFields(reason),
      ...requestOf(action),
      from,
    },
  }
}

function ksmRecord({ skipped }: KsmResult, outcome: NonNullable<KsmResult['outcome']>): LogRecord {
  const { action, status, error, duration } = outcome
  const { running, pagesToScan, sleep, reason } = action
  const start =
    skipped?.kind === 'ksm-advisor-pace' ? 'start KSM' : `scan ${pagesToScan} pages for KSM each ${sleep} ms`
  const what = running === false ? 'stop KSM' : start
  return {
    event: 'ksm',
    level: status === 'failed' ? 'error' : 'info',
    line: printable(`${prefixes[status]}${what}: ${error ? error.message : sentenceOf(reason)}`),
    fields: {
      ...{ status, running, pagesToScan, sleep, duration, code: error?.code, error: error?.message },
      ...reasonFields(reason),
    },
  }
}

/** `pin aos_vm3 vCPU 0 to pCPU 2`, `set memory of aos_vm1 to 640 MiB`. */
function describe(action: Action): string {
  switch (action.kind) {
    case 'pin':
      return `pin ${action.domain} vCPU ${action.vcpu} to pCPU ${action.cpus}`
    case 'setShares':
      return `set cpu_shares of ${action.domain} to ${action.shares}`
    case 'setMemory':
      return `set memory of ${action.domain} to ${formatBytes(action.bytes)}`
  }
}

/** What an action asks for, in figures. */
function requestOf(action: Action): LogRecord['fields'] {
  switch (action.kind) {
    case 'pin':
      return { action: action.kind, vcpu: action.vcpu, to: action.cpus.toString() }
    case 'setShares':
      return { action: action.kind, to: action.shares }
    case 'setMemory':
      return { action: action.kind, bytes: action.bytes }
  }
}
