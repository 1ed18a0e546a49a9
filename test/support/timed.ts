import { setTimeout as sleep } from 'node:timers/promises'

/** Milliseconds between the timers of the control measurement. */
const pause = 25
/** Waits that what is timed is a chain of, each of which the machine may hold up as long as it did a timer. */
const waits = 4

/** How long something took, beside a control measurement in the same process. All in milliseconds. */
export interface Timed {
  readonly took: number
  /** How late a timer came at worst meanwhile. */
  readonly late: number
}

/** Times `work`, and how late timers come on this machine meanwhile. */
export async function timed(work: () => Promise<unknown>): Promise<Timed> {
  const began = performance.now()
  let [last, late] = [began, 0]
  const look = () => {
    const now = performance.now()
    late = Math.max(late, now - last - pause)
    last = now
  }
  const timer = setInterval(look, pause)
  try {
    await work()
  } finally {
    clearInterval(timer)
  }
  look()
  return { took: performance.now() - began, late }
}

/** `limit` milliseconds of a machine whose timers are in time, on one where they come so late. */
export function onThisMachine(limit: number, late: number): number {
  return limit + waits * late
}

/**
 * Times `work`, which is to end within `limit` milliseconds of its own timers, beside a bare timer of that length at the same
 * time: `most` is what it may take on this machine now.
 */
export async function timedBesideTimer(
  limit: number,
  work: () => Promise<unknown>,
): Promise<{ readonly took: number; readonly most: number }> {
  const [{ took, late }, timer] = await Promise.all([timed(work), timed(() => sleep(limit))])
  return { took, most: onThisMachine(timer.took, late) }
}
