import { setTimeout as sleep } from 'node:timers/promises'
import type { NativeFileLock } from '../../addon/native.ts'
import { isLocked, takeLockFile } from './lock-file.ts'
import type { LockOwner } from './owner.ts'
import { type LockPlaces, lockFiles } from './places.ts'

/** Milliseconds from one try to the next, and after which the one that starts is taken to stand still. */
const pause = 5
const patience = 2_000

/** The lock, or the file of the process that kept it to the end. */
export type StartLock = { readonly lock: NativeFileLock } | { readonly heldBy: string | undefined }

/**
 * Lets one controller of a host start at a time, whoever its user is: two that looked for each other's lock at the same
 * moment would both give way. No user can write the file of another, so each has one with `prefix`, and a lower user
 * number goes first: Burns' mutual exclusion with one bit each, by locks that the operating system releases.
 *
 * Burns, Lynch, "Mutual exclusion using indivisible reads and writes" (1980).
 */
export async function lockStart(
  places: LockPlaces,
  prefix: string,
  uri: string,
  owner: LockOwner,
): Promise<StartLock> {
  const until = performance.now() + patience
  const user = process.geteuid?.() ?? 0
  const lower = () => lockFiles(places, prefix).find((path) => userOf(path) < user && isLocked(path))
  const higher = () => lockFiles(places, prefix).find((path) => userOf(path) > user && isLocked(path))
  for (;;) {
    let heldBy = lower()
    const file = heldBy === undefined ? takeLockFile(places, prefix, uri, owner) : undefined
    if (file?.lock) {
      heldBy = lower()
      if (heldBy === undefined) {
        // From here on those that come later wait for this one.
        for (heldBy = higher(); heldBy && performance.now() < until; heldBy = higher()) await sleep(pause)
        if (heldBy === undefined) return { lock: file.lock }
      }
      file.lock.release()
    } else {
      heldBy ??= file?.path
    }
    if (performance.now() >= until) return { heldBy }
    await sleep(pause)
  }
}

function userOf(path: string): number {
  return Number(path.slice(path.lastIndexOf('.') + 1))
}
