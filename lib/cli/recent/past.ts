import type { Entry } from '../../recording/entries.ts'

/** What is known of a time: by a recording, or by a controller that runs. */
export interface Past {
  /** In their order. */
  readonly entries: AsyncIterable<Entry>
  /** What it lacks, and why it ends early, in words; grows while it is read. */
  readonly problems: readonly string[]
  /** Milliseconds since the epoch: nothing is known of what was before; undefined: the beginning is. */
  readonly since?: number | undefined
  /** Milliseconds since the epoch: of what was before, only changes and their results are known. */
  readonly wholeSince?: number | undefined
}
