import type { Command } from './keys.ts'
import type { HostModel } from './model/host-model.ts'

/** Which moment is looked at, and how one moves through time. */
export interface Transport {
  readonly model: HostModel
  /** What is looked at, and who tells of it. */
  readonly title: string
  /** The number of the Tick that is shown. */
  readonly position: number
  /** In words, for the first line. */
  readonly mode: string
  /** What the space bar does now, in a word or two. */
  readonly spaceDoes: string
  /** What is shown is not what is now. */
  readonly isBehind: boolean
  /** What is under way, or wrong; undefined: nothing. */
  readonly message: string | undefined
  /** Moves; keys that mean nothing here do nothing. */
  do(command: Command): void
  /** Goes to a moment, in milliseconds since the epoch, or as near as is known. */
  seek(wallTime: number): void
  /** Resolves when there is nothing more to be shown; rejects with what went wrong. */
  run(): Promise<void>
}
