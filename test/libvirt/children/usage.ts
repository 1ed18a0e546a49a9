import { readdirSync, readFileSync } from 'node:fs'

/** What this process holds of the machine. */
export interface Usage {
  /**
   * Memory of its own. Pages of files are none: those of Node's own code come when it first runs, 5 MiB of its optimizing
   * compiler after some 2,000 calls (Node 24 and 26).
   */
  readonly memoryKiB: number
  readonly threads: number
  readonly files: number
}

export function usage(): Usage {
  const gc = globalThis.gc
  if (!gc) throw new Error('run with --expose-gc')
  gc()
  gc()
  return {
    memoryKiB: Number(/^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]),
    threads: readdirSync('/proc/self/task').length,
    files: readdirSync('/proc/self/fd').length,
  }
}
