import type { KsmResult, Outcome, Tick } from '../control/tick.ts'
import type { Action } from '../policy/plan.ts'
import { printable } from '../util/printable.ts'
import { shortage, underPressure } from '../view/memory/shortage.ts'
import { headline, size } from './format.ts'
import { type LogEvent, type LogRecord, outcomeRecord } from './told.ts'

/** Wall-clock milliseconds without news after which a run says that all is well. */
const longestSilence = 60_000

/**
 * Tells a run of a controller in lines: every action with its reason and outcome; what was held back, left
 * alone or failed when it begins, and not again while it lasts; and, when there is nothing to tell, that
 * nothing changes: at the beginning and then once a minute.
 */
export class LogFormatter {
  #standing: ReadonlySet<string> = new Set()
  #spokeAt = -Infinity

  /** The lines that this tick adds. */
  lines(tick: Tick): string[] {
    const clock = new Date(tick.wallTime).toTimeString().slice(0, 8)
    return this.records(tick).map(({ line }) => `${clock}  ${line}`)
  }

  /** The same for programs: each line with what it is about. */
  records(tick: Tick): LogRecord[] {
    const news = this.#news([
      ...tick.errors.map((error) =>
        matter(error.code, error.message, '', { event: 'error', fields: { code: error.code } }),
      ),
      ...tick.clamps.map(({ rule, action, cause }) =>
        matter(`${rule} ${idOf(action)}`, cause, `held back: ${describe(action)}: `, {
          event: 'clamped',
          fields: { rule, domain: action.domain, uuid: action.uuid, ...wantedOf(action), reason: cause },
        }),
      ),
      ...tick.skipped.map(({ uuid, domain, what, why }) =>
        matter(`${what} ${uuid}`, why, `left alone: ${what} of ${domain}: `, {
          event: 'skipped',
          fields: { domain, uuid, what, reason: why },
        }),
      ),
      ...(tick.ksm?.skipped === undefined
        ? []
        : [
            matter('merging', tick.ksm.skipped, 'left alone: same-page merging: ', {
              event: 'skipped',
              fields: { what: 'merging', reason: tick.ksm.skipped },
            }),
          ]),
    ])
    const told = [...news, ...emergency(tick), ...tick.outcomes.map((outcome) => outcomeLine(tick, outcome))]
    if (tick.ksm?.outcome) told.push(mergingLine(tick.ksm.outcome))
    if (told.length > 0) this.#spokeAt = tick.wallTime
    const state = () => headline(tick.view).join(', ')
    if (tick.index === 0) told.unshift(plain('first-sample', `first look: ${state()}`))
    else if (tick.wallTime - this.#spokeAt >= longestSilence) {
      told.push(plain('no-change', `no change: ${state()}`))
      this.#spokeAt = tick.wallTime
    }
    return told
  }

  #news(matters: readonly Condition[]): LogRecord[] {
    const before = this.#standing
    this.#standing = new Set(matters.map(({ key }) => key))
    return matters.filter(({ key }) => !before.has(key)).map(({ told }) => told)
  }
}

/** Why there is a tick between two beats. */
function emergency({ cause, view }: Tick): LogRecord[] {
  if (cause !== 'emergency') return []
  const names = underPressure(view).map(({ name }) => name)
  return [
    ...(names.length > 0
      ? [plain('emergency', `emergency: ${names.join(', ')} cannot wait for memory until the next look`)]
      : []),
    ...(shortage(view) > 0
      ? [plain('emergency', `emergency: the host is short of memory (${view.memory.state})`)]
      : []),
  ]
}

function plain(event: LogEvent, line: string): LogRecord {
  return { event, level: event === 'emergency' ? 'warn' : 'info', line: printable(line), fields: {} }
}

/** What is told when it begins and not again while it lasts. */
interface Condition {
  readonly key: string
  readonly told: LogRecord
}

/** The numbers of `text` do not make it another matter. */
function matter(
  subject: string,
  text: string,
  prefix: string,
  { event, fields }: Pick<LogRecord, 'event' | 'fields'>,
): Condition {
  const level = event === 'error' ? 'error' : 'warn'
  return {
    key: `${subject} ${text.replace(/\d+(\.\d+)?/g, '#')}`,
    told: { event, level, line: printable(`${prefix}${text}`), fields },
  }
}

function idOf(action: Action): string {
  return action.kind === 'pin' ? `${action.uuid} ${action.vcpu}` : `${action.kind} ${action.uuid}`
}

/** `pin aos_vm3 vCPU 0 to pCPU 2`, `set memory of aos_vm1 to 640 MiB`. */
function describe(action: Action): string {
  switch (action.kind) {
    case 'pin':
      return `pin ${action.domain} vCPU ${action.vcpu} to pCPU ${action.cpus}`
    case 'setShares':
      return `set cpu_shares of ${action.domain} to ${action.shares}`
    case 'setMemory':
      return `set memory of ${action.domain} to ${size(action.bytes)}`
  }
}

/** What an action asks for, in figures. */
function wantedOf(action: Action): LogRecord['fields'] {
  switch (action.kind) {
    case 'pin':
      return { action: action.kind, vcpu: action.vcpu, to: action.cpus.toString() }
    case 'setShares':
      return { action: action.kind, to: action.shares }
    case 'setMemory':
      return { action: action.kind, bytes: action.bytes }
  }
}

function mergingLine({ action, status, error, duration }: NonNullable<KsmResult['outcome']>): LogRecord {
  const { pagesToScan, sleep, reason } = action
  const what = `look for equal pages: ${pagesToScan} each ${sleep} ms`
  return {
    event: 'merging',
    level: status === 'failed' ? 'error' : 'info',
    line: printable(`${prefixes[status]}${what}: ${error ? error.message : reason}`),
    fields: { status, pagesToScan, sleep, duration, reason, code: error?.code, error: error?.message },
  }
}

const prefixes = { applied: '', 'dry-run': 'would ', failed: 'could not ' } as const

function outcomeLine(tick: Tick, outcome: Outcome): LogRecord {
  const { action, status, error } = outcome
  const line = printable(`${prefixes[status]}${describe(action)}: ${error ? error.message : action.reason}`)
  return { ...outcomeRecord(tick, outcome), line }
}
