import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { realClock } from '../../../lib/libvirt/real-clock.ts'
import { MiB } from '../../../lib/util/units.ts'
import { until } from '../processes.ts'
import type { LabHost } from './fleet-lab.ts'
import { wrongClock } from './wrong-clock.ts'

export interface MemberOptions {
  /** What Node runs as `ballast`. */
  readonly program: string
  /** Address of NATS. */
  readonly server: string
  /** pCPUs that are not this host's. */
  readonly hostCpus: string
  /** Bytes that it keeps of the machine's memory. Default: what Ballast keeps of any host. */
  readonly memoryReserve?: number | undefined
  /** Seconds from one tick to the next. Default 1. */
  readonly interval?: number | undefined
  /** Seconds from one report to the next: three of them, and it is too old to act on. Default 2. */
  readonly fleetInterval?: number | undefined
  /** Per second, of one migration. Default `64MiB`. */
  readonly bandwidth?: string | undefined
  /** Lines of `fleet:` beside those that are the lab's. */
  readonly fleet?: readonly string[] | undefined
  /** By which other hosts reach it. Default: its URI. */
  readonly reach?: string | undefined
  /** What comes before its command, such as what enters a namespace. Default: nothing. */
  readonly within?: readonly string[] | undefined
  readonly log: (line: string) => void
}

/** `ballast run` of one host, as a process of its own: its controller, and its agent in the fleet. */
export class Member {
  readonly host: LabHost
  readonly #options: MemberOptions
  #process: ChildProcess | undefined
  #ended: Promise<number | null> = Promise.resolve(null)
  /** When each of its ticks was sampled, by the machine's monotonic clock. */
  readonly tickTimes: number[] = []
  #said = ''

  private constructor(host: LabHost, options: MemberOptions) {
    this.host = host
    this.#options = options
  }

  /** Resolves when its loop has begun. */
  static async start(host: LabHost, options: MemberOptions): Promise<Member> {
    const member = new Member(host, options)
    await member.restart()
    return member
  }

  get pid(): number {
    return this.#process!.pid!
  }

  /** What it said beside its ticks. */
  get said(): string {
    return this.#said
  }

  /** `wallTimeOff`: milliseconds by which the clock of the process is wrong. */
  async restart(wallTimeOff = 0): Promise<void> {
    const {
      program,
      server,
      hostCpus,
      memoryReserve,
      interval = 1,
      fleet = [],
      reach,
      fleetInterval = 2,
      bandwidth = '64MiB',
      within = [],
      log,
    } = this.#options
    const { host } = this
    const config = `${host.directory}/ballast.yaml`
    const own = [
      `servers: ${server}`,
      `migration-uri: '${reach ?? host.uri}'`,
      `interval: ${fleetInterval}`,
      `bandwidth: ${bandwidth}`,
      ...fleet,
    ]
    const lines = [`host-cpus: '${hostCpus}'`, `journal: ${host.directory}/journal`]
    if (memoryReserve !== undefined) lines.push(`host-memory-reserve: ${Math.round(memoryReserve / MiB)}MiB`)
    writeFileSync(config, [...lines, 'fleet:', ...own.map((line) => `  ${line}`), ''].join('\n'))
    const args = [program, 'run', String(interval), '--json', '--config', config, '--connect', host.uri]
    const [command = '', ...rest] = [...within, process.execPath, ...args]
    const child = spawn(command, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...wrongClock(wallTimeOff) },
    })
    this.#process = child
    const before = this.tickTimes.length
    createInterface(child.stdout!).on('line', (line) => {
      // Not when it is read here: this process may be late itself.
      this.tickTimes.push((JSON.parse(line) as { readonly time: number }).time)
    })
    createInterface(child.stderr!).on('line', (line) => {
      this.#said += `${line}\n`
      log(`${host.name}: ${line}`)
    })
    this.#ended = new Promise((resolve) => child.once('close', resolve))
    await until(`the loop of ${host.name} has begun`, 120_000, async () => {
      if (child.exitCode !== null) throw new Error(`ballast run ended with ${child.exitCode}: ${this.#said}`)
      return this.tickTimes.length > before
    })
  }

  async kill(): Promise<void> {
    this.#process!.kill('SIGKILL')
    await this.#ended
  }

  /** Asks it to end, and waits; its exit code. */
  async stop(): Promise<number | null> {
    this.#process!.kill('SIGTERM')
    return this.#ended
  }

  /** Milliseconds of the longest pause between two of its ticks since a time by the monotonic clock, and up to now. */
  longestPause(since: number): number {
    const times = [since, ...this.tickTimes.filter((time) => time >= since), realClock.now()]
    return Math.max(...times.slice(1).map((time, i) => time - times[i]!))
  }
}
