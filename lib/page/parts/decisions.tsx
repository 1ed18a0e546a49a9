import { useState } from 'preact/hooks'
import type { Change } from '../../recording/changes.ts'
import { actionText, changeRows, resultText } from '../../recording/text.ts'
import { printable } from '../../util/printable.ts'
import type { Moment } from '../data/history.ts'
import { go, place } from '../data/location.ts'
import { changes } from '../data/state.ts'
import { shortName } from '../figures/verdict.ts'
import { Rows } from './rows.tsx'
import { Scroller } from './scroller.tsx'
import { GuestLink, TimeLink } from './texts.tsx'

/** Changes that are listed at first, and by which the list grows. */
const some = 50

/** What was done up to the moment, why, and what came of it; and what was not done. */
export function Decisions({ moment }: { readonly moment: Moment }) {
  const [most, setMost] = useState(some)
  const { guest } = place.value
  const past = changes.value.filter(
    ({ wallTime, outcome }) =>
      wallTime <= moment.tick.wallTime && (guest === undefined || outcome.action.uuid === guest),
  )
  const listed = past.slice(-most).reverse()
  const { skipped, clamps } = moment.standing
  const isOf = ({ uuid }: { readonly uuid: string }) => guest === undefined || uuid === guest
  const left = skipped.filter(isOf)
  const limited = clamps.filter(({ action }) => isOf(action))
  return (
    <section class="decisions" aria-label="Decisions">
      <div class="heading">
        <h2>Decisions</h2>
        {guest !== undefined && (
          <button type="button" onClick={() => go({ guest: undefined })}>
            of this guest; show all
          </button>
        )}
      </div>
      <Scroller name="List of decisions">
        {listed.length === 0 && <p class="faint">Nothing was changed up to this moment.</p>}
        <ol>
          {listed.map((change) => (
            <Entry key={keyOf(change)} change={change} />
          ))}
        </ol>
        {past.length > most && (
          <button type="button" onClick={() => setMost(most + some)}>
            {past.length - most} earlier ones
          </button>
        )}
        {(left.length > 0 || limited.length > 0) && <h3>Not changed at this moment</h3>}
        <ul>
          {limited.slice(0, some).map(({ action, result, cause }) => (
            <li key={`${action.kind} ${action.uuid} ${action.kind === 'pin' ? action.vcpu : ''}`}>
              <GuestLink uuid={action.uuid} name={action.domain} />: {actionText(action)} {result}:{' '}
              {printable(cause.text)}
            </li>
          ))}
          {left.slice(0, some).map(({ uuid, domain, what, reason }) => (
            <li key={`${what} ${uuid}`}>
              <GuestLink uuid={uuid} name={domain} /> {what}: {printable(reason.text)}
            </li>
          ))}
          {left.length > some && <li>and {left.length - some} more</li>}
        </ul>
      </Scroller>
    </section>
  )
}

function Entry({ change }: { readonly change: Change }) {
  const { outcome, wallTime, isRollback } = change
  const { action, status } = outcome
  const [isOpen, setOpen] = useState(false)
  const result = resultText(change)
  return (
    <li class={`change ${status}`}>
      <div class="line">
        <TimeLink at={wallTime} />
        <span>
          <GuestLink uuid={action.uuid} name={action.domain} />: {actionText(action)}
          {isRollback && <strong class="badge">undone</strong>}
          {status === 'dry-run' && <strong class="badge">dry run</strong>}
          {status === 'failed' && <strong class="badge bad">failed</strong>}
        </span>
      </div>
      <p class="reason">{printable(action.reason.text)}</p>
      {result !== '' && <p class="result">{result}</p>}
      <button
        type="button"
        class="link"
        aria-expanded={isOpen}
        aria-label={`Why ${shortName(action.domain)} was changed`}
        onClick={() => setOpen(!isOpen)}
      >
        {isOpen ? '▾ less' : '▸ why'}
      </button>
      {isOpen && <Rows rows={changeRows(change)} />}
    </li>
  )
}

function keyOf({ wallTime, outcome: { action } }: Change): string {
  return `${wallTime} ${action.kind} ${action.uuid} ${action.kind === 'pin' ? action.vcpu : ''}`
}
