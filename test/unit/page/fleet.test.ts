import { expect, it } from 'vitest'
import { RecentEvents } from '../../../lib/cli/page/recent-events.ts'
import { MomentReader } from '../../../lib/page/data/history.ts'
import type { FeedMessage } from '../../../lib/report/feed/messages.ts'
import type { FleetFigures } from '../../../lib/report/fleet-figures.ts'
import { tickDecisions } from '../../../lib/report/tick-decisions.ts'
import { tickOf, viewOf } from '../report/ticks.ts'

const figures: FleetFigures = {
  fleet: 'prod',
  connected: true,
  leading: false,
  leader: 'host2',
  orders: { done: 0, failed: 0, refused: 0 },
  steps: { ordered: 0, denied: 0, done: 0, failed: 0, helped: 0, 'no-help': 0, harm: 0 },
}

it('what is known of a fleet is told once, and holds for the ticks after it', () => {
  const recent = new RecentEvents()
  const tick = (index: number) => {
    const one = tickOf(index, viewOf(1, []))
    recent.observe({ ...one, decisions: tickDecisions(one) })
  }
  tick(0)
  expect(recent.fleet(figures)).toBeDefined()
  expect(recent.fleet({ ...figures })).toBeUndefined()
  tick(1)
  expect(recent.fleet({ ...figures, connected: false })).toBeDefined()
  tick(2)
  const reader = new MomentReader()
  const messages: FeedMessage[] = recent
    .past()
    .map((event) => JSON.parse(event.toString().replace(/^data: /, '')))
  const moments = messages.flatMap((message) => reader.read(message) ?? [])
  expect(moments.map(({ fleet }) => fleet?.connected)).toEqual([undefined, true, false])
})
