import type { Change } from '../../recording/changes.ts'
import type { GuestFigures } from '../../recording/period/guest-period.ts'
import type { Minute } from '../../recording/period/minutes.ts'
import { resultText, timeText } from '../../recording/text.ts'
import { formatBytes, formatPercent } from '../../util/format.ts'
import { whatText } from './change-lane.ts'
import { type Html, html } from './html.ts'
import { sizesText } from './words.ts'

/** A column: its heading, its unit, and whether it holds figures, which are aligned at their ends. */
interface Column<Row> {
  readonly name: string
  readonly of: (row: Row) => string | Html
  readonly isFigure?: boolean
}

function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  idOf?: (row: Row) => string,
): Html {
  const classOf = ({ isFigure }: Column<Row>) => (isFigure ? 'n' : 't')
  return html`<div class="scroll"><table><thead><tr>${columns.map((column) => html`<th scope="col" class="${classOf(column)}">${column.name}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr${idOf ? html` id="${idOf(row)}"` : ''}>${columns.map((column) => html`<td class="${classOf(column)}" data-name="${column.name}">${column.of(row)}</td>`)}</tr>`)}</tbody></table></div>`
}

export function minuteTable(minutes: readonly Minute[]): Html {
  return table<Minute>(
    [
      { name: 'minute', of: ({ wallTime }) => timeText(wallTime).slice(0, 16) },
      { name: 'lowest score', of: ({ lowestScore }) => scoreBar(lowestScore), isFigure: true },
      { name: 'of', of: ({ scoreOf }) => scoreOf || '–' },
      { name: 'longest delay', of: ({ longestDelay }) => share(longestDelay), isFigure: true },
      { name: 'of', of: ({ delayOf }) => delayOf || '–' },
      { name: 'changes', of: ({ changes }) => String(changes), isFigure: true },
    ],
    minutes,
  )
}

export function guestTable(guests: readonly GuestFigures[]): Html {
  return table<GuestFigures>(
    [
      { name: 'guest', of: ({ name, uuid }) => html`<span title="${uuid}">${name || uuid}</span>` },
      { name: 'CPU score', of: ({ cpuScore }) => scoreBar(cpuScore), isFigure: true },
      { name: 'lowest', of: ({ leastCpuScore }) => points(leastCpuScore), isFigure: true },
      { name: 'memory score', of: ({ memoryScore }) => scoreBar(memoryScore), isFigure: true },
      { name: 'lowest', of: ({ leastMemoryScore }) => points(leastMemoryScore), isFigure: true },
      { name: 'vCPUs', of: ({ vcpus }) => String(vcpus), isFigure: true },
      {
        name: 'pCPUs used',
        of: ({ usage }) => (Number.isNaN(usage) ? '–' : usage.toFixed(2)),
        isFigure: true,
      },
      { name: 'delay', of: ({ delay }) => share(delay), isFigure: true },
      { name: 'longest', of: ({ longestDelay }) => share(longestDelay), isFigure: true },
      { name: 'memory used', of: ({ used }) => size(used), isFigure: true },
      {
        name: 'size',
        of: ({ leastSize, mostSize }) => (Number.isNaN(leastSize) ? '–' : sizesText(leastSize, mostSize)),
        isFigure: true,
      },
      { name: 'pins', of: ({ pins }) => String(pins), isFigure: true },
      { name: 'sizes set', of: ({ resizes }) => String(resizes), isFigure: true },
    ],
    guests,
  )
}

export function changeTable(changes: readonly Change[], idOf: (change: Change) => string): Html {
  return table<Change>(
    [
      { name: 'time', of: ({ wallTime }) => timeText(wallTime) },
      { name: 'guest', of: ({ outcome }) => outcome.action.domain },
      { name: 'change', of: whatText },
      { name: 'reason', of: ({ outcome }) => outcome.action.reason.text },
      { name: 'what came of it', of: (change) => resultText(change) || '–' },
    ],
    changes,
    idOf,
  )
}

/** Points with a bar of their length. */
function scoreBar(score: number): Html | string {
  if (Number.isNaN(score)) return '–'
  return html`<span class="bar"><i style="width:${Math.round(score)}%"></i></span>${points(score)}`
}

const points = (score: number) => (Number.isNaN(score) ? '–' : score.toFixed(0))
const share = (part: number) => (Number.isNaN(part) ? '–' : formatPercent(part))
const size = (bytes: number) => (Number.isNaN(bytes) ? '–' : formatBytes(bytes))
