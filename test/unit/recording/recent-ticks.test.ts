import { describe, expect, it } from 'vitest'
import { schedulers } from '../../../lib/index.ts'
import { changes } from '../../../lib/recording/changes.ts'
import type { RecordedTick } from '../../../lib/recording/entries.ts'
import { lastTick } from '../../../lib/recording/last-tick.ts'
import { RecentTicks, recentLimits } from '../../../lib/recording/recent-ticks.ts'
import { scenarios, simulate } from '../../../lib/simulation/index.ts'
import { parsed, recorded } from './recorded.ts'

const options = { interval: 2_000, scheduler: schedulers.balance() }
/** More than two groups of ticks. */
const { ticks, lines } = await recorded(simulate(scenarios.A1()), options, 130)

function linesIn(recent: RecentTicks): string[] {
  return Buffer.concat(recent.past().lines as Buffer[])
    .toString()
    .trimEnd()
    .split('\n')
}

const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

const hasNews = ({ outcomes, results = [] }: RecordedTick) => outcomes.length + results.length > 0

describe('RecentTicks', () => {
  it('tells the same changes as a recording', async () => {
    const recent = new RecentTicks()
    recent.begin(0)
    for (const tick of ticks) recent.observe(tick)
    const told = await all(changes(parsed(linesIn(recent))))
    expect(told).not.toHaveLength(0)
    expect(told).toEqual(await all(changes(parsed(lines))))
  })

  it('tells the last tick as a recording does, with what lasts from before', async () => {
    const recent = new RecentTicks()
    for (const tick of ticks) recent.observe(tick)
    const last = async (of: readonly string[], at: number) => {
      const follow = lastTick(parsed(of), 'guest1', at)
      await all(follow.entries)
      return follow.result()
    }
    for (const at of [ticks[3]!.wallTime, ticks[125]!.wallTime]) {
      expect(await last(linesIn(recent), at)).toEqual(await last(lines, at))
      expect(await last(linesIn(recent), at)).toMatchObject({ wallTime: at })
    }
  })

  it('forgets the oldest ticks, and keeps their changes with what came of them', async () => {
    const recent = new RecentTicks({ ...recentLimits, ticks: 60 })
    for (const tick of ticks) recent.observe(tick)
    expect(recent.past()).toMatchObject({ since: ticks[0]!.wallTime, wholeSince: ticks[120]!.wallTime })
    const first = ticks.find(({ outcomes }) => outcomes.length > 0)!
    const kept = await all(parsed(linesIn(recent)))
    const quiet = kept.filter((entry) => 'tick' in entry && entry.tick.index < 120 && !hasNews(entry.tick))
    expect(quiet).toEqual([])
    const [told] = await all(changes(parsed(linesIn(recent))))
    expect(told).toMatchObject({ tick: first.index, wallTime: first.wallTime })
    expect(told!.minuteAfter).toBeDefined()
  })

  it('keeps no more bytes than it may, and says since when it knows all', () => {
    const changed = ticks.find(({ outcomes }) => outcomes.length > 0)!
    const limits = { ticks: 1_000, tickBytes: 200_000, changes: 50, changeBytes: 50_000 }
    const recent = new RecentTicks(limits)
    for (let i = 0; i < 500; i++) recent.observe({ ...changed, index: i, wallTime: 1_000 * i })
    const bytes = Buffer.concat(recent.past().lines as Buffer[]).length
    expect(bytes).toBeLessThan(limits.tickBytes + limits.changeBytes)
    const { since = 0, wholeSince = 0 } = recent.past()
    expect(since).toBeGreaterThan(200_000)
    expect(wholeSince).toBeGreaterThanOrEqual(since)
  })

  it('knows nothing at first', () => {
    const recent = new RecentTicks()
    recent.begin(0)
    expect(recent.past()).toMatchObject({ since: undefined, wholeSince: undefined })
  })
})
