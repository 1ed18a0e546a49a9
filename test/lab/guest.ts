import { readdir, readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { identify, signal, until } from './processes.ts'
import { virsh } from './virsh.ts'

/** What a guest itself sees, in bytes. */
export interface GuestStat {
  readonly total: number
  readonly free: number
  readonly available: number
  readonly swapTotal: number
  readonly swapUsed: number
  /** What its memory program holds. */
  readonly held: number
  /** How often its memory program died without being told to. */
  readonly killed: number
  /** What the OOM killer of its kernel took. */
  readonly oomKills: number
  /** `idle`, `spin`, `loop` or `work`. */
  readonly load: string
  /** Milliseconds since it booted, by its own clock. */
  readonly clock: number
  /** Rounds of work that its loads have done since it booted. */
  readonly worked: number
}

/** What a vCPU's thread has done since it began, in nanoseconds. */
export interface VcpuTime {
  readonly run: number
  readonly delay: number
}

/** Generous: on an overloaded host a guest takes seconds to answer. */
const answerLimit = 60_000

let lastTag = Date.now() % 1e9

/** One running guest of a lab. */
export class Guest {
  /** As the lab knows it. */
  readonly name: string
  /** As libvirt knows it. */
  readonly domain: string
  /** Its QEMU. */
  readonly pid: number
  readonly #uri: string
  readonly #serial: string
  #busy: Promise<unknown> = Promise.resolve()

  constructor(identity: { name: string; domain: string; pid: number; uri: string; serial: string }) {
    this.name = identity.name
    this.domain = identity.domain
    this.pid = identity.pid
    this.#uri = identity.uri
    this.#serial = identity.serial
  }

  /** Gives the agent a command (they are listed in guest/agent.c) and returns what it answers after OK. */
  async send(command: string, limit = answerLimit): Promise<string> {
    // Its port serves one connection at a time.
    const answer = this.#busy.then(() => this.#ask(command, limit))
    this.#busy = answer.catch(() => undefined)
    return answer
  }

  async stat(): Promise<GuestStat> {
    const fields = new Map(
      (await this.send('stat')).split(' ').map((field) => field.split('=') as [string, string]),
    )
    const number = (name: string) => Number(fields.get(name))
    const bytes = (name: string) => number(name) * 1024
    return {
      total: bytes('total'),
      free: bytes('free'),
      available: bytes('available'),
      swapTotal: bytes('swapTotal'),
      swapUsed: bytes('swapUsed'),
      held: bytes('held'),
      killed: number('killed'),
      oomKills: number('oomKills'),
      load: fields.get('load') ?? '',
      clock: number('clock') / 1e6,
      worked: number('worked'),
    }
  }

  /** Waits until it has booted. What is sent before that is lost, so it is asked again and again. */
  async ready(limit = 180_000): Promise<void> {
    await until(`${this.name} has booted`, limit, async () => {
      if ((await identify(this.pid)) === undefined) throw new Error(`${this.name} ended while it booted`)
      return this.send('stat', 500).catch(() => undefined)
    })
  }

  /** What each of its vCPUs has run and waited, from the threads' `schedstat`. */
  async vcpuTimes(): Promise<VcpuTime[]> {
    const times: VcpuTime[] = []
    for (const thread of await readdir(`/proc/${this.pid}/task`)) {
      const path = `/proc/${this.pid}/task/${thread}`
      const vcpu = /^CPU (\d+)\//.exec(await readFile(`${path}/comm`, 'utf8'))?.[1]
      if (vcpu === undefined) continue
      const [run, delay] = (await readFile(`${path}/schedstat`, 'utf8')).split(' ').map(Number)
      times[Number(vcpu)] = { run: run!, delay: delay! }
    }
    return times
  }

  /**
   * Rounds of the agent's work that take its vCPU one millisecond, by the host's count. Of several bursts
   * the quickest counts, since whatever else the machine does can only make them slower.
   */
  async measureRate(): Promise<number> {
    const rounds = 20e6
    const least = async (command: string) => {
      let shortest = Number.POSITIVE_INFINITY
      for (let burst = 0; burst < 5; burst++) {
        const [before] = await this.vcpuTimes()
        await this.send(command)
        const [after] = await this.vcpuTimes()
        shortest = Math.min(shortest, after!.run - before!.run)
      }
      return shortest
    }
    // Taking and answering a command costs something too.
    return Math.round((rounds / ((await least(`burn ${rounds}`)) - (await least('burn 1')))) * 1e6)
  }

  /** Pins a vCPU, live, to a CPU list. */
  async pin(cpus: string, vcpu = 0): Promise<void> {
    await virsh(this.#uri, 'vcpupin', this.domain, `${vcpu}`, cpus, '--live')
  }

  /** Pins its QEMU's own thread, which tends its timers and devices, live, to a CPU list. */
  async pinEmulator(cpus: string): Promise<void> {
    await virsh(this.#uri, 'emulatorpin', this.domain, cpus, '--live')
  }

  /** Puts each of its vCPUs under a quota, live; undefined: none. Microseconds. Needs cgroups: `qemu:///system`. */
  async limit(quota: { readonly quota: number; readonly period: number } | undefined): Promise<void> {
    const values = quota ? [`vcpu_period=${quota.period}`, `vcpu_quota=${quota.quota}`] : ['vcpu_quota=-1']
    await virsh(this.#uri, 'schedinfo', this.domain, '--live', ...values)
  }

  /** Stops or continues its QEMU: while stopped it answers no monitor, as a hung one does. */
  freeze(frozen: boolean): void {
    signal(this.pid, frozen ? 'SIGSTOP' : 'SIGCONT')
  }

  /** Has it boot anew. Resolves when it has been told to. */
  async reboot(): Promise<void> {
    await this.send('reboot', 1_000).catch(() => undefined)
  }

  /** Ends it, as pulling the plug does. */
  async destroy(): Promise<void> {
    await virsh(this.#uri, 'destroy', this.domain)
  }

  #ask(command: string, limit: number): Promise<string> {
    const tag = `${++lastTag}`
    return new Promise((resolve, reject) => {
      const socket = connect(this.#serial)
      const timer = setTimeout(() => fail(`no answer within ${limit / 1000} s`), limit)
      const end = () => {
        clearTimeout(timer)
        socket.destroy()
      }
      const fail = (why: string) => {
        end()
        reject(new Error(`${this.name}: ${command}: ${why}`))
      }
      let text = ''
      socket.setEncoding('latin1')
      socket.on('error', (error) => fail(error.message))
      socket.on('close', () => fail('the guest ended'))
      socket.on('connect', () => socket.write(`\n${tag} ${command}\n`))
      socket.on('data', (data) => {
        text += data
        const [, verdict, answer = ''] =
          new RegExp(`^(OK|ERR) ${tag}(?: ([^\\r\\n]*))?\\r?\\n`, 'm').exec(text) ?? []
        if (verdict === 'ERR') fail(answer)
        if (verdict !== 'OK') return
        end()
        resolve(answer)
      })
    })
  }
}
