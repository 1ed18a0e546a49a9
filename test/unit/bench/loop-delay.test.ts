import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { loopDelayDuring } from '../../../bench/loop-delay.ts'

function hold(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

describe('loopDelayDuring', () => {
  it('sees work that holds the thread, of which there is one in 20 checks', async () => {
    const delay = await loopDelayDuring(200, async () => {
      hold(25)
      await sleep(20)
    })
    expect(delay.p99).toBeGreaterThanOrEqual(25)
    expect(delay.busyPerWork).toBeGreaterThanOrEqual(25)
    expect(delay.checks).toBeGreaterThanOrEqual(200)
  })
})
