import { readdir, readFile, readlink } from 'node:fs/promises'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** One run of one process: a pid alone may name another process later. */
export interface ProcessIdentity {
  readonly pid: number
  /** Clock ticks since boot at which it began. */
  readonly startTime: number
  readonly bootId: string
}

/** What a file holds, or undefined when it, or the process that it tells of, is gone or not ours to see. */
async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM')) return undefined
    throw error
  }
}

/** Whether an error of Node's has one of these codes. */
export function isCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

/** Which run of which process has this pid now; undefined: none. A zombie counts as none. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const stat = await readIfThere(`/proc/${pid}/stat`)
  // The name, in brackets, may itself hold brackets and blanks: count from the last one.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields === undefined || fields[0] === 'Z') return undefined
  const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8')
  return { pid, startTime: Number(fields[19]), bootId: bootId.trim() }
}

/** Whether that very run of the process still lives. */
export async function isAlive(process: ProcessIdentity): Promise<boolean> {
  const now = await identify(process.pid)
  return now !== undefined && now.startTime === process.startTime && now.bootId === process.bootId
}

/** A process that works for a lab. */
export interface LabProcess {
  readonly pid: number
  readonly command: readonly string[]
}

/**
 * The QEMUs and daemons that have a file of `directory` on their command line: those that a lab there
 * started, and nothing else, whatever became of their pid files.
 */
export async function processesIn(directory: string): Promise<LabProcess[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(
    pids.map(async (pid): Promise<LabProcess[]> => {
      const command = (await readIfThere(`/proc/${pid}/cmdline`))?.split('\0') ?? []
      if (!command.some((word) => word.includes(`${directory}/`))) return []
      const program = await readlink(`/proc/${pid}/exe`).catch(() => '')
      return /^(libvirtd|qemu-.*)$/.test(basename(program)) ? [{ pid: Number(pid), command }] : []
    }),
  )
  return found.flat()
}

/** Sends a signal; whether there was a process to send it to. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name)
  } catch (error) {
    if (isCode(error, 'ESRCH')) return false
    throw error
  }
}

/** Asks a process to end, insists after `patience` ms, and returns when it is gone. */
export async function endProcess(pid: number, patience = 10_000): Promise<void> {
  const run = await identify(pid)
  if (run === undefined) return
  signal(pid, 'SIGTERM')
  const insistAt = Date.now() + patience
  let insisted = false
  while (await isAlive(run)) {
    if (!insisted && Date.now() >= insistAt) insisted = signal(pid, 'SIGKILL')
    await sleep(20)
  }
}

/** Waits until `condition` gives something other than undefined or false; throws after `limit` ms. */
export async function until<T>(
  what: string,
  limit: number,
  condition: () => Promise<T | undefined | false>,
  pause = 50,
): Promise<T> {
  const deadline = Date.now() + limit
  for (;;) {
    const result = await condition()
    if (result !== undefined && result !== false) return result
    if (Date.now() > deadline) throw new Error(`Waited ${limit / 1000} s in vain until ${what}`)
    await sleep(pause)
  }
}
