import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { watching } from './watchdog-worker.ts'

/** What the thread that watches is given. */
interface WatchdogData {
  /** One 32-bit number, which changes for as long as the watched thread comes back to its event loop. */
  readonly heartbeats: SharedArrayBuffer
  /** Milliseconds without a change. */
  readonly limit: number
  /** What it says then. */
  readonly farewell: string
}

/**
 * Ends the process, by SIGABRT and with one line on stderr, once this thread has not come back to its event loop for `limit`
 * milliseconds: a policy that never returns cannot be stopped from within. All changes are made from this
 * thread, so nothing is changed meanwhile. Resolves when the watch stands; it lasts until it is disposed of.
 */
export async function endWhenHung(limit: number): Promise<Disposable> {
  const heartbeats = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
  const count = new Int32Array(heartbeats)
  const farewell =
    `ballast: hung for ${Math.round(limit / 1_000)} s, as by a policy that never returns: ended; ` +
    'guests stay as they are, "ballast restore" restores them\n'
  const workerData: WatchdogData = { heartbeats, limit, farewell }
  const worker = new Worker(watching, { eval: true, execArgv: [], workerData })
  await once(worker, 'message')
  worker.unref()
  const timer = setInterval(() => Atomics.add(count, 0, 1), Math.min(1_000, limit / 10)).unref()
  return {
    [Symbol.dispose]() {
      clearInterval(timer)
      void worker.terminate()
    },
  }
}
