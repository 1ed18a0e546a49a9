import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { basename, dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { BallastError } from '../host/errors.ts'

/** Milliseconds that somebody else may take: writing a large journal anew takes far less, even on a slow disk. */
const patience = 5_000
const pause = 5

/**
 * Does `work` while nobody else on this machine (of any user, in the same network namespace) does theirs on the
 * journal at `path`, whose directory has to be there. Like the one of a host (`holder.ts`), the lock is a socket that is no file:
 * the kernel takes it back when the process ends, so it is never stale. Rejects with `ERR_JOURNAL` when
 * somebody else has it for too long, and as `work` does.
 */
export async function withJournalLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const socket = await lockOf(path)
  const end = performance.now() + patience
  let server = await listen(socket)
  while (!server) {
    if (performance.now() > end) {
      throw new BallastError(
        'ERR_JOURNAL',
        `Another process has been writing to the journal ${path} for ${patience / 1_000} s: nothing was changed; see whether it hangs, or give another path`,
      )
    }
    await sleep(pause)
    server = await listen(socket)
  }
  try {
    return await work()
  } finally {
    await close(server)
  }
}

/** The same name for every path that leads to the file, before it is there and after another has taken its place. */
async function lockOf(path: string): Promise<string> {
  const { dev, ino } = await stat(dirname(path))
  const digest = createHash('sha256')
    .update(`${dev} ${ino} ${basename(path)}`)
    .digest('hex')
    .slice(0, 24)
  return `\0ballast-1-${digest}-journal`
}

/** The server that owns `socket`; undefined when another has it. */
async function listen(socket: string): Promise<Server | undefined> {
  const server = createServer((connection) => connection.destroy())
  const listening = once(server, 'listening')
  server.listen({ path: socket, exclusive: true })
  try {
    await listening
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return undefined
    throw error
  }
  return server
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  await closed
}
