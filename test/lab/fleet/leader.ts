import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { until } from '../processes.ts'
import { wrongClock } from './wrong-clock.ts'

/** `ballast fleet run` as a process of its own: it leads, or waits until nobody else does. */
export class Leader {
  readonly #process: ChildProcess
  readonly #ended: Promise<unknown>
  #rounds = 0

  private constructor(child: ChildProcess, log: (line: string) => void) {
    this.#process = child
    this.#ended = new Promise((resolve) => child.once('close', resolve))
    createInterface(child.stdout!).on('line', () => this.#rounds++)
    createInterface(child.stderr!).on('line', (line) => log(`leader ${child.pid}: ${line}`))
  }

  /** `config` is a file with `fleet:`; `wallTimeOff`: milliseconds by which its clock is wrong. */
  static start(program: string, config: string, log: (line: string) => void, wallTimeOff = 0): Leader {
    const args = [program, 'fleet', 'run', '2', '--json', '--config', config]
    const env = { ...process.env, ...wrongClock(wallTimeOff) }
    return new Leader(spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env }), log)
  }

  /** Rounds that it has led. */
  get rounds(): number {
    return this.#rounds
  }

  async leads(): Promise<void> {
    const before = this.#rounds
    await until('it leads', 120_000, async () => this.#rounds > before)
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#ended
  }
}
