import { describe, expect, it } from 'vitest'
import { History, type Moment, MomentReader, momentAt } from '../../../lib/page/data/history.ts'
import { hashOf, placeIn } from '../../../lib/page/data/place.ts'
import { guestRows, sortGuests, vcpuRows } from '../../../lib/page/figures/guests.ts'
import { layoutMap } from '../../../lib/page/figures/map-layout.ts'
import { guestSeries } from '../../../lib/page/figures/series.ts'
import { verdictOf } from '../../../lib/page/figures/verdict.ts'
import { FeedWriter } from '../../../lib/report/feed/feed-writer.ts'
import { tickDecisions } from '../../../lib/report/tick-decisions.ts'
import { type DomainSketch, tickOf, viewOf } from '../report/ticks.ts'

/** A moment as a page has it, `index` seconds after the first. */
function momentOf(
  guests: readonly DomainSketch[],
  index = 0,
  memory: Parameters<typeof viewOf>[2] = {},
): Moment {
  const tick = { ...tickOf(index, viewOf(4, guests, memory)), wallTime: 1_000 * index }
  const reader = new MomentReader()
  const messages = new FeedWriter().write({ ...tick, decisions: tickDecisions(tick) })
  return messages.map((message) => reader.read(message)).at(-1)!
}

const waiting = (name: string, delay: number): DomainSketch => ({
  name,
  vcpus: [{ usage: 0.5 - delay / 2, delay, demand: 0.5, on: 0 }],
})

describe('guests of a moment', () => {
  const moment = momentOf([
    {
      name: 'b',
      vcpus: [
        { usage: 0.25, delay: 0.1 },
        { usage: 0.5, delay: 0.3, on: 3 },
      ],
    },
    { name: 'a10', vcpus: [{ usage: undefined }] },
    { name: 'a9', vcpus: [{ usage: 1 }] },
  ])

  it('have the sum of what their vCPUs run, and the longest delay', () => {
    expect(guestRows(moment)[0]).toMatchObject({ name: 'b', vcpus: 2, usage: 0.75, delay: 0.3 })
    const [b] = moment.inventory.guests
    expect(vcpuRows(moment, b!.uuid)).toMatchObject([
      { vcpu: 0, usage: 0.25 },
      { vcpu: 1, usage: 0.5, pcpu: 3 },
    ])
    expect(vcpuRows(moment, 'nobody')).toEqual([])
  })

  it('are sorted with what is not known at the end, either way', () => {
    const names = (key: 'name' | 'usage', descending: boolean) =>
      sortGuests(guestRows(moment), key, descending).map(({ name }) => name)
    expect(names('name', false)).toEqual(['a9', 'a10', 'b'])
    expect(names('usage', true)).toEqual(['a9', 'b', 'a10'])
    expect(names('usage', false)).toEqual(['b', 'a9', 'a10'])
  })

  it('of which the same is shown are sorted by name', () => {
    const moment = momentOf([
      { name: 'b', vcpus: [{ usage: 0.254 }] },
      { name: 'a10', vcpus: [{ usage: 0.25 }] },
      { name: 'a9', vcpus: [{ usage: 0.246 }] },
    ])
    for (const descending of [true, false]) {
      const names = sortGuests(guestRows(moment), 'usage', descending).map(({ name }) => name)
      expect(names).toEqual(['a9', 'a10', 'b'])
    }
    const rows = guestRows(moment).map((row, index) => ({ ...row, actual: 20_480 - index }))
    expect(sortGuests(rows, 'actual', true).map(({ name }) => name)).toEqual(['a9', 'a10', 'b'])
  })

  it('have series over the moments in which they ran', () => {
    const moments = [
      momentOf([waiting('a', 0)]),
      momentOf([waiting('b', 0.1), waiting('a', 0.2)], 1),
      momentOf([], 2),
    ]
    const a = moments[0]!.inventory.guests[0]!.uuid
    const others = moments.map((moment) => ({
      ...moment,
      inventory: {
        ...moment.inventory,
        guests: moment.inventory.guests.map((guest) => ({
          ...guest,
          uuid: guest.name === 'a' ? a : 'other',
        })),
      },
    }))
    expect(guestSeries(others, a).cpu).toEqual([
      [0, 1],
      [50, 40],
      [0, 20],
    ])
  })
})

describe('the verdict on a host', () => {
  it('names who lacks what, the worst first', () => {
    const guests = [waiting('a', 0), waiting('b', 0.3), waiting('c', 0.45)]
    const { level, title, sentences } = verdictOf(momentOf(guests))
    expect(level).toBe('bad')
    expect(title).toBe('2 guests suffer')
    expect(sentences[0]).toMatch(/^c gets \d+ % of the CPU it wants; b gets \d+ % of the CPU it wants\.$/)
  })

  it('is that it is well, that it is short, or that nothing is known', () => {
    expect(verdictOf(momentOf([waiting('a', 0), waiting('b', 0)]))).toMatchObject({
      level: 'well',
      sentences: ['All 2 guests get at least 90 % of what they want.'],
    })
    const partly = verdictOf(momentOf([waiting('a', 0), { name: 'b', vcpus: [{ usage: undefined }] }]))
    expect(partly.sentences).toEqual(['The guest whose score is known gets at least 90 % of what it wants.'])
    expect(verdictOf(momentOf([waiting('a', 0)], 0, { state: 'low' })).level).toBe('bad')
    expect(verdictOf(momentOf([{ name: 'a', vcpus: [{ usage: undefined }] }])).level).toBe('unknown')
    expect(verdictOf(momentOf([]))).toMatchObject({ level: 'unknown', title: 'No guests' })
  })

  it('says what part of the host is busy with what no placement of guests can help', () => {
    const moment = momentOf([waiting('a', 0.4)])
    const busy = (part: number) => {
      const pcpus = { ...moment.tick.pcpus, background: [part, part, null, part] }
      return verdictOf({ ...moment, tick: { ...moment.tick, pcpus } }).sentences
    }
    expect(busy(600)[1]).toBe('Programs of the host that are no guests take 60 % of the pCPUs.')
    expect(busy(100)).toHaveLength(1)
  })

  it('shows names as text', () => {
    const { sentences } = verdictOf(momentOf([waiting(`\u202e\x1b${'x'.repeat(4_000)}`, 0.4)]))
    expect(sentences[0]).toMatch(/^\\u202e\\x1bx+… gets/)
    expect(sentences[0]!.length).toBeLessThan(100)
  })
})

describe('the moments that a page keeps', () => {
  const moments = [0, 2, 4].map((index) => momentOf([waiting('a', 0)], index))

  it('are found by their time', () => {
    const at = (time: number) => momentAt(moments, time)?.tick.wallTime
    expect([-1, 0, 1_999, 2_000, 9_999].map(at)).toEqual([0, 0, 0, 2_000, 4_000])
    expect(momentAt([], 0)).toBeUndefined()
  })

  it('are the last ones', () => {
    const history = new History()
    for (let i = 0; i < 2_000; i++) history.push(moments[i % 3]!)
    expect(history.moments).toHaveLength(1_800)
  })
})

describe('the address of a page', () => {
  it('says what is looked at', () => {
    const place = { at: Date.UTC(2026, 10, 28, 23, 30), guest: 'a&b=c#d' }
    expect(placeIn(hashOf(place))).toEqual(place)
    expect(hashOf({ at: undefined, guest: undefined })).toBe('#')
    expect(placeIn('#at=never&x')).toEqual({ at: undefined, guest: undefined })
  })
})

describe('the map', () => {
  const host = (count: number, { threads = 2, cores = 8, cells = 1 } = {}) =>
    Array.from({ length: count }, (_, id) => ({
      id,
      socket: Math.floor((id * cells) / count),
      cell: Math.floor((id * cells) / count),
      cache: Math.floor(id / (threads * cores)),
      core: Math.floor(id / threads),
      capacity: 1,
    }))

  it.each([
    [2, 300],
    [4, 300],
    [64, 300],
    [64, 800],
    [512, 300],
    [512, 800],
    [512, 2_400],
  ])('has room for %i pCPUs in %i pixels, none over another', (count, width) => {
    const layout = layoutMap(host(count, { cells: count > 32 ? 4 : 1 }), width)
    expect(layout.pcpus).toHaveLength(count)
    const places = new Set(layout.pcpus.map(({ x, y }) => `${x} ${y}`))
    expect(places.size).toBe(count)
    for (const { x, y, width: w, height: h } of layout.pcpus) {
      expect(x).toBeGreaterThanOrEqual(0)
      expect(x + w).toBeLessThanOrEqual(width)
      expect(y + h).toBeLessThanOrEqual(layout.height)
    }
    for (const [i, a] of layout.pcpus.entries()) {
      const hits = layout.pcpus.filter(
        (b, j) =>
          j > i && a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height,
      )
      expect(hits).toEqual([])
    }
  })
})
