import type { MigrationRequest, Migrator } from '../../../../lib/fleet/acting/migrator.ts'
import { type AgentEvent, type FleetAgent, runAgent } from '../../../../lib/fleet/agent/agent.ts'
import { MemoryBus } from '../../../../lib/fleet/bus/memory-bus.ts'
import type { Order, OrderEvent } from '../../../../lib/fleet/bus/order.ts'
import type { ReportBody } from '../../../../lib/fleet/report/host-facts.ts'
import { EventClock } from '../../../../lib/fleet/simulation/event-clock.ts'
import { BallastError } from '../../../../lib/host/errors.ts'
import type { GuestRequirement, MigrationProgress, MigrationResult } from '../../../../lib/host/migration.ts'

/** Migrations that end when the test says so. */
export class HeldMigrator implements Migrator {
  readonly requests: MigrationRequest[] = []
  readonly aborts: string[] = []
  /** Whether an abort ends a migration. */
  heedsAborts = true
  here = true
  underWay: MigrationProgress | undefined
  tellProgress: ((progress: MigrationProgress) => void) | undefined
  #finish: ((result: MigrationResult) => void) | undefined
  #fail: ((error: Error) => void) | undefined

  migrate(
    request: MigrationRequest,
    { signal, progress }: Parameters<Migrator['migrate']>[1],
  ): Promise<MigrationResult> {
    this.requests.push(request)
    this.tellProgress = progress
    return new Promise((resolve, reject) => {
      this.#finish = resolve
      this.#fail = reject
      const abort = () => {
        if (this.heedsAborts) reject(signal.reason)
      }
      signal.addEventListener('abort', abort, { once: true })
    })
  }

  finish(): void {
    this.here = false
    this.#finish?.({ elapsed: 2_000, downtime: 40 })
  }

  fail(code: 'ERR_MIGRATION' | 'ERR_MIGRATION_UNKNOWN'): void {
    this.#fail?.(new BallastError(code, 'no route to host'))
  }

  async runs(): Promise<boolean> {
    return this.here
  }

  async progress(): Promise<MigrationProgress | undefined> {
    return this.underWay
  }

  async abort(guest: string): Promise<void> {
    this.aborts.push(guest)
    this.underWay = undefined
  }
}

export const body: ReportBody = {
  host: 'host-a',
  name: 'a',
  wallTime: 0,
  interval: 10_000,
  software: { ballast: '0' },
  reach: { uri: 'test://a', bandwidth: 1e8 },
  cpu: { pcpus: 4, capacity: 4, background: 0 },
  memory: { total: 8e9, budget: 7e9, committed: 2e9 },
  dryRun: false,
  guests: [
    {
      id: 1,
      uuid: 'guest-1',
      name: 'web',
      running: true,
      cpu: { vcpus: 2 },
      memory: { maximum: 2e9, actual: 2e9, committed: 2e9 },
      stays: [],
      labels: [],
    },
  ],
  migrations: [],
}

export function migrateOrder(id: string, fence = 1): Order {
  const request = {
    guest: 'guest-1',
    run: { id: 1 },
    target: { host: 'host-b', reach: { uri: 'test://b', bandwidth: 1e8 } },
    deadline: 60_000,
  }
  return { id, fence, host: 'host-a', kind: 'migrate', request, tick: 0, by: 'balance' }
}

/** An agent on a bus in memory, and what it told. */
export function agentOn(options: {
  readonly bus?: MemoryBus
  readonly clock?: EventClock
  readonly migrator?: HeldMigrator
  readonly dryRun?: boolean
  readonly problemWith?: (requirement: GuestRequirement) => Promise<string | undefined>
}) {
  const { clock = new EventClock(), migrator = new HeldMigrator(), dryRun } = options
  const bus = options.bus ?? new MemoryBus(clock)
  const connection = bus.connect()
  const told: AgentEvent[] = []
  const agent: FleetAgent = runAgent({
    bus: connection,
    clock,
    host: 'host-a',
    migrator,
    dryRun,
    problemWith: options.problemWith ?? (async () => undefined),
    listener: (event) => told.push(event),
  })
  const events = (): OrderEvent[] => told.flatMap((one) => (one.kind === 'order' ? [one.event] : []))
  const pass = (milliseconds: number) => clock.sleepUntil(clock.now() + milliseconds)
  return { agent, bus, connection, clock, migrator, told, events, pass }
}
