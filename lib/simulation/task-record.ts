/** Numbers in the record of a task: 64 bytes, which is what a processor fetches at once. */
export const recordSize = 8
/** Where they are in it. Milliseconds of work to do now: while it is above 0 the task is runnable. */
export const left = 0
/** When more arrives, in virtual milliseconds. */
export const next = 1
/** Milliseconds that it has run. */
export const ran = 2
/** Milliseconds that it was runnable and did not run, and how many steps that has counted. */
export const waited = 3
export const settled = 4
/** Virtual run time. Queues have a copy of it for each of their tasks. */
export const vruntime = 5
/** Milliseconds of work that arrive each time. */
export const work = 6
/** How long a closed loop sleeps; until when an idle guest has pieces of the same size. */
export const sleep = 7
export const levelEnds = 7

/** Work still to do below which a piece is done: hides rounding, far below a microsecond. */
export const negligible = 1e-9

/** What is so of a task: bits. */
export const Is = {
  /** Runnable, and in the queue of its pCPU. */
  queued: 1,
  /** A quota holds it back: it has work, and is in no queue. */
  held: 2,
  /** Its domain is paused or stuck, or it was removed: it is not runnable then. */
  stopped: 4,
  /** It sleeps where it may not run any more. */
  displaced: 8,
  /** It may run on several pCPUs: its affinity is looked at only then. */
  movable: 16,
  /** It is under a quota. */
  limited: 32,
  /** Its weight is not the usual one. */
  weighted: 64,
  /** Something happens when all that it had to do is done. */
  ending: 128,
} as const

/**
 * `value` with 1 added `count` times, rounded as if one by one: a sum over one step after the other, taken at once. Only
 * where the sum passes a power of two can adding a whole number round, and no sum passes two of them by less than itself.
 */
export function plusOnes(value: number, count: number): number {
  if (value >= count) return value + count
  let sum = value
  for (let rest = count; rest > 0; ) {
    const whole = sum < 1 ? 1 : Math.min(rest, Math.floor(sum))
    sum += whole
    rest -= whole
  }
  return sum
}
