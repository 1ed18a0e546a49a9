import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { FleetBus } from '../../../lib/fleet/bus/fleet-bus.ts'
import { natsBus } from '../../../lib/fleet/nats/nats-bus.ts'
import type { FleetTick } from '../../../lib/fleet/tick/fleet-tick.ts'
import { NatsServer } from '../../support/nats.ts'
import { ControlMeasurement } from '../control-measurement.ts'
import type { Guest } from '../guest.ts'
import { until } from '../processes.ts'
import { FleetLab, type LabHost } from './fleet-lab.ts'
import { Member, type MemberOptions } from './member.ts'
import { bundleProgram } from './program.ts'

/** What of a case's options a fleet's lab heeds. */
export interface StageOptions {
  readonly off: boolean
  readonly log: (line: string) => void
}

/**
 * Hosts side by side with a nats-server and a `ballast run` of each, for one case. All share the machine's two pCPUs, so each
 * host has one of them: the other is not its own (`host-cpus`), and what runs there is none of its load. A guest that comes
 * from the other host is pinned there still; the controller here pins it to its own.
 */
export class FleetStage implements AsyncDisposable {
  readonly lab: FleetLab
  /** What Node runs as `ballast`. */
  readonly program: string
  readonly nats: NatsServer
  readonly bus: FleetBus
  readonly control: ControlMeasurement
  readonly options: StageOptions
  readonly members = new Map<LabHost, Member>()

  private constructor(
    lab: FleetLab,
    program: string,
    nats: NatsServer,
    bus: FleetBus,
    control: ControlMeasurement,
    options: StageOptions,
  ) {
    this.lab = lab
    this.program = program
    this.nats = nats
    this.bus = bus
    this.control = control
    this.options = options
  }

  /** `natsHost`: the address that NATS listens on. */
  static async set(
    names: readonly string[],
    options: StageOptions,
    natsHost = '127.0.0.1',
  ): Promise<FleetStage> {
    const lab = await FleetLab.up(names, options.log)
    // Newest first: what is left open keeps the process, and with it the nats-server.
    const begun: AsyncDisposable[] = [{ [Symbol.asyncDispose]: () => lab.down() }]
    try {
      const program = await bundleProgram(`${lab.directory}/program`)
      const nats = await NatsServer.start({ host: natsHost })
      begun.unshift(nats)
      const bus = await natsBus({ servers: [nats.address] })
      begun.unshift(bus)
      const control = await ControlMeasurement.start(lab.hosts[0]!.uri)
      return new FleetStage(lab, program, nats, bus, control, options)
    } catch (error) {
      for (const one of begun) await one[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Starts the controller of a host, whose pCPU this is of the two. */
  async join(host: LabHost, pcpu: 0 | 1, options: Partial<MemberOptions> = {}): Promise<Member> {
    const { log, off } = this.options
    const fleet = [...(options.fleet ?? []), ...(off ? ['dry-run: true'] : [])]
    const server = this.nats.address
    const { program } = this
    const own = { program, server, hostCpus: `${1 - pcpu}`, log }
    const member = await Member.start(host, { ...own, ...options, fleet })
    this.members.set(host, member)
    return member
  }

  /** `ballast fleet …` as a person runs it; what it printed. */
  async ask(...words: readonly string[]): Promise<string> {
    const args = [this.program, 'fleet', ...words, '--servers', this.nats.address]
    const { stdout } = await promisify(execFile)(process.execPath, args)
    return stdout
  }

  /** Waits until each host that has joined has reported. */
  async allReport(): Promise<void> {
    await until('all hosts report', 120_000, async () => {
      const reports = await this.bus.reports()
      return [...this.members.keys()].every(({ uuid }) => reports.some(({ report }) => report.host === uuid))
    })
  }

  /** What the leaders did since the case began, oldest first; whatever their clocks said. */
  async history(): Promise<FleetTick[]> {
    const ticks: FleetTick[] = []
    for await (const tick of this.bus.history(0)) ticks.push(tick as FleetTick)
    return ticks
  }

  /** Waits for a tick of a leader that meets a condition; undefined: none came within `limit` ms. */
  async tickThat(meets: (tick: FleetTick) => boolean, limit: number): Promise<FleetTick | undefined> {
    const deadline = Date.now() + limit
    let known = 0
    for (;;) {
      const ticks = await this.history()
      for (const tick of ticks.slice(known)) this.options.log(`leader: ${tick.summary}`)
      const found = ticks.slice(known).find(meets)
      known = ticks.length
      if (found || Date.now() > deadline) return found
      await new Promise((resolve) => setTimeout(resolve, 1_000))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.members.values()].map((member) => member.stop()))
    await this.control[Symbol.asyncDispose]()
    await this.bus[Symbol.asyncDispose]()
    await this.nats[Symbol.asyncDispose]()
    await this.lab.down()
  }
}

/** What guests have done, and whether they were ever set back or stood still. */
export class Work {
  readonly #guests: readonly string[]
  readonly #lab: FleetLab
  readonly #ports = new Map<string, Guest>()
  readonly #last = new Map<string, { readonly worked: number; readonly clock: number }>()
  readonly broken: string[] = []

  constructor(lab: FleetLab, guests: readonly string[]) {
    this.#lab = lab
    this.#guests = guests
  }

  /** Looks at each guest: its count of work and its clock have to be beyond what they were. */
  async look(): Promise<void> {
    for (const name of this.#guests) {
      const { worked, clock, killed, oomKills } = await this.#stat(name)
      const before = this.#last.get(name)
      if (before && !(worked > before.worked)) {
        this.broken.push(`${name} has done nothing since the last look (${before.worked}, then ${worked})`)
      }
      if (before && !(clock > before.clock)) this.broken.push(`the clock of ${name} was set back`)
      if (killed + oomKills > 0) this.broken.push(`a program in ${name} was killed`)
      this.#last.set(name, { worked, clock })
    }
  }

  /**
   * A guest that has just moved ends the connection of who asked the host that it was on. Its port stays the same, so it is not
   * asked anew where it runs: that takes a tenth of a second of the pCPUs that the hosts have.
   */
  async #stat(name: string) {
    return until(`${name} answers`, 120_000, async () => {
      const guest: Guest | undefined =
        this.#ports.get(name) ?? (await this.#lab.guest(name).catch(() => undefined))
      if (guest) this.#ports.set(name, guest)
      return guest?.stat().catch(() => undefined)
    })
  }
}
