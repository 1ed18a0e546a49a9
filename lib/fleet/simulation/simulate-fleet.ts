import type { Clock } from '../../host/host.ts'
import type { GuestRequirement } from '../../host/migration.ts'
import { type FleetAgent, runAgent } from '../agent/agent.ts'
import type { FleetBus } from '../bus/fleet-bus.ts'
import { MemoryBus } from '../bus/memory-bus.ts'
import type { FleetLoopOptions } from '../loop/fleet-loop.ts'
import { runLeader } from '../loop/leader.ts'
import { requirementKey } from '../report/requirement-key.ts'
import type { FleetTick } from '../tick/fleet-tick.ts'
import { EventClock } from './event-clock.ts'
import type { SimGuest, SimHost } from './hosts-and-guests.ts'
import { type MigrationRecord, Migrations } from './migrations.ts'
import { settingsAfter } from './operator.ts'
import type { FleetChange, FleetScenario } from './scenario.ts'
import { SimMigrator } from './sim-migrator.ts'
import { simReport } from './sim-report.ts'
import { World } from './world.ts'

/** Milliseconds into an interval at which leaders look: after all hosts have reported. */
const afterReports = 500

export interface SimulatedFleetOptions extends Omit<FleetLoopOptions, 'past'> {
  /** Intervals that are simulated. */
  readonly rounds: number
}

/** What really is in a simulated fleet at the beginning of an interval. */
export interface FleetTruth {
  readonly time: number
  /** By guest that runs: name, host, demand in pCPUs, part of the time that its worst-served vCPU waits. */
  readonly guests: readonly {
    readonly name: string
    readonly host: string
    readonly demand: number
    readonly delay: number
  }[]
  /** By host: demand by capacity, bytes that guests hold or are on their way with, and that they may. */
  readonly hosts: readonly {
    readonly name: string
    readonly load: number
    readonly committed: number
    readonly budget: number
  }[]
}

/** A fleet that was made from a scenario: it runs once. */
export interface SimulatedFleet {
  readonly bus: MemoryBus
  readonly clock: Clock
  /** Every migration that is over, whoever began it. */
  readonly migrations: readonly MigrationRecord[]
  /** The most bytes by which guests held more than a host's budget, at any moment. */
  readonly overfilled: number
  /** The same, only where and when a guest began to come, or came, by an order. */
  readonly overfilledByMove: number
  truth(): FleetTruth
  /** The ticks of whoever leads, in the order of time. */
  run(options: SimulatedFleetOptions): AsyncGenerator<FleetTick, void, undefined>
}

/**
 * Hosts with guests whose demand changes over time, agents and leaders on a bus in memory, and migrations that take time and
 * can fail, all at virtual time. The agents and leaders are those of a real fleet; the hosts are a fluid model, which
 * docs/fleet-simulation.md describes.
 */
export function simulateFleet(scenario: FleetScenario): SimulatedFleet {
  return new Fleet(scenario)
}

/** The processes of one host. */
interface Process {
  readonly agent: FleetAgent
  readonly connection: FleetBus & { cut(): void; mend(): void }
  readonly ended: AbortController
}

class Fleet implements SimulatedFleet {
  readonly bus: MemoryBus
  readonly clock = new EventClock()
  readonly #scenario: FleetScenario
  readonly #world: World
  readonly #migrations: Migrations
  readonly #interval: number
  readonly #processes = new Map<SimHost, Process>()
  /** By machine type. */
  readonly #keys = new Map<string, string>()
  #ticks: FleetTick[] = []
  #options: SimulatedFleetOptions | undefined
  #starts = 0

  constructor(scenario: FleetScenario) {
    this.#scenario = scenario
    this.#interval = scenario.interval ?? 10_000
    this.bus = new MemoryBus(this.clock, { reportAge: 3 * this.#interval, leaseAge: this.#interval })
    this.#world = new World(scenario, this.clock)
    this.#migrations = new Migrations(scenario, this.#world, this.clock)
    // A change that names what is not there is a mistake in the scenario, and said before anything runs.
    for (const change of scenario.changes ?? []) this.#check(change)
  }

  get migrations(): readonly MigrationRecord[] {
    return this.#migrations.records
  }

  get overfilled(): number {
    return Math.max(0, this.#world.overfilled)
  }

  get overfilledByMove(): number {
    return Math.max(0, this.#migrations.overfilledByMove)
  }

  truth(): FleetTruth {
    return {
      time: this.clock.now(),
      guests: this.#world.hosts.flatMap(({ scenario, guests }) =>
        guests.map(({ scenario: { name }, demand, delay }) => ({ name, host: scenario.name, demand, delay })),
      ),
      hosts: this.#world.hosts.map((host) => {
        const { name, pcpus, background = 0 } = host.scenario
        const demand = host.guests.reduce((sum, guest) => sum + guest.demand, 0)
        const load = demand / (pcpus - background)
        return { name, load, committed: this.#world.committed(host), budget: host.budget }
      }),
    }
  }

  async *run(options: SimulatedFleetOptions): AsyncGenerator<FleetTick, void, undefined> {
    this.#options = options
    for (const host of this.#world.hosts) this.#start(host)
    for (const change of this.#scenario.changes ?? []) {
      void this.clock.sleepUntil(change.at).then(() => this.#change(change))
    }
    try {
      for (let index = 0; index < options.rounds; index++) {
        await this.clock.sleepUntil(index * this.#interval)
        this.#world.advance(index)
        for (const [host, { agent }] of this.#processes) this.#report(host, agent)
        await this.clock.sleepUntil(index * this.#interval + 2 * afterReports)
        yield* this.#ticks.splice(0)
      }
    } finally {
      for (const { ended } of this.#processes.values()) ended.abort()
      this.clock.stop()
    }
  }

  #report(host: SimHost, agent: FleetAgent): void {
    const at = { time: this.clock.now(), wallTime: this.#clockOf(host).wallTime(), interval: this.#interval }
    agent.report(simReport(this.#world, host, at, (guest) => this.#keyOf(guest, agent)))
  }

  #keyOf({ scenario }: SimGuest, agent: FleetAgent): string {
    const machine = scenario.machine ?? 'pc'
    let key = this.#keys.get(machine)
    if (key === undefined) {
      key = requirementKey(requirementOf(machine))
      this.#keys.set(machine, key)
    }
    if (!this.bus.requirements.has(key)) agent.require(requirementOf(machine))
    return key
  }

  #start(host: SimHost): void {
    const clock = this.#clockOf(host)
    const connection = this.bus.connect()
    const instance = `process-${++this.#starts}`
    const { cannotRun = {}, mayLead = host === this.#world.hosts[0], dryRun } = host.scenario
    const ended = new AbortController()
    const agent = runAgent({
      bus: connection,
      clock,
      host: host.uuid,
      instance,
      migrator: new SimMigrator(this.#world, this.#migrations, host, clock, ended.signal),
      problemWith: async ({ machine }) => cannotRun[machine],
      dryRun,
    })
    this.#processes.set(host, { agent, connection, ended })
    if (mayLead) void this.#lead(host, connection, clock, instance, ended.signal)
  }

  async #lead(
    host: SimHost,
    bus: FleetBus,
    clock: Clock,
    instance: string,
    signal: AbortSignal,
  ): Promise<void> {
    const { rounds, ...options } = this.#options!
    const now = clock.now()
    const sinceInterval = now % this.#interval
    const wait =
      sinceInterval <= afterReports
        ? afterReports - sinceInterval
        : this.#interval + afterReports - sinceInterval
    await clock.sleepUntil(now + wait, signal).catch(() => {})
    const holder = { host: host.uuid, instance }
    const leaseAge = this.bus.leaseAge
    for await (const tick of runLeader({
      ...options,
      bus,
      clock,
      holder,
      interval: this.#interval,
      leaseAge,
      signal,
    })) {
      this.#ticks.push(tick)
    }
  }

  /** The fleet's clock, with the wall time that the host takes it for. */
  #clockOf({ scenario }: SimHost): Clock {
    const { clock } = this
    const { clockAhead = 0 } = scenario
    if (clockAhead === 0) return clock
    return {
      now: () => clock.now(),
      wallTime: () => clock.wallTime() + clockAhead,
      sleepUntil: (time, signal) => clock.sleepUntil(time, signal),
    }
  }

  #check(change: FleetChange): void {
    if ('guest' in change) this.#world.guest(change.guest)
    if ('host' in change && change.host !== undefined) this.#world.host(change.host)
    if ('to' in change) this.#world.host(change.to)
  }

  #change(change: FleetChange): void {
    const world = this.#world
    switch (change.kind) {
      case 'demand':
        world.guest(change.guest).source.change(change.demand)
        break
      case 'need':
        world.guest(change.guest).need = change.need
        break
      case 'start':
        world.start(world.guest(change.guest), world.host(change.host))
        break
      case 'stop':
        world.stop(world.guest(change.guest))
        break
      case 'trouble':
        world.guest(change.guest).trouble = change.with
        break
      case 'migrate':
        // A migration that fails is none of ours.
        this.#migrations
          .migrate(world.guest(change.guest), world.host(change.to), { isOrdered: false })
          .catch(() => {})
        break
      case 'kill':
        this.#kill(world.host(change.host))
        break
      case 'restart':
        this.#start(world.host(change.host))
        break
      case 'cut':
      case 'mend':
        this.#reach(change)
        break
      default:
        this.bus.settings = settingsAfter(change, this.bus.settings, world, this.clock.wallTime())
    }
  }

  /** As by SIGKILL: nothing of the process is heard any more, and what libvirt does for it goes on. */
  #kill(host: SimHost): void {
    const process = this.#processes.get(host)
    this.#processes.delete(host)
    process?.connection.cut()
    process?.ended.abort()
  }

  #reach({ kind, host }: { readonly kind: 'cut' | 'mend'; readonly host?: string | undefined }): void {
    const all =
      host === undefined ? [...this.#processes.values()] : [this.#processes.get(this.#world.host(host))]
    for (const process of all) process?.connection[kind]()
  }
}

function requirementOf(machine: string): GuestRequirement {
  return {
    architecture: 'x86_64',
    machine,
    cpu: undefined,
    storage: [],
    networks: [],
    hugePages: 0,
    immovable: [],
  }
}
