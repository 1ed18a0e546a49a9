import type { Change } from '../../recording/changes.ts'
import { actionText, resultText } from '../../recording/text.ts'
import { counted } from '../../util/format.ts'
import { clockText } from './axes.ts'
import { type Html, html, trusted } from './html.ts'
import type { Timeline } from './plot.ts'

/** Stretches of time that a lane has: each is as wide as a finger's tip on a small screen, nearly. */
const slots = 60
/** Changes that are shown of one. */
const mostShown = 4

/**
 * The changes of one kind on the time line: a bar for each stretch of time with some, and their reasons when one points
 * at it.
 */
export function changeLane(
  title: string,
  changes: readonly Change[],
  idOf: (change: Change) => string,
  timeline: Timeline,
): Html {
  const { begin, end } = timeline
  const bySlot = Array.from({ length: slots }, (): Change[] => [])
  for (const change of changes) {
    const slot = Math.floor((slots * (change.wallTime - begin)) / Math.max(1, end - begin))
    bySlot[Math.min(slots - 1, Math.max(0, slot))]!.push(change)
  }
  const most = Math.max(1, ...bySlot.map(({ length }) => length))
  const bars = bySlot.map((there) => {
    if (there.length === 0) return html`<i></i>`
    const isBad = there.some(({ isRollback, outcome }) => isRollback || outcome.status === 'failed')
    const size = Math.round(100 * (0.25 + 0.75 * Math.sqrt(there.length / most)))
    return html`<a href="#${idOf(there[0]!)}"><b style="height:${size}%">${isBad ? '!' : ''}</b>${tip(there)}</a>`
  })
  const note = changes.length === 0 ? 'none' : `${changes.length}, at most ${most} in a bar`
  return html`<figure class="lane"><figcaption><h3>${title}</h3><span class="legend">${note}</span></figcaption>
<div class="plot"><div class="y"></div><div class="area"><div class="bars">${bars}</div></div></div></figure>`
}

function tip(changes: readonly Change[]): Html {
  const rows = changes.slice(0, mostShown).map((change) => {
    const { outcome, wallTime } = change
    const result = resultText(change)
    return html`<span><b>${clockText(wallTime, true)} ${outcome.action.domain}</b> ${whatText(change)}: ${outcome.action.reason.text}${result === '' ? '' : `; ${result}`}</span>`
  })
  const more = changes.length > mostShown ? [html`<span>and ${changes.length - mostShown} more</span>`] : []
  return html`<span class="tip"><span>${counted(changes.length, 'change')}</span>${rows}${more}</span>`
}

/** What was done, and how that ended where it did not as it was to. */
export function whatText({ outcome, isRollback }: Change): string {
  const { action, status, error } = outcome
  const failed = status === 'failed' ? `, failed: ${error?.message ?? 'no answer'}` : ''
  return `${actionText(action)}${isRollback ? ', undone' : ''}${status === 'dry-run' ? ', dry run' : ''}${failed}`
}

/** Short strokes at the foot of every plot where something was changed. */
export function changeTicks(changes: readonly Change[], { bins }: Timeline): Html {
  const there = new Set(changes.map(({ wallTime }) => Math.floor((wallTime - bins.start) / bins.step)))
  return trusted(Array.from(there, (bin) => `M${bin + 0.5} 1000v-60`).join(''))
}
