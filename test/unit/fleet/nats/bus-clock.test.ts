import { describe, expect, it } from 'vitest'
import { BusClock } from '../../../../lib/fleet/nats/bus-clock.ts'

/** An hour after ours. */
const ahead = 3_600_000

describe('the clock of a bus', () => {
  it('tells ages by the clock of the server, whatever ours says', () => {
    let now = 0
    const clock = new BusClock(() => now)
    expect(clock.age(ahead)).toBe(0)
    // A message takes a while, and some take longer.
    for (const delay of [40, 3, 90]) {
      now += 1_000
      clock.observe(ahead + now - delay)
    }
    now += 500
    expect(clock.age(ahead + now - 500)).toBe(497)
    expect(clock.age(ahead + now + 500)).toBe(0)
  })

  it('follows a server whose clock was set', () => {
    let now = 0
    const clock = new BusClock(() => now)
    clock.observe(now + ahead)
    for (let i = 0; i < 30; i++) {
      now += 10_000
      clock.observe(now)
    }
    expect(clock.age(now - 5_000)).toBe(5_000)
  })
})
