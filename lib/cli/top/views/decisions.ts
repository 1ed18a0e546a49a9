import type { Change } from '../../../recording/changes.ts'
import { actionText, changeRows, resultText, timeText } from '../../../recording/text.ts'
import { cutToWidth } from '../../../util/display-width.ts'
import { counted } from '../../../util/format.ts'
import { printable } from '../../../util/printable.ts'
import { type Glyphs, level } from '../screen/glyphs.ts'
import { type Line, line, type Span, type Style, span } from '../screen/styled.ts'
import { rowLines } from './guest.ts'
import { cell, clockText, type Look } from './layout.ts'

/** The changes that the filter lets through, up to the moment that is shown, newest first. */
export function decisionsOf({ model, shown, state }: Pick<Look, 'model' | 'shown' | 'state'>): Change[] {
  if (!shown) return []
  const sought = state.filter.toLowerCase()
  return model
    .changes(shown.tick.wallTime)
    .filter(({ outcome }) => outcome.action.domain.toLowerCase().includes(sought))
    .toReversed()
}

/** A time line of the decisions, and a list of them: the newest first, the selected one in sight. */
export function decisionLines(look: Look, decisions: readonly Change[], rows: number): Line[] {
  const { state, columns, glyphs } = look
  if (decisions.length === 0) return [line('No change is known up to this moment.', 'dim')]
  const head = [...timeLine(look, decisions), line('')]
  const shown = Math.max(1, rows - head.length)
  const selected = Math.min(state.decision, decisions.length - 1)
  const first = Math.max(0, Math.min(decisions.length - shown, selected - Math.floor(shown / 2)))
  return [
    ...head,
    ...decisions.slice(first, first + shown).map((change, index) => {
      const isSelected = first + index === selected
      return line(
        cell(decisionText(change, glyphs), columns, glyphs),
        isSelected ? 'selected' : changeStyle(change),
      )
    }),
  ]
}

/** The last decisions in a line each, for a part of the screen. */
export function latestLines(look: Look, rows: number): Line[] {
  const { columns, glyphs } = look
  const latest = decisionsOf(look).slice(0, rows)
  if (latest.length === 0) return [line('no change is known up to this moment', 'dim')]
  return latest.map((change) =>
    line(cell(decisionText(change, glyphs), columns, glyphs), changeStyle(change)),
  )
}

function changeStyle({ outcome, isRollback }: Change): Style {
  if (outcome.status === 'failed') return 'bad'
  return isRollback ? 'fair' : 'plain'
}

/** Columns of the name of a guest in a line with a decision. */
const longestName = 30

function decisionText(change: Change, { ellipsis }: Glyphs): string {
  const { outcome, wallTime, isRollback } = change
  const { action, status } = outcome
  const marks = [
    isRollback ? ' (undone)' : '',
    status === 'dry-run' ? ' (dry run)' : status === 'failed' ? ' FAILED' : '',
  ].join('')
  const result = resultText(change)
  const why = `${action.reason.text}${result === '' ? '' : `; ${result}`}`
  const name = cutToWidth(printable(action.domain), longestName, ellipsis)
  return `${clockText(wallTime)}  ${name}: ${actionText(action)}${marks}: ${why}`
}

/** Kinds of changes, each with a line of its own in the time line. */
const lanes = [
  { name: 'vCPUs', has: ({ outcome }: Change) => outcome.action.kind !== 'setMemory' },
  { name: 'memory', has: ({ outcome }: Change) => outcome.action.kind === 'setMemory' },
] as const
const laneName = 8

/** How many changes there were when, from the first one that is known to the moment that is shown. */
function timeLine({ columns, glyphs, shown }: Look, decisions: readonly Change[]): Line[] {
  const begin = decisions.at(-1)!.wallTime
  const end = Math.max(shown!.tick.wallTime, begin + 1)
  const bins = Math.max(1, columns - laneName)
  const lines = lanes.map(({ name, has }): Line => {
    const counts = new Array<number>(bins).fill(0)
    const failed = new Set<number>()
    for (const change of decisions) {
      if (!has(change)) continue
      const bin = Math.min(bins - 1, Math.floor((bins * (change.wallTime - begin)) / (end - begin)))
      counts[bin]!++
      if (change.outcome.status === 'failed' || change.isRollback) failed.add(bin)
    }
    const most = Math.max(1, ...counts)
    // Even one change among many is to be seen.
    const least = 1 / (glyphs.levels.length - 1)
    const spans = counts.map(
      (count, bin): Span =>
        span(
          count === 0 ? glyphs.rule : level(glyphs, Math.max(least, count / most)),
          failed.has(bin) ? 'bad' : count === 0 ? 'dim' : 'good',
        ),
    )
    return [span(name.padEnd(laneName), 'accent'), ...spans]
  })
  const left = `${timeText(begin)}: ${counted(decisions.length, 'change')}`
  const right = clockText(end)
  const gap = Math.max(1, columns - laneName - left.length - right.length)
  return [...lines, line(`${' '.repeat(laneName)}${left}${' '.repeat(gap)}${right}`, 'dim')]
}

/** One decision with all that is known of it. */
export function changeText(look: Look, change: Change | undefined): Line[] {
  if (!change) return [line('This change is not known any more.', 'dim')]
  const { outcome, wallTime, tick } = change
  return [
    line(
      cell(`${outcome.action.domain}, ${timeText(wallTime)} (tick ${tick})`, look.columns, look.glyphs),
      'bold',
    ),
    line(''),
    ...rowLines(look, changeRows(change)),
  ]
}
