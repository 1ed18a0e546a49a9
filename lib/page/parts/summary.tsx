import type { Change } from '../../recording/changes.ts'
import { actionText } from '../../recording/text.ts'
import { changesText } from '../../report/changes-text.ts'
import { counted, formatBytes } from '../../util/format.ts'
import { printable } from '../../util/printable.ts'
import type { Moment } from '../data/history.ts'
import { changes } from '../data/state.ts'
import { type GuestRow, guestRows } from '../figures/guests.ts'
import { verdictOf } from '../figures/verdict.ts'
import { GuestLink, Mark, percentText, TimeLink } from './texts.tsx'

/** Milliseconds that count as lately. */
const lately = 10 * 60_000

/** Whether the host is well, who suffers, and what was done: at one glance. */
export function Summary({ moment }: { readonly moment: Moment }) {
  const { level, title, sentences } = verdictOf(moment)
  const rows = guestRows(moment)
  const { tick } = moment
  const lowest = extreme(rows, ({ score }) => (score === undefined ? undefined : -score))
  const longest = extreme(rows, ({ delay }) => delay)
  const busy = tick.pcpus.busy.filter((part) => part !== null)
  const meanBusy =
    busy.length === 0 ? undefined : busy.reduce((sum, part) => sum + part, 0) / busy.length / 1_000
  const { committed, budget, available, state } = tick.memory
  const recent = changes.value.filter(
    ({ wallTime }) => wallTime <= tick.wallTime && wallTime > tick.wallTime - lately,
  )
  const last = lastChange(changes.value, tick.wallTime)
  const undone = recent.filter(({ isRollback }) => isRollback).length
  const failed = recent.filter(({ outcome }) => outcome.status === 'failed').length
  return (
    <section class={`summary ${level}`} aria-label="The host at a glance">
      <div class="verdict">
        <Mark level={level} />
        <div>
          <h2>{title}</h2>
          {sentences.map((sentence) => (
            <p key={sentence}>{sentence}</p>
          ))}
          {last && <LastChange change={last} />}
        </div>
      </div>
      <dl class="tiles">
        <Tile name="Lowest score" value={lowest ? `${lowest.score}` : '–'}>
          {lowest && (lowest.score === 100 ? 'all guests' : <GuestLink {...lowest} />)}
        </Tile>
        <Tile name="pCPUs busy" value={percentText(meanBusy)}>
          {tick.deviation === undefined ? 'deviation not known' : `deviation ${tick.deviation.toFixed(1)} %`}
        </Tile>
        <Tile name="Longest delay" value={percentText(longest?.delay, 1)}>
          {longest && (longest.delay === 0 ? 'nobody waits' : <GuestLink {...longest} />)}
        </Tile>
        <Tile name="Memory given" value={committed === undefined ? '–' : formatBytes(committed)}>
          {budget !== undefined && `of ${formatBytes(budget)}`}
          {available !== undefined && `, ${formatBytes(available)} available (${state})`}
        </Tile>
        <Tile name="Changes in 10 min" value={`${recent.length}`}>
          {changesText(recent.map(({ outcome }) => outcome.action.kind))}
          {undone > 0 && `, ${undone} undone`}
          {failed > 0 && `, ${failed} failed`}
        </Tile>
        <Tile name="Guests" value={`${rows.length}`}>
          on {counted(moment.inventory.pcpus.length, 'pCPU')}
        </Tile>
      </dl>
    </section>
  )
}

/** The last change up to a moment; of those that were made together one that moved something, not a pin in place. */
function lastChange(all: readonly Change[], until: number): Change | undefined {
  const last = all.findLast(({ wallTime }) => wallTime <= until)
  const together = all.filter(({ wallTime }) => wallTime === last?.wallTime)
  return together.find(({ outcome }) => !outcome.action.reason.kind.endsWith('-stay')) ?? last
}

/** What was done last, and why. */
function LastChange({ change: { wallTime, outcome } }: { readonly change: Change }) {
  const { action } = outcome
  return (
    <p class="last">
      Last change at <TimeLink at={wallTime} />: <GuestLink uuid={action.uuid} name={action.domain} />,{' '}
      {actionText(action)}: {printable(action.reason.text)}
    </p>
  )
}

function Tile({
  name,
  value,
  children,
}: {
  readonly name: string
  readonly value: string
  readonly children?: preact.ComponentChildren
}) {
  return (
    <div class="tile">
      <dt>{name}</dt>
      <dd>
        <b>{value}</b>
        <small>{children}</small>
      </dd>
    </div>
  )
}

/** The row with the largest figure. */
function extreme(rows: readonly GuestRow[], of: (row: GuestRow) => number | undefined): GuestRow | undefined {
  let found: GuestRow | undefined
  for (const row of rows) {
    const figure = of(row)
    if (figure !== undefined && (found === undefined || figure > of(found)!)) found = row
  }
  return found
}
