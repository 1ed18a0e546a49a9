/** No task, and no place. */
export const none = -1

/** Whole numbers that are kept of each pCPU's queue, side by side. */
export const countsSize = 8
/** Where they are. */
export const Count = {
  /** Runnable tasks; how many of them may run elsewhere too. */
  length: 0,
  movable: 1,
  /** The place of the first one. */
  first: 2,
  /** The place from which on it is known where the least from there on is. */
  known: 3,
  /** The one that had the last turn, and its place in the queue, or `none`. */
  turn: 4,
  turnAt: 5,
  /** Who ran last in the step before, or `none`. */
  running: 6,
} as const

/** Milliseconds that are kept of each pCPU's queue, side by side. */
export const timesSize = 4
/** Where they are. */
export const Time = {
  /** Of all virtual run times in it; NaN: not known. */
  sum: 0,
  /** The virtual run time that a task joins at. */
  least: 1,
  /** What is left of the slice of the one that runs. */
  sliceLeft: 2,
} as const
