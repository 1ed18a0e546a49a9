/** What a live migration is made of. Bytes, bytes per second. */
export interface PreCopy {
  readonly memory: number
  readonly bandwidth: number
  readonly dirtyRate: number
}

/** One time through what is left to send. */
export interface CopyRound {
  /** Milliseconds. */
  readonly duration: number
  readonly bytes: number
  /** Bytes that are left when it is over: what was written meanwhile. */
  readonly left: number
}

/** Milliseconds that a guest may be paused at the end, and that setting up takes. */
export const pauseLimit = 300
export const settingUp = 1_500

/**
 * The rounds of a pre-copy migration, without end where the guest writes faster than is sent: each sends what the one before
 * left, until the rest can be sent while the guest is paused.
 */
export function* copyRounds({
  memory,
  bandwidth,
  dirtyRate,
}: PreCopy): Generator<CopyRound, number, undefined> {
  let left = memory
  while (left > (bandwidth * pauseLimit) / 1_000) {
    const bytes = left
    const duration = (1_000 * bytes) / bandwidth
    left = Math.min(memory, (dirtyRate * duration) / 1_000)
    yield { duration, bytes, left }
  }
  return (1_000 * left) / bandwidth
}
