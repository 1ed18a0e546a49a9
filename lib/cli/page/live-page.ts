import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Tick } from '../../control/tick.ts'
import type { LastingTape } from '../../recording/loop-recorder.ts'
import { RecentEntries } from '../../recording/recent-entries.ts'
import type { FeedSetup } from '../../report/feed/messages.ts'
import type { FleetFigures } from '../../report/fleet-figures.ts'
import { tickDecisions } from '../../report/tick-decisions.ts'
import { version } from '../version.ts'
import { policyFields } from './policy-fields.ts'
import { RecentEvents } from './recent-events.ts'
import { type PagePlace, type ServedPage, servePage } from './serve.ts'

/** The page of a loop that runs. */
export interface LivePage extends AsyncDisposable {
  readonly address: string
  /** Has to be recorded on: the page plays the last hour under other policies. */
  readonly tape: LastingTape
  /** A loop is run with this from now on. */
  begin(setup: FeedSetup): void
  observe(tick: Tick): void
  /** What is known of the fleet from now on. */
  showFleet(figures: FleetFigures): void
}

/** Serves the page of the loop on the host `uri`. Rejects as {@link servePage} does. */
export async function serveLivePage(
  place: PagePlace,
  uri: string,
  report: (problem: string) => void,
): Promise<LivePage> {
  const recent = new RecentEvents()
  const tape = new RecentEntries()
  const info = JSON.stringify({ kind: 'live', ballast: version(), uri, policies: policyFields() })
  const document = (name: string) => (name === 'info' ? promisify(gzip)(info) : undefined)
  const live = { past: () => recent.past(), hour: () => tape.compressed() }
  const page: ServedPage = await servePage(place, { document, live }, report)
  return {
    address: page.address,
    tape,
    begin: (setup) => page.send(recent.begin(setup)),
    observe: (tick) => page.send(recent.observe({ ...tick, decisions: tickDecisions(tick) })),
    showFleet(figures) {
      const event = recent.fleet(figures)
      if (event) page.send(event)
    },
    [Symbol.asyncDispose]: () => page[Symbol.asyncDispose](),
  }
}
