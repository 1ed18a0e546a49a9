import type { Outcome, Tick } from '../control/tick.ts'
import type { View } from '../view/view.ts'

/** What a line of a narrator is about, for programs. */
export type LogEvent =
  | 'first-sample'
  | 'no-change'
  | 'emergency'
  | 'move' // a vCPU to where it did not run
  | 'pin' // a vCPU to where it ran last
  | 'grant'
  | 'shrink'
  | 'shares'
  | 'merging'
  | 'clamped' // the guard held it back
  | 'skipped'
  | 'error'

/** One line of a narrator, and the same for programs. */
export interface LogRecord {
  readonly event: LogEvent
  readonly level: 'info' | 'warn' | 'error'
  /** The line, without its time. Safe to show. */
  readonly line: string
  /** What the line is about, in figures: names as they came, bytes, lists of pCPUs. */
  readonly fields: Readonly<Record<string, string | number | undefined>>
}

/** What became of an action, in figures. */
export function outcomeRecord({ view }: Tick, outcome: Outcome): Omit<LogRecord, 'line'> {
  const { action, status, error, duration } = outcome
  const { uuid, domain, reason } = action
  const level = status === 'failed' ? 'error' : 'info'
  const shared = { domain, uuid, status, duration, reason, code: error?.code, error: error?.message }
  switch (action.kind) {
    case 'pin': {
      const { vcpu, cpus } = action
      const before = view.vcpus.find((one) => one.vcpu === vcpu && one.domain.uuid === uuid)
      const stays = before?.pcpu !== undefined && cpus.has(before.pcpu)
      const fields = { ...shared, vcpu, from: before?.affinity?.toString(), to: cpus.toString() }
      return { event: stays ? 'pin' : 'move', level, fields }
    }
    case 'setMemory': {
      const from = sizeBefore(view, uuid)
      const event = from !== undefined && action.bytes < from ? 'shrink' : 'grant'
      return { event, level, fields: { ...shared, from, bytes: action.bytes } }
    }
    case 'setShares': {
      const from = view.domains.find((one) => one.uuid === uuid)?.cpuShares
      return { event: 'shares', level, fields: { ...shared, from, to: action.shares } }
    }
  }
}

/** What the balloon was to have before: what it was asked for, else what it has. */
function sizeBefore(view: View, uuid: string): number | undefined {
  const memory = view.domains.find((one) => one.uuid === uuid)?.memory
  return memory?.target ?? memory?.actual
}
