import { readFileSync } from 'node:fs'

const never = new Int32Array(new SharedArrayBuffer(4))

/**
 * Milliseconds of CPU time that the calling thread has used. What other programs, garbage collector threads and
 * compiler threads do is not in it, so it can be compared on a busy machine.
 *
 * Node.js 20 has no call for it. The kernel counts in `schedstat` up to the last time that the thread was switched out,
 * so it sleeps for a moment first.
 */
export function threadTime(): number {
  Atomics.wait(never, 0, 0, 0.05)
  const [nanoseconds] = readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')
  return Number(nanoseconds) / 1e6
}
