import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Ground } from './ground.ts'

const root = new URL('../../../../', import.meta.url)

/** What a command ended with. */
export interface Ending {
  /** Null when a signal ended it. */
  readonly code: number | null
  readonly stderr: string
}

/** The command `ballast` on the lab's host, as a process of its own. */
export class Command {
  readonly pid: number
  readonly ended: Promise<Ending>
  /** Resolves when it has printed something, or has ended. */
  readonly begun: Promise<void>
  readonly #process: ChildProcess
  #changes = 0

  /** `program` is a file of this checkout that takes the same arguments, and `first` what it takes before them. */
  constructor(
    { lab, options }: Ground,
    args: readonly string[],
    program = 'lib/cli/main.ts',
    first: readonly string[] = [],
  ) {
    const [name = '', ...rest] = args
    // Without a policy: the command has to change nothing then, and whoever runs it to notice.
    const dry = options.off && /^(run|cpu|memory)$/.test(name) ? ['--dry-run'] : []
    const file = fileURLToPath(new URL(program, root))
    const words = ['--import', 'tsx', file, ...first, name, ...rest, '--connect', lab.uri, ...dry]
    this.#process = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.pid = this.#process.pid!
    const { stdout, stderr } = this.#process
    let said = ''
    stderr!.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    this.begun = new Promise((resolve) => {
      createInterface(stdout!)
        .on('line', (line) => {
          this.#changes += line.split('"status":"applied"').length - 1
          resolve()
        })
        .on('close', resolve)
    })
    this.ended = new Promise((resolve, reject) => {
      this.#process.on('error', reject)
      this.#process.on('close', (code) => resolve({ code, stderr: said.trim() }))
    })
  }

  /** Changes that its ticks told of so far; it has to print JSON. */
  get changes(): number {
    return this.#changes
  }

  /** Ends it at once, as a crash does. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.ended
  }

  /** Asks it to end. */
  async stop(): Promise<Ending> {
    this.#process.kill('SIGTERM')
    return this.ended
  }
}
