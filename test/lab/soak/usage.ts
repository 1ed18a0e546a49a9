import { readdir, readlink } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** What this process holds. */
export interface Usage {
  /** Bytes. */
  readonly resident: number
  /** Without those of {@link placements}. */
  readonly handles: number
  /** Handles that tell where vCPUs run: one for each that may use several pCPUs, so as many as may at the moment. */
  readonly placements: number
  readonly threads: number
}

/** Milliseconds within which V8's own threads have given the pages back that a collection has emptied. */
const givingBack = 500

setFlagsFromString('--expose-gc')
const collect: unknown = runInNewContext('gc')

/**
 * What this process holds that it cannot do without: garbage is collected, and the pages that are left empty or half empty
 * are given back, which would otherwise be several MiB more or less from moment to moment.
 */
export async function usage(): Promise<Usage> {
  if (typeof collect !== 'function') throw new Error('Garbage cannot be collected')
  setFlagsFromString('--compact-on-every-full-gc')
  // More than once: what finalizers let go is taken by the next.
  for (let time = 0; time < 3; time++) {
    collect()
    await sleep(givingBack)
  }
  setFlagsFromString('--no-compact-on-every-full-gc')
  const resident = process.memoryUsage.rss()
  const files = await openFiles()
  const placements = files.filter((path) => /^\/proc\/\d+\/task\/\d+\/stat$/.test(path)).length
  return {
    resident,
    handles: files.length - placements,
    placements,
    threads: (await readdir('/proc/self/task')).length,
  }
}

/** What each handle of this process leads to. */
async function openFiles(): Promise<string[]> {
  const handles = '/proc/self/fd'
  // That of the look itself is gone when it is asked about.
  const paths = (await readdir(handles)).map((name) => readlink(`${handles}/${name}`).catch(() => undefined))
  return (await Promise.all(paths)).filter((path) => path !== undefined)
}
