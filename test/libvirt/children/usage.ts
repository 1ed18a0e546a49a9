import { readdirSync } from 'node:fs'

/** What this process holds of the machine. */
export interface Usage {
  readonly rssKiB: number
  readonly threads: number
  readonly files: number
}

export function usage(): Usage {
  const gc = globalThis.gc
  if (!gc) throw new Error('run with --expose-gc')
  gc()
  gc()
  return {
    rssKiB: Math.round(process.memoryUsage.rss() / 1024),
    threads: readdirSync('/proc/self/task').length,
    files: readdirSync('/proc/self/fd').length,
  }
}
