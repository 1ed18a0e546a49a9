/** How pauses grow from failure to failure. */
export interface Backoff {
  /** Milliseconds after the first failure. */
  readonly first: number
  /** Milliseconds at most. */
  readonly longest: number
  /** Each pause is this many times the one before. Default 2. */
  readonly growth?: number | undefined
}

/** Milliseconds to wait after this many failures in a row; 0 after none. */
export function backoff(failures: number, { first, longest, growth = 2 }: Backoff): number {
  return failures > 0 ? Math.min(longest, first * growth ** (failures - 1)) : 0
}
