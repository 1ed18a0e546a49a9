import type { Change } from '../../recording/changes.ts'
import type { Period } from '../../recording/period/period.ts'
import { timeText } from '../../recording/text.ts'
import { counted } from '../../util/format.ts'
import { timeLabels } from './axes.ts'
import { changeLane, changeTicks } from './change-lane.ts'
import { html, trusted } from './html.ts'
import { percent, type Timeline } from './plot.ts'
import { plots } from './plots.ts'
import { style } from './style.ts'
import type { PeriodSummary } from './summary.ts'
import { changeTable, guestTable, minuteTable } from './tables.ts'
import { tiles } from './tiles.ts'
import { changesText, leadText, lengthText } from './words.ts'

/** Changes that are listed: a page is to open at once. */
const mostListed = 500

/**
 * The report of a period as one page of HTML. It needs no network and runs no program: its policy forbids both. What came from
 * guests is text.
 */
export function reportPage(period: Period, summary: PeriodSummary, ballast: string): string {
  const { bins, changes } = period
  const [begin, end] = [bins.start, bins.start + bins.count * bins.step]
  const labels = timeLabels(begin, end).map(
    ({ at, text, isMinor }) =>
      html`<span class="${[isMinor && 'minor', at < 0.03 && 'first', at > 0.97 && 'last'].filter(Boolean).join(' ')}" style="left:${percent(at)}">${text}</span>`,
  )
  const timeline: Timeline = {
    bins,
    begin,
    end,
    gap: 2.5 * (Number.isNaN(period.interval.value) ? bins.step : period.interval.value),
    labels: html`<div class="x">${labels}</div>`,
  }
  const listed = listedOf(changes)
  const numbers = new Map(listed.map((change, number) => [change, number]))
  const idOf = (change: Change) => (numbers.has(change) ? `c${numbers.get(change)}` : 'changes')
  const isMemory = ({ outcome }: Change) => outcome.action.kind === 'setMemory'
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="referrer" content="no-referrer">
<title>${summary.host}: ${timeText(summary.begin).slice(0, 16)}</title>
<style>${trusted(style)}</style>
</head>
<body>
<svg width="0" height="0" style="position:absolute" aria-hidden="true"><path id="ticks" d="${changeTicks(changes, timeline)}"/></svg>
<header>
<h1>${summary.host}</h1>
<p class="when">${timeText(summary.begin)} to ${timeText(summary.end)} (${lengthText(summary)}, ${zone(summary.begin)}), ${counted(summary.ticks, 'tick')}</p>
<p class="lead">${leadText(summary)}</p>
</header>
${summary.problems.length > 0 ? [html`<ul class="problems">${summary.problems.map((problem) => html`<li>${problem}</li>`)}</ul>`] : []}
${tiles(summary)}
<main>
<h2>Over time</h2>
${changeLane(
  'Changes of vCPUs',
  changes.filter((change) => !isMemory(change)),
  idOf,
  timeline,
)}
${changeLane('Changes of memory', changes.filter(isMemory), idOf, timeline)}
${plots(period, timeline)}
<h2>Worst minutes</h2>
${summary.worst.length > 0 ? minuteTable(summary.worst) : html`<p class="note">None: every guest got what it wanted, as far as that is known.</p>`}
<h2>Guests</h2>
<p class="note">Those with the lowest scores first. A score is how much a guest got of what it wanted, 0 to 100.</p>
${guestTable(summary.guests)}
<h2 id="changes">Changes</h2>
<p class="note">${listNote(summary, listed.length)}</p>
${listed.length > 0 ? [html`<div class="changes">${changeTable(listed, idOf)}</div>`] : []}
</main>
<footer>Made by Ballast ${ballast} from a recording. pCPU: a CPU of the host; vCPU: one of a guest. Times are local.</footer>
</body>
</html>
`
  return page.text
}

/** What failed or was undone, and of the others the last; in the order of their times, the last first. */
function listedOf(changes: readonly Change[]): Change[] {
  const isBad = ({ isRollback, outcome }: Change) => isRollback || outcome.status === 'failed'
  const bad = changes.filter(isBad).slice(-mostListed)
  const others = changes.filter((change) => !isBad(change))
  const room = mostListed - bad.length
  return [...bad, ...(room > 0 ? others.slice(-room) : [])].sort((a, b) => b.wallTime - a.wallTime)
}

function listNote({ changes }: PeriodSummary, listed: number): string {
  const all = changes.pins + changes.sizes + changes.shares
  if (all === 0) return 'None.'
  const kinds = changesText(changes)
  if (listed === all) return `${kinds}; the last first.`
  return `${kinds}. Here are what failed or was undone and the last of the others, ${listed} in all; "ballast history" lists each.`
}

/** `UTC+1`. */
function zone(time: number): string {
  const minutes = -new Date(time).getTimezoneOffset()
  if (minutes === 0) return 'UTC'
  const size = Math.abs(minutes)
  const rest = size % 60 === 0 ? '' : `:${String(size % 60).padStart(2, '0')}`
  return `UTC${minutes < 0 ? '-' : '+'}${Math.floor(size / 60)}${rest}`
}
