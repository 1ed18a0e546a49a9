import { hostname } from 'node:os'
import type { Journal } from '../../control/journal/journal.ts'
import type { Tick } from '../../control/tick.ts'
import { hostMigrator } from '../../fleet/acting/host-migrator.ts'
import { Originals } from '../../fleet/acting/originals.ts'
import { type AgentEvent, type FleetAgent, runAgent } from '../../fleet/agent/agent.ts'
import type { FleetBus } from '../../fleet/bus/fleet-bus.ts'
import { runLeader } from '../../fleet/loop/leader.ts'
import type { HostReport } from '../../fleet/report/host-report.ts'
import { hostReport } from '../../fleet/report/make-report.ts'
import { asBallastError } from '../../host/errors.ts'
import type { MigrationHost } from '../../host/migration.ts'
import { realClock } from '../../libvirt/real-clock.ts'
import type { FleetFigures } from '../../report/fleet-figures.ts'
import { type Backoff, backoff } from '../../util/backoff.ts'
import { hostOfUri } from '../../util/uri.ts'
import type { FleetConfig } from '../config/fleet-config.ts'
import type { CliContext } from '../context.ts'
import { version } from '../version.ts'
import { FigureCounts } from './figures.ts'
import { FleetLog } from './fleet-log.ts'
import { GuestFactsKeeper } from './guest-facts.ts'

/** Between attempts to reach a NATS that is not there. */
const pauses: Backoff = { first: 1_000, longest: 30_000 }

const software = { ballast: version() }

/** A host as a member of a fleet: it goes on by itself whatever happens to the others. */
export interface FleetMember extends AsyncDisposable {
  /** What is known of the fleet now. */
  readonly figures: FleetFigures
  /** Takes in what the host's loop has just done. */
  observe(tick: Tick): void
  /** The host's journal, with what came with guests from other hosts: for its loop. */
  readonly journal: Journal | undefined
}

/** What a host is to a fleet, beside its configuration. */
export interface MemberOptions {
  readonly fleet: FleetConfig
  /** libvirt's URI of the host, as we reach it. */
  readonly uri: string
  /** Closed with the member. */
  readonly migration: MigrationHost & AsyncDisposable
  /** The host's loop only watches. */
  readonly dryRun: boolean
  /** The host's, and how many pCPUs it can have; undefined: nothing is changed. */
  readonly journal: Journal | undefined
  readonly cpuCount: () => number
}

/**
 * Makes the host of a loop a member of its fleet until it is disposed of: an agent, and where it may one of those that lead.
 * Rejects when its hypervisor moves no guests. What NATS does is tried again and told once, and never rejects.
 */
export async function startMember(
  context: CliContext,
  options: Omit<MemberOptions, 'migration'>,
): Promise<FleetMember> {
  const open =
    context.migrationHost ?? (await import('../../libvirt/migration/migration-host.ts')).migrationHost
  return new Member(context, { ...options, migration: await open(options.uri) })
}

class Member implements FleetMember {
  readonly #options: MemberOptions
  readonly #log: FleetLog
  readonly #counts: FigureCounts
  readonly #ended = new AbortController()
  readonly #run: Promise<void>
  readonly #originals: Originals | undefined
  #taking: Promise<void> | undefined
  #agent: FleetAgent | undefined
  #facts: GuestFactsKeeper | undefined
  #domains: Tick['view']['domains'] = []
  #lastReport = Number.NEGATIVE_INFINITY

  constructor(context: CliContext, options: MemberOptions) {
    this.#options = options
    this.#log = new FleetLog(
      context,
      options.fleet,
      (uuid) => this.#domains.find((domain) => domain.uuid === uuid)?.name,
    )
    this.#counts = new FigureCounts(options.fleet.nats.fleet ?? 'default')
    const { journal, migration: host, cpuCount } = options
    if (journal) this.#originals = new Originals({ journal, host, cpuCount })
    this.#run = this.#member()
  }

  get journal(): Journal | undefined {
    return this.#originals?.journal
  }

  get figures(): FleetFigures {
    return this.#counts.figures
  }

  observe(tick: Tick): void {
    this.#take(tick)
    this.#domains = tick.view.domains
    const now = realClock.now()
    const { interval } = this.#options.fleet
    if (!this.#agent || !this.#facts || now - this.#lastReport < interval) return
    // On the grid of the interval, whatever the ticks' is.
    this.#lastReport = now - this.#lastReport < 2 * interval ? this.#lastReport + interval : now
    this.#facts.look(tick)
    const { guests, migrations } = this.#facts
    this.#agent.report(hostReport(tick, { ...this.#identity, guests, migrations }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort()
    await this.#run
    await this.#facts?.idle()
    await this.#taking
    await this.#options.migration[Symbol.asyncDispose]()
  }

  get #identity(): Pick<HostReport, 'host' | 'name' | 'interval' | 'software' | 'reach' | 'dryRun'> {
    const { fleet, uri, migration, dryRun } = this.#options
    return {
      host: migration.hostUuid,
      name: hostOfUri(uri) ?? hostname(),
      interval: fleet.interval,
      software,
      reach: fleet.reach,
      dryRun: fleet.dryRun || dryRun,
    }
  }

  /** What came with guests, so that it can be restored though the loop changes nothing of them. */
  #take({ view }: Tick): void {
    this.#taking ??= this.#originals
      ?.take(view.domains)
      .catch((error) => this.#log.failed(asBallastError(error)))
      .finally(() => {
        this.#taking = undefined
      })
  }

  /** From the first connection to the end. */
  async #member(): Promise<void> {
    const bus = await this.#connect()
    if (!bus) return
    await using _bus = bus
    const { migration, fleet } = this.#options
    const { host, name, dryRun } = this.#identity
    await using agent = runAgent({
      bus,
      clock: realClock,
      host,
      name,
      migrator: hostMigrator(migration, this.#originals),
      problemWith: (requirement) => migration.problemWith(requirement),
      dryRun,
      listener: (event) => this.#heard(event),
    })
    this.#facts = new GuestFactsKeeper(
      migration,
      (requirement) => agent.require(requirement),
      () => realClock.now(),
    )
    this.#agent = agent
    await (fleet.leads ? this.#lead(bus, agent) : this.#over())
    this.#agent = undefined
  }

  #heard(event: AgentEvent): void {
    this.#log.agent(event)
    if (event.kind === 'order') this.#counts.order(event.event)
    if (event.kind === 'leader') this.#counts.led = event.lease !== undefined
    if (event.kind !== 'bus') return
    this.#counts.led = undefined
    this.#counts.connected = event.state === 'connected'
    // Whoever does not reach the bus for long is not the leader any more.
    if (!this.#counts.connected) this.#counts.follows()
  }

  /** Leads whenever nobody else does. */
  async #lead(bus: FleetBus, holder: FleetAgent): Promise<void> {
    const { policy, rules, interval } = this.#options.fleet
    const { dryRun } = this.#identity
    const { signal } = this.#ended
    const ticks = runLeader({
      bus,
      clock: realClock,
      holder,
      interval,
      policy: policy.policy,
      rules,
      dryRun,
      signal,
      listener: (event) => {
        this.#log.leader(event)
        if (event.kind === 'following') this.#counts.follows(event.lease?.name ?? event.lease?.host)
      },
    })
    try {
      for await (const tick of ticks) {
        this.#counts.tick(tick)
        this.#log.tick(tick)
      }
    } catch (error) {
      // A fault of ours: the host goes on, and another leads.
      this.#log.failed(asBallastError(error))
      await this.#over()
    }
  }

  async #connect(): Promise<FleetBus | undefined> {
    const { signal } = this.#ended
    const { nats } = this.#options.fleet
    // Loaded where there is a fleet.
    const { natsBus } = await import('../../fleet/nats/nats-bus.ts')
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        const bus = await natsBus({ ...nats, host: this.#options.migration.hostUuid })
        this.#log.joined()
        this.#counts.connected = true
        return bus
      } catch (error) {
        this.#log.failed(asBallastError(error))
        await realClock.sleepUntil(realClock.now() + backoff(failures, pauses), signal).catch(() => {})
      }
    }
    return undefined
  }

  #over(): Promise<void> {
    const { signal } = this.#ended
    return new Promise((resolve) => {
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }
}
