import type { Change, Seen } from '../../recording/changes.ts'
import type { ActionRecord, ExplanationRecord } from '../../report/tick-decisions.ts'
import type { ScoreRecord } from '../../report/tick-json.ts'
import { counted, formatBytes, formatPercent } from '../../util/format.ts'

/** Local time as `2026-11-28 23:30:12`. */
export function timeText(wallTime: number): string {
  const time = new Date(wallTime - new Date(wallTime).getTimezoneOffset() * 60_000)
  return time.toISOString().slice(0, 19).replace('T', ' ')
}

/** What an action does, without its guest. */
export function actionText(action: ActionRecord): string {
  switch (action.kind) {
    case 'pin':
      return `vCPU ${action.vcpu} pinned to pCPU ${action.cpus}`
    case 'setMemory':
      return `balloon set to ${formatBytes(action.bytes)}`
    case 'setShares':
      return `cpu_shares set to ${action.shares}`
  }
}

/** A change in one line: what, why, and what was seen before and after. */
export function changeLine(change: Change): string {
  const { outcome, wallTime, isRollback } = change
  const { action, status, error } = outcome
  const failed = status === 'failed' ? ` FAILED (${error?.message ?? 'no answer'})` : ''
  const dry = status === 'dry-run' ? ' (dry run)' : ''
  const undo = isRollback ? ' (undone)' : ''
  const what = `${action.domain}: ${actionText(action)}${undo}${dry}${failed}`
  return `${timeText(wallTime)}  ${what}: ${action.reason.text}${resultText(change)}`
}

function resultText({ before, after }: Change): string {
  if (before.cpu && after?.cpu) {
    return `; waited ${percent(before.cpu.delay)} -> ${percent(after.cpu.delay)}, longest wait on the host ${percent(before.cpu.worstDelay)} -> ${percent(after.cpu.worstDelay)}`
  }
  if (before.memory && after?.memory) {
    return `; size ${bytes(before.memory.actual)} -> ${bytes(after.memory.actual)}, usable ${bytes(before.memory.usable)} -> ${bytes(after.memory.usable)}`
  }
  return ''
}

/** A change with all that is known of it, for `ballast why`. */
export function changeLines(change: Change): string[] {
  const { outcome, tick, wallTime, explanation, clamp, isRollback } = change
  const { action, status, error, duration } = outcome
  const done =
    status === 'applied'
      ? `in ${duration.toFixed(1)} ms`
      : status === 'dry-run'
        ? 'not done: a dry run'
        : `failed: ${error?.message ?? 'no answer'}`
  return [
    `${action.domain}, ${timeText(wallTime)} (tick ${tick})`,
    row('done', `${actionText(action)}, ${done}`),
    row(isRollback ? 'undoes' : 'reason', action.reason.text),
    ...(explanation ? weighed(explanation) : []),
    ...(clamp ? [row('guard', `${actionText(clamp.action)} was asked for: ${clamp.cause.text}`)] : []),
    row('before', seenText(change.before)),
    row(
      'after',
      change.after ? `${seenText(change.after)} (3 samples)` : 'not known: the recording ends before',
    ),
    row(
      '1 minute',
      change.minuteAfter ? seenText(change.minuteAfter) : 'not known: the recording ends before',
    ),
  ]
}

/** What a scheduler weighed. */
export function weighed({ front, lowerBound, reason }: ExplanationRecord): string[] {
  const points = front.map(({ moves, deviation }) => `${counted(moves, 'move')}: ${percent(deviation)}`)
  return [
    row(
      'weighed',
      `deviation of pCPU load after ${points.join(', ')}; no placement is below ${percent(lowerBound)}`,
    ),
    row('choice', reason.text),
  ]
}

/** `CPU 87, memory not known`. */
export function scoreText(score: ScoreRecord = {}): string {
  return `CPU ${score.cpu ?? 'not known'}, memory ${score.memory ?? 'not known'}`
}

export function row(name: string, text: string): string {
  return `  ${name.padEnd(10)}${text}`
}

function seenText({ cpu, memory }: Seen): string {
  if (cpu) {
    return (
      `ran ${percent(cpu.usage)}, waited ${percent(cpu.delay)}; ` +
      `host: deviation ${percent(cpu.deviation)}, longest wait ${percent(cpu.worstDelay)}`
    )
  }
  if (!memory) return 'not known'
  return (
    `size ${bytes(memory.actual)}, usable ${bytes(memory.usable)}, ` +
    `swapped ${bytes(memory.swapped)}/s, major faults ${number(memory.majorFaults)}/s`
  )
}

function percent(share: number): string {
  return Number.isNaN(share) ? 'unknown' : formatPercent(share)
}

function bytes(amount: number): string {
  return Number.isNaN(amount) ? 'unknown' : formatBytes(amount)
}

function number(value: number): string {
  return Number.isNaN(value) ? 'unknown' : value.toFixed(0)
}
