import { expect, it } from 'vitest'
import type { Subject } from './subject.ts'

const aMinute = 60_000

export function clockConformance(subject: () => Subject): void {
  it('has passed the time when a sleep is over, by both its clocks', async () => {
    const { clock } = subject().host
    const [now, wall] = [clock.now(), clock.wallTime()]
    await clock.sleepUntil(now + 150)
    expect(clock.now()).toBeGreaterThanOrEqual(now + 150)
    expect(clock.wallTime() - wall).toBeGreaterThanOrEqual(140)
  })

  it('does not sleep until what is over', async () => {
    const { clock } = subject().host
    await clock.sleepUntil(clock.now())
    await clock.sleepUntil(clock.now() - aMinute)
  })

  it('ends a sleep with the reason of the signal, at once', async () => {
    const { clock } = subject().host
    const reason = new Error('enough')
    const controller = new AbortController()
    const began = clock.now()
    const sleep = clock.sleepUntil(began + aMinute, controller.signal)
    controller.abort(reason)
    await expect(sleep).rejects.toBe(reason)
    await expect(clock.sleepUntil(began + aMinute, controller.signal)).rejects.toBe(reason)
    expect(clock.now()).toBeLessThan(began + aMinute)
  })

  it('wakes several sleepers in the order of their times', async () => {
    const { clock } = subject().host
    const now = clock.now()
    const woken: number[] = []
    const sleeper = async (after: number) => {
      await clock.sleepUntil(now + after)
      woken.push(after)
    }
    await Promise.all([sleeper(300), sleeper(100), sleeper(200)])
    expect(woken).toEqual([100, 200, 300])
  })
}
