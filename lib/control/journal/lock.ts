import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { BallastError } from '../../host/errors.ts'
import { abstractSocket, disown, own } from '../abstract-socket.ts'

/** Milliseconds that somebody else may take: writing a large journal anew takes far less, even on a slow disk. */
const patience = 5_000
const pause = 5

/**
 * Does `work` while nobody else on this machine (of any user, in the same network namespace) does theirs on the
 * journal at `path`, whose directory has to be there. The lock is a socket, so it is never stale. Rejects with
 * `ERR_JOURNAL` when somebody else has it for too long, and as `work` does.
 */
export async function withJournalLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const socket = await lockOf(path)
  const tryIt = () => own(socket, (connection) => connection.destroy())
  const end = performance.now() + patience
  let server = await tryIt()
  while (!server) {
    if (performance.now() > end) {
      throw new BallastError(
        'ERR_JOURNAL',
        `Another process has been writing to the journal ${path} for ${patience / 1_000} s: see whether it hangs, or give another path`,
      )
    }
    await sleep(pause)
    server = await tryIt()
  }
  try {
    return await work()
  } finally {
    await disown(server)
  }
}

/** The same name for every path that leads to the file, before it is there and after another has taken its place. */
async function lockOf(path: string): Promise<string> {
  const { dev, ino } = await stat(dirname(path))
  return abstractSocket(`${dev} ${ino} ${basename(path)}`, 'journal')
}
