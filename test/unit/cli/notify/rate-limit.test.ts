import { describe, expect, it } from 'vitest'
import { RateLimit } from '../../../../lib/cli/notify/rate-limit.ts'
import type { Notification } from '../../../../lib/report/notifications/notification.ts'

const minute = 60_000

function notification(more: Partial<Notification> = {}): Notification {
  return { event: 'guest-stuck', state: 'begun', wallTime: 0, uuid: 'a', text: 'x', figures: {}, ...more }
}

/** What goes out, as `state withheld`. */
function admitted(limit: RateLimit, now: number, ...notifications: Notification[]): string[] {
  return limit
    .admit(notifications, now)
    .map(({ notification: { state, uuid }, withheld }) => `${uuid} ${state} ${withheld}`)
}

const begun = notification()
const ended = notification({ state: 'ended' })

describe('the rate limit', () => {
  it('lets a beginning and its end through at once', () => {
    const limit = new RateLimit()
    expect(admitted(limit, 0, begun)).toEqual(['a begun 0'])
    expect(admitted(limit, 1_000, ended)).toEqual(['a ended 0'])
  })

  it('withholds what begins again and again, and tells at last how it is', () => {
    const limit = new RateLimit()
    admitted(limit, 0, begun)
    admitted(limit, 1_000, ended)
    expect(admitted(limit, 2_000, begun)).toEqual([])
    expect(admitted(limit, 3_000, ended)).toEqual([])
    expect(admitted(limit, 4_000, begun)).toEqual([])
    expect(admitted(limit, 10 * minute - 1)).toEqual([])
    expect(admitted(limit, 10 * minute)).toEqual(['a begun 2'])
    expect(admitted(limit, 10 * minute + 1, ended)).toEqual(['a ended 0'])
  })

  it('tells no end of what nobody knows of', () => {
    const limit = new RateLimit()
    admitted(limit, 0, begun)
    admitted(limit, 1_000, ended)
    admitted(limit, 2_000, begun)
    admitted(limit, 3_000, ended)
    expect(admitted(limit, 11 * minute)).toEqual([])
    expect(admitted(limit, 12 * minute, begun)).toEqual(['a begun 0'])
  })

  it('tells what happens again and again once in a while, with the last of it', () => {
    const limit = new RateLimit()
    const rollback = (text: string) => notification({ event: 'rollback', state: 'happened', text })
    expect(limit.admit([rollback('1')], 0)).toHaveLength(1)
    for (let i = 2; i <= 5; i++) expect(limit.admit([rollback(`${i}`)], i * 1_000)).toEqual([])
    expect(limit.admit([], 10 * minute)).toEqual([{ notification: rollback('5'), withheld: 3 }])
  })

  it('lets other guests and other events through', () => {
    const limit = new RateLimit()
    admitted(limit, 0, begun)
    expect(admitted(limit, 1, notification({ uuid: 'b' }))).toEqual(['b begun 0'])
    expect(admitted(limit, 2, notification({ event: 'rollback', state: 'happened' }))).toEqual([
      'a happened 0',
    ])
  })

  it('lets 30 through in 10 minutes, and the others when their time comes', () => {
    const limit = new RateLimit()
    const many = Array.from({ length: 50 }, (_, i) => notification({ uuid: `g${i}` }))
    expect(admitted(limit, 0, ...many)).toHaveLength(30)
    expect(admitted(limit, 5 * minute)).toEqual([])
    expect(admitted(limit, 10 * minute)).toHaveLength(20)
    expect(admitted(limit, 20 * minute)).toEqual([])
  })
})
