import { spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { MiB } from '../../lib/util/units.ts'
import { signal } from './processes.ts'

const file = '/proc/sys/vm/nr_hugepages'
const pageSize = 2 * MiB

/** Huge pages of 2 MiB on this machine, beside those that it has. Gone with this process, however that ends. */
export class HugePagePool implements AsyncDisposable {
  readonly #before: number
  readonly #watchdog: number | undefined

  private constructor(before: number, watchdog: number | undefined) {
    this.#before = before
    this.#watchdog = watchdog
  }

  /** Rejects where there is no right to make one, or no memory in one piece. */
  static async make(bytes: number): Promise<HugePagePool> {
    const before = await count()
    const wanted = before + Math.ceil(bytes / pageSize)
    const pool = new HugePagePool(before, startWatchdog(before))
    try {
      await writeFile(file, `${wanted}`)
      const got = await count()
      if (got < wanted) throw new Error(`The kernel found ${got} of ${wanted} huge pages`)
      return pool
    } catch (error) {
      await pool[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Gives the pages back; those that a guest still uses go with it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await writeFile(file, `${this.#before}`).catch(() => undefined)
    if (this.#watchdog !== undefined) signal(this.#watchdog, 'SIGKILL')
  }
}

async function count(): Promise<number> {
  return Number(await readFile(file, 'utf8'))
}

/** A shell that waits until our end of its pipe is closed, and only then gives the pages back. */
function startWatchdog(pages: number): number | undefined {
  const shell = spawn('sh', ['-c', `read -r _; echo ${pages} > ${file}`], {
    detached: true, // Ctrl-C is not for it
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  shell.unref()
  const { pid, stdin } = shell
  // Node types do not tell that this stream is a socket, which need not keep us alive.
  if ('unref' in stdin && typeof stdin.unref === 'function') stdin.unref()
  return pid
}
