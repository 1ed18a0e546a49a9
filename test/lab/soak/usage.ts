import { readdir } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** What this process holds. */
export interface Usage {
  /** Bytes. */
  readonly resident: number
  readonly handles: number
  readonly threads: number
}

/** Milliseconds within which V8's own threads have given the pages back that a collection has emptied. */
const givingBack = 500

setFlagsFromString('--expose-gc')
const collect: unknown = runInNewContext('gc')

/**
 * What this process holds that it cannot do without: garbage is collected, and what V8 has no more use for is given
 * back, which would otherwise be several MiB more or less from moment to moment.
 */
export async function usage(): Promise<Usage> {
  if (typeof collect !== 'function') throw new Error('Garbage cannot be collected')
  // More than once: what finalizers let go is taken by the next.
  for (let time = 0; time < 3; time++) {
    collect()
    await sleep(givingBack)
  }
  return {
    resident: process.memoryUsage.rss(),
    handles: (await readdir('/proc/self/fd')).length,
    threads: (await readdir('/proc/self/task')).length,
  }
}
