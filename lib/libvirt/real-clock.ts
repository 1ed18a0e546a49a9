import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../host/host.ts'

/** The machine's own clock: CLOCK_MONOTONIC, which the addon's samples are stamped with too. */
export const realClock: Clock = {
  now: () => Number(process.hrtime.bigint()) / 1e6,
  wallTime: () => Date.now(),
  async sleepUntil(time, signal) {
    signal?.throwIfAborted()
    try {
      // Timers are whole milliseconds and may fire a little early.
      for (let left = time - this.now(); left > 0; left = time - this.now()) {
        await sleep(Math.ceil(left), undefined, signal ? { signal } : {})
      }
    } catch (error) {
      signal?.throwIfAborted() // with the signal's own reason instead of a general AbortError
      throw error
    }
  },
}
