import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Tick } from '../../control/tick.ts'
import type { FeedSetup } from '../../report/feed/messages.ts'
import type { FleetFigures } from '../../report/fleet-figures.ts'
import { tickDecisions } from '../../report/tick-decisions.ts'
import { version } from '../version.ts'
import { RecentEvents } from './recent-events.ts'
import { type PagePlace, type ServedPage, servePage } from './serve.ts'

/** The page of a loop that runs. */
export interface LivePage extends AsyncDisposable {
  readonly address: string
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
  const info = JSON.stringify({ kind: 'live', ballast: version(), uri })
  const document = (name: string) => (name === 'info' ? promisify(gzip)(info) : undefined)
  const page: ServedPage = await servePage(place, { document, live: recent }, report)
  return {
    address: page.address,
    begin: (setup) => page.send(recent.begin(setup)),
    observe: (tick) => page.send(recent.observe({ ...tick, decisions: tickDecisions(tick) })),
    showFleet(figures) {
      const event = recent.fleet(figures)
      if (event) page.send(event)
    },
    [Symbol.asyncDispose]: () => page[Symbol.asyncDispose](),
  }
}
