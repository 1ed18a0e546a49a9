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

/** Counts of queues that are empty: that of pCPU `c` begins at place `c * room`. */
export function emptyCounts(cpuCount: number, room: number): Int32Array {
  const counts = new Int32Array(cpuCount * countsSize)
  for (let pcpu = 0; pcpu < cpuCount; pcpu++) {
    const q = pcpu * countsSize
    counts[q + Count.first] = pcpu * room
    counts[q + Count.known] = pcpu * room
    counts[q + Count.turn] = none
    counts[q + Count.turnAt] = none
    counts[q + Count.running] = none
  }
  return counts
}

/** Parts of so many places each, with as many free ones behind each. */
export function spread<Column extends Int32Array | Float64Array>(column: Column, room: number): Column {
  const wide = new (column.constructor as new (length: number) => Column)(2 * column.length)
  for (let from = 0; from < column.length; from += room)
    wide.set(column.subarray(from, from + room), 2 * from)
  return wide
}
