import { readdir } from 'node:fs/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** What this process holds. */
export interface Usage {
  /** Bytes. */
  readonly resident: number
  readonly handles: number
  readonly threads: number
}

/** What this process holds that it cannot do without: garbage is collected first. */
export async function usage(): Promise<Usage> {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect !== 'function') throw new Error('Garbage cannot be collected')
  // Twice: what finalizers of the first let go is taken by the second.
  for (let time = 0; time < 2; time++) {
    collect()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return {
    resident: process.memoryUsage().rss,
    handles: (await readdir('/proc/self/fd')).length,
    threads: (await readdir('/proc/self/task')).length,
  }
}
