import { labUser, startPrivateDaemon } from './daemon.ts'
import { identify, isAlive, processesIn, signal, until } from './processes.ts'

/** The libvirtd of a private host: it can go away, stop and come back while its guests run on. */
export class PrivateDaemon {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Ends it; resolves when it is gone. */
  async end(how: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const run = await identify(await this.#pid())
    if (run === undefined) return
    signal(run.pid, how)
    await until('libvirtd is gone', 60_000, async () => !(await isAlive(run)), 10)
  }

  /** Starts it anew, with the same socket; resolves when it answers. */
  async start(): Promise<void> {
    const user = await labUser()
    if (user === undefined) throw new Error('There is no user that libvirtd could run as')
    await startPrivateDaemon(this.#directory, user)
  }

  /** Stops it where it stands, or lets it go on. */
  async freeze(frozen: boolean): Promise<void> {
    signal(await this.#pid(), frozen ? 'SIGSTOP' : 'SIGCONT')
  }

  async #pid(): Promise<number> {
    const daemons = (await processesIn(this.#directory)).filter(({ command }) =>
      command[0]?.endsWith('libvirtd'),
    )
    if (daemons.length !== 1) throw new Error(`${daemons.length} libvirtds run in this lab`)
    return daemons[0]!.pid
  }
}
