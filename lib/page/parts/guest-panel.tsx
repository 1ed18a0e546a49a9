import { useEffect, useMemo, useRef } from 'preact/hooks'
import { printable } from '../../util/printable.ts'
import type { Moment } from '../data/history.ts'
import { go } from '../data/location.ts'
import { moments } from '../data/state.ts'
import { guestRows, vcpuRows } from '../figures/guests.ts'
import { guestSeries } from '../figures/series.ts'
import { Plot } from './plot.tsx'
import { Scroller } from './scroller.tsx'
import { percentText, Score, sizeText } from './texts.tsx'

const cpuLines = [
  { label: 'usage, % of a pCPU', color: 'line-load', dash: [] },
  { label: 'longest delay, %', color: 'bad', dash: [6, 4] },
] as const
const memoryLines = [
  { label: 'size, MiB', color: 'line-load', dash: [] },
  { label: 'in use, MiB', color: 'well', dash: [2, 3] },
  { label: 'target, MiB', color: 'mark', dash: [8, 4] },
] as const

/** One guest: what it gets, where its vCPUs are and may be, and how it was over time. */
export function GuestPanel({ moment, uuid }: { readonly moment: Moment; readonly uuid: string }) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus({ preventScroll: false }), [uuid])
  const series = useMemo(() => guestSeries(moments.value, uuid), [moments.value, uuid])
  const guest = guestRows(moment).find((row) => row.uuid === uuid)
  const key = (event: KeyboardEvent) => {
    if (event.key === 'Escape') go({ guest: undefined })
  }
  const hold = guest && moment.tick.guests.hold[guest.row]
  return (
    <section class="guest" aria-labelledby="guest-name" onKeyDown={key}>
      <div class="heading">
        <h2 id="guest-name" ref={heading} tabIndex={-1}>
          <bdi>{guest ? printable(guest.name) : uuid}</bdi>
        </h2>
        <button type="button" onClick={() => go({ guest: undefined })}>
          Close
        </button>
      </div>
      {!guest && <p>It does not run at this moment.</p>}
      {guest && (
        <>
          <dl class="tiles">
            <div class="tile">
              <dt>CPU score</dt>
              <dd>
                <Score points={guest.cpuScore} />
              </dd>
            </div>
            <div class="tile">
              <dt>Memory score</dt>
              <dd>
                <Score points={guest.memoryScore} />
              </dd>
            </div>
            <div class="tile">
              <dt>Usage</dt>
              <dd>{guest.usage === undefined ? '–' : `${guest.usage.toFixed(2)} pCPUs`}</dd>
            </div>
            <div class="tile">
              <dt>Longest delay</dt>
              <dd>{percentText(guest.delay, 1)}</dd>
            </div>
            <div class="tile">
              <dt>Memory</dt>
              <dd>
                {sizeText(guest.actual)}
                <small>
                  {' '}
                  in use {sizeText(guest.inUse)}, need {sizeText(guest.need)}
                  {hold != null && `; balloon left alone: ${hold}`}
                </small>
              </dd>
            </div>
          </dl>
          <div class="guest-parts">
            <div class="plots">
              <Plot name="Usage and delay" series={series.cpu} lines={cpuLines} at={moment.tick.wallTime} />
              <Plot name="Memory" series={series.memory} lines={memoryLines} at={moment.tick.wallTime} />
            </div>
            <VcpuTable moment={moment} uuid={uuid} />
          </div>
        </>
      )}
    </section>
  )
}

function VcpuTable({ moment, uuid }: { readonly moment: Moment; readonly uuid: string }) {
  return (
    <Scroller name="vCPUs">
      <table>
        <thead>
          <tr>
            <th scope="col">vCPU</th>
            <th scope="col" class="figure">
              on pCPU
            </th>
            <th scope="col" class="figure">
              usage
            </th>
            <th scope="col" class="figure">
              delay
            </th>
            <th scope="col" class="figure">
              demand
            </th>
            <th scope="col">runs on</th>
            <th scope="col">may be pinned to</th>
          </tr>
        </thead>
        <tbody>
          {vcpuRows(moment, uuid).map(({ vcpu, pcpu, usage, delay, demand, affinity, allowed }) => (
            <tr key={vcpu}>
              <th scope="row">{vcpu}</th>
              <td class="figure">{pcpu ?? '–'}</td>
              <td class="figure">{percentText(usage, 1)}</td>
              <td class="figure">{percentText(delay, 1)}</td>
              <td class="figure">{percentText(demand, 1)}</td>
              <td class="list">{affinity ?? '–'}</td>
              <td class="list">{allowed ?? '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroller>
  )
}
