import { setTimeout as sleep } from 'node:timers/promises'
import { loadNative } from '../../addon/load-native.ts'
import type { NativeFileLock } from '../../addon/native.ts'
import { BallastError } from '../../host/errors.ts'

/** Milliseconds between two attempts. */
const pause = 5
/** Attempts before giving up, 5 s at least: rewriting a large journal takes far less, even on a slow disk. */
const mostAttempts = 1_000

/** Path of the file that is locked, beside the journal: the journal itself is replaced when it is rewritten. */
export function lockPathOf(journal: string): string {
  return `${journal}.lock`
}

/**
 * Does `work` while no other process works on the journal at `path`, whose directory has to exist. The operating system
 * releases the lock when this process ends. Rejects with `ERR_JOURNAL` when another process has it for too long, with
 * `ERR_ADDON_MISSING`, with the error of the file system, and as `work` does.
 */
export async function withJournalLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const lock = await acquire(path)
  try {
    return await work()
  } finally {
    lock.release()
  }
}

async function acquire(path: string): Promise<NativeFileLock> {
  const native = loadNative()
  // Attempts are counted, not the time: a process that was stopped meanwhile has not waited.
  for (let attempt = 1; attempt <= mostAttempts; attempt++) {
    const lock = native.lockFile(lockPathOf(path))
    if (lock) return lock
    await sleep(pause)
  }
  const seconds = (mostAttempts * pause) / 1_000
  throw new BallastError(
    'ERR_JOURNAL',
    `Another process has been writing to the journal ${path} for ${seconds} s: check whether it hangs, or give another path`,
  )
}
