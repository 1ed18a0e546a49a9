import type { Signal } from '@preact/signals'
import { useMemo, useRef, useState } from 'preact/hooks'
import type { Moment } from '../data/history.ts'
import { go, place } from '../data/location.ts'
import { type GuestRow, guestRows, type SortKey, sortGuests } from '../figures/guests.ts'
import { Scroller } from './scroller.tsx'
import { GuestLink, percentText, Score, sizeText } from './texts.tsx'

/** Pixels of a row, as the style sheet has it. */
const rowHeight = 30
/** Rows are made in groups: between two of them scrolling is the browser's alone. */
const group = 12
/** One before and one after those that can be seen: the list is at most 900 pixels high. */
const groupsInView = 2 + Math.ceil(900 / (rowHeight * group)) + 1

interface Column {
  readonly key: SortKey
  readonly name: string
  readonly title: string
  /** The first click sorts from the largest down. */
  readonly isDescending: boolean
}

const columns: readonly Column[] = [
  { key: 'name', name: 'Guest', title: 'Name', isDescending: false },
  {
    key: 'score',
    name: 'Score',
    title: 'How much of what it wants it gets: the lower of CPU and memory',
    isDescending: false,
  },
  { key: 'usage', name: 'Usage', title: 'pCPUs that its vCPUs ran on, all together', isDescending: true },
  { key: 'delay', name: 'Delay', title: 'Of its vCPU that waits longest for a pCPU', isDescending: true },
  { key: 'actual', name: 'Memory', title: 'Size of its balloon', isDescending: true },
  { key: 'inUse', name: 'In use', title: 'What its kernel and programs use', isDescending: true },
]

/** The guests, sorted and filtered; only the rows that can be seen are made. */
export function GuestTable({ moment, filter }: { readonly moment: Moment; readonly filter: Signal<string> }) {
  const [sort, setSort] = useState<{ readonly key: SortKey; readonly isDescending: boolean }>({
    key: 'score',
    isDescending: false,
  })
  const [firstGroup, setFirstGroup] = useState(0)
  const scroller = useRef<HTMLElement>(null)
  const rows = useMemo(() => {
    const wanted = filter.value.trim().toLowerCase()
    const all = guestRows(moment)
    const kept = wanted === '' ? all : all.filter(({ name }) => name.toLowerCase().includes(wanted))
    return sortGuests(kept, sort.key, sort.isDescending)
  }, [moment, filter.value, sort])
  const first = Math.min(firstGroup * group, Math.max(0, rows.length - group))
  const last = Math.min(rows.length, (firstGroup + groupsInView) * group)
  const sortBy = ({ key, isDescending }: Column) =>
    setSort((before) => ({ key, isDescending: before.key === key ? !before.isDescending : isDescending }))
  const scroll = () =>
    setFirstGroup(Math.max(0, Math.floor(scroller.current!.scrollTop / (rowHeight * group)) - 1))
  return (
    <section class="guests" aria-label="Guests">
      <div class="heading">
        <h2>Guests</h2>
        <label>
          Filter{' '}
          <input
            type="search"
            value={filter.value}
            placeholder="name"
            onInput={({ currentTarget }) => {
              filter.value = currentTarget.value
            }}
          />
        </label>
        <span class="faint" role="status">
          {rows.length} of {moment.inventory.guests.length}
        </span>
      </div>
      <Scroller name="List of guests" box={scroller} onScroll={scroll}>
        <table aria-rowcount={rows.length + 1}>
          <colgroup>
            {columns.map(({ key }) => (
              <col key={key} class={`of-${key}`} />
            ))}
          </colgroup>
          <thead>
            <tr>
              {columns.map((column) => (
                <th
                  key={column.key}
                  scope="col"
                  class={column.key === 'name' ? '' : 'figure'}
                  aria-sort={
                    sort.key !== column.key ? 'none' : sort.isDescending ? 'descending' : 'ascending'
                  }
                >
                  <button type="button" title={column.title} onClick={() => sortBy(column)}>
                    {column.name}
                    <span aria-hidden="true">
                      {sort.key !== column.key ? '' : sort.isDescending ? ' ▼' : ' ▲'}
                    </span>
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {first > 0 && <tr class="spacer" style={{ height: `${first * rowHeight}px` }} />}
            {rows.slice(first, last).map((row, i) => (
              <Row key={row.uuid} row={row} index={first + i + 2} isOpen={row.uuid === place.value.guest} />
            ))}
            {last < rows.length && (
              <tr class="spacer" style={{ height: `${(rows.length - last) * rowHeight}px` }} />
            )}
          </tbody>
        </table>
      </Scroller>
    </section>
  )
}

function Row({
  row,
  index,
  isOpen,
}: {
  readonly row: GuestRow
  readonly index: number
  readonly isOpen: boolean
}) {
  const { uuid, name, score, usage, delay, actual, inUse, target, state } = row
  return (
    <tr aria-rowindex={index} class={isOpen ? 'open' : ''} onClick={() => go({ guest: uuid })}>
      <th scope="row">
        <GuestLink uuid={uuid} name={name} />
        {state !== 'running' && state !== 'blocked' && <small> {state}</small>}
      </th>
      <td class="figure">
        <Score points={score} />
      </td>
      <td class="figure">{usage === undefined ? '–' : usage.toFixed(2)}</td>
      <td class="figure">{percentText(delay, 1)}</td>
      <td class="figure">
        {sizeText(actual)}
        {target !== undefined && target !== actual && ` → ${sizeText(target)}`}
      </td>
      <td class="figure">{sizeText(inUse)}</td>
    </tr>
  )
}
