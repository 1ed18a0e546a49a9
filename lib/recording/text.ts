import { alternativesOf, verdictTexts } from '../report/alternatives.ts'
import type { FiguresRecord } from '../report/figures-record.ts'
import type { ActionRecord, ExplanationRecord } from '../report/tick-decisions.ts'
import type { ScoreRecord } from '../report/tick-json.ts'
import { counted, formatBytes, formatPercent } from '../util/format.ts'
import type { Change } from './changes.ts'
import type { LastTick } from './last-tick.ts'

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
  const result = resultText(change)
  return `${timeText(wallTime)}  ${what}: ${action.reason.text}${result === '' ? '' : `; ${result}`}`
}

/** What was seen before and after; empty: that is not known. */
export function resultText({ before, predicted, after }: Change): string {
  if (before?.cpu && after?.cpu) {
    return (
      `delay ${percent(before.cpu.delay)} -> ${percent(after.cpu.delay)}${expected(percent, predicted?.cpu?.delay)}, ` +
      `longest delay on the host ${percent(before.cpu.worstDelay)} -> ${percent(after.cpu.worstDelay)}`
    )
  }
  if (before?.memory && after?.memory) {
    return (
      `size ${bytes(before.memory.actual)} -> ${bytes(after.memory.actual)}, usable ${bytes(before.memory.usable)} -> ` +
      `${bytes(after.memory.usable)}${expected(bytes, predicted?.memory?.usable)}`
    )
  }
  return ''
}

function expected(text: (value: number) => string, value: number | undefined): string {
  return value === undefined ? '' : ` (predicted ${text(value)})`
}

/** A line of an explanation: what it is about, and what there is to say; without a name it goes on with the one before. */
export interface Row {
  readonly name: string
  readonly text: string
}

/** A change with all that is known of it, for `ballast why`. */
export function changeLines(change: Change): string[] {
  const { outcome, tick, wallTime } = change
  return [
    `${outcome.action.domain}, ${timeText(wallTime)} (tick ${tick})`,
    ...changeRows(change).map(({ name, text }) => row(name, text)),
  ]
}

/** What is known of a change, but for what and when it was. */
export function changeRows(change: Change): Row[] {
  const { outcome, explanation, clamp, isRollback } = change
  const { action, status, error, duration } = outcome
  const done =
    status === 'applied'
      ? `in ${duration.toFixed(1)} ms`
      : status === 'dry-run'
        ? 'not done: a dry run'
        : `failed: ${error?.message ?? 'no answer'}`
  const rows: Row[] = [
    { name: 'done', text: `${actionText(action)}, ${done}` },
    { name: isRollback ? 'undoes' : 'reason', text: action.reason.text },
    ...(explanation ? weighedRows(explanation) : []),
  ]
  if (clamp) {
    rows.push({ name: 'guard', text: `${actionText(clamp.action)} was asked for: ${clamp.cause.text}` })
  }
  rows.push(
    { name: 'before', text: figuresText(change.before) },
    { name: 'predicted', text: figuresText(change.predicted) },
  )
  if (status !== 'applied') return rows
  rows.push({ name: 'after', text: change.after ? `${figuresText(change.after)} (3 samples)` : ended })
  if (change.after) rows.push({ name: 'off by', text: errorText(change.error) })
  rows.push({ name: '1 minute', text: change.minuteAfter ? figuresText(change.minuteAfter) : ended })
  return rows
}

/** Alternatives that are shown: the rest is in the JSON. */
const mostAlternatives = 12

/** What a scheduler weighed, and what ruled each of it out. */
export function weighedRows(explanation: ExplanationRecord): Row[] {
  const { lowerBound, tolerated, reason } = explanation
  const all = alternativesOf(explanation)
  const shown = all.filter(({ verdict }, i) => i < mostAlternatives || verdict === 'chosen')
  const rows = shown.map(({ moves, deviation, verdict }) => ({
    name: '',
    text: `${counted(moves, 'move')}: deviation ${percent(deviation)}, ${verdictTexts[verdict]}`,
  }))
  const text = `deviation of pCPU load as parts of a pCPU: ${percent(tolerated)} is tolerated, no placement is below ${percent(lowerBound)}`
  return [
    { name: 'weighed', text },
    ...rows,
    ...(all.length > shown.length ? [{ name: '', text: `and ${all.length - shown.length} more` }] : []),
    { name: 'choice', text: reason.text },
  ]
}

/** Why what was chosen is not done at once. */
const waits = 'it is done once several ticks in a row have called for it'

/** What was decided about a guest in a tick, but for which one that was. */
export function lastTickRows({ summary, acted, skipped, explanation, clamps, score }: LastTick): Row[] {
  return [
    { name: 'host', text: summary },
    { name: 'score', text: scoreText(score) },
    ...(explanation ? weighedRows(explanation) : []),
    ...(explanation && explanation.chosen > 0 && !acted ? [{ name: 'waiting', text: waits }] : []),
    ...clamps.map(({ result, cause }) => ({ name: 'guard', text: `${result}: ${cause.text}` })),
    ...skipped.map(({ what, reason }) => ({ name: 'skipped', text: `${what}: ${reason.text}` })),
  ]
}

/** `CPU 87, memory not known`. */
export function scoreText(score: ScoreRecord = {}): string {
  return `CPU ${score.cpu ?? 'not known'}, memory ${score.memory ?? 'not known'}`
}

export function row(name: string, text: string): string {
  return `  ${name.padEnd(10)}${text}`
}

const ended = 'not known yet, or what is known ends before'

function figuresText({ cpu, memory }: FiguresRecord = {}): string {
  if (cpu) {
    return (
      `usage ${percent(cpu.usage)}, delay ${percent(cpu.delay)}; there: load ${percent(cpu.load)}, longest delay ` +
      `${percent(cpu.longestDelay)}; host: deviation ${percent(cpu.deviation)}, longest delay ${percent(cpu.worstDelay)}`
    )
  }
  if (!memory) return 'not known'
  const { swapped, majorFaults } = memory
  const events =
    swapped === undefined && majorFaults === undefined
      ? ''
      : `, swapped ${bytes(swapped)}/s, major faults ${number(majorFaults)}/s`
  return (
    `size ${bytes(memory.actual)}, usable ${bytes(memory.usable)}, unused ${bytes(memory.unused)}${events}; ` +
    `host: ${bytes(memory.margin)} left`
  )
}

/** How far a prediction was off. */
function errorText(error: FiguresRecord | undefined): string {
  if (!error) return 'not comparable: another change came between'
  const { cpu, memory } = error
  if (cpu) {
    const { usage, delay, load, longestDelay, deviation } = cpu
    return (
      `usage ${points(usage)}, delay ${points(delay)}; there: load ${points(load)}, longest delay ${points(longestDelay)}; ` +
      `host: deviation ${points(deviation)} (points of a pCPU)`
    )
  }
  if (!memory) return 'not known'
  return `size ${bytes(memory.actual)}, usable ${bytes(memory.usable)}; host: ${bytes(memory.margin)}`
}

function percent(share: number | undefined): string {
  return share === undefined ? 'unknown' : formatPercent(share)
}

/** A difference of percentages. */
function points(difference: number | undefined): string {
  if (difference === undefined) return 'unknown'
  return `${difference < 0 ? '' : '+'}${(100 * difference).toFixed(1)}`
}

function bytes(amount: number | undefined): string {
  return amount === undefined ? 'unknown' : formatBytes(amount)
}

function number(value: number | undefined): string {
  return value === undefined ? 'unknown' : value.toFixed(0)
}
