/** What missing memory did to one guest, or to all guests of a host: totals since the start. */
export interface Toll {
  /** Milliseconds that programs waited for memory, or were gone for want of it. */
  readonly stalled: number
  /** Bytes. */
  readonly swappedIn: number
  readonly swappedOut: number
  /** Programs that a guest's OOM killer ended. */
  readonly programsKilled: number
  /** Bytes that balloons moved, up and down. */
  readonly moved: number
  /** Pieces of files that programs read. */
  readonly diskReads: number
}

export const noToll: Toll = {
  stalled: 0,
  swappedIn: 0,
  swappedOut: 0,
  programsKilled: 0,
  moved: 0,
  diskReads: 0,
}

export function addTolls(a: Toll, b: Toll): Toll {
  return {
    stalled: a.stalled + b.stalled,
    swappedIn: a.swappedIn + b.swappedIn,
    swappedOut: a.swappedOut + b.swappedOut,
    programsKilled: a.programsKilled + b.programsKilled,
    moved: a.moved + b.moved,
    diskReads: a.diskReads + b.diskReads,
  }
}
