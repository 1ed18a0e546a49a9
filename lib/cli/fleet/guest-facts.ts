import type { Tick } from '../../control/tick.ts'
import type { GuestFacts } from '../../fleet/report/host-facts.ts'
import type { MigrationReport } from '../../fleet/report/host-report.ts'
import type { GuestRequirement, MigrationHost } from '../../host/migration.ts'
import { isRunning, runOf } from '../../host/sample.ts'
import { sentenceOf } from '../../policy/reason.ts'
import type { DomainView } from '../../view/view.ts'

/** Milliseconds after which what a guest needs is read again: a device may have been plugged in. */
const requirementAge = 600_000
/** Milliseconds after which it is measured again how much a guest writes. */
const dirtyRateAge = 300_000

interface Known {
  readonly run: string
  requirement?: { readonly key: string; readonly immovable: readonly string[]; readonly at: number }
  dirtyRate?: number | undefined
  measuredAt: number
}

/**
 * What no Tick has of a host's guests, and a fleet has to know: asked of libvirt beside the loop, one call after the other,
 * so that a host that answers slowly is not asked more.
 */
export class GuestFactsKeeper {
  readonly #host: MigrationHost
  readonly #require: (requirement: GuestRequirement) => string
  readonly #now: () => number
  readonly #known = new Map<string, Known>()
  #domains: readonly DomainView[] = []
  #migrations: readonly MigrationReport[] = []
  #round: Promise<void> | undefined

  /** `require` makes a requirement known in the fleet, and gives its key; `now`: monotonic milliseconds. */
  constructor(host: MigrationHost, require: (requirement: GuestRequirement) => string, now: () => number) {
    this.#host = host
    this.#require = require
    this.#now = now
  }

  /** Takes in which guests there are, and asks what is not known of them, or not any more. */
  look({ view }: Pick<Tick, 'view'>): void {
    this.#domains = view.domains
    const present = new Set(view.domains.map(({ uuid }) => uuid))
    for (const uuid of this.#known.keys()) if (!present.has(uuid)) this.#known.delete(uuid)
    this.#round ??= this.#ask().finally(() => {
      this.#round = undefined
    })
  }

  /** By UUID, what is known now. */
  get guests(): ReadonlyMap<string, GuestFacts> {
    return new Map(this.#domains.map((domain) => [domain.uuid, this.#factsOf(domain)]))
  }

  /** Those under way: of those that were when libvirt was asked, the last look shows which have ended since. */
  get migrations(): readonly MigrationReport[] {
    const states = new Map(this.#domains.map(({ uuid, state }) => [uuid, state]))
    return this.#migrations.filter(({ guest, direction }) => {
      const state = states.get(guest)
      // One that has left is not here, and one that has come runs.
      return state !== undefined && !(direction === 'in' && isRunning(state))
    })
  }

  /** Resolves when no call is under way any more. */
  async idle(): Promise<void> {
    await this.#round
  }

  #factsOf({ uuid, settings, ...domain }: DomainView): GuestFacts {
    const { run, requirement, dirtyRate } = this.#known.get(uuid) ?? {}
    const { managed, reason, fleet = {} } = settings
    const isKnown = requirement && run === runKey(domain)
    return {
      requirement: isKnown ? requirement.key : undefined,
      stays: [
        ...(managed ? [] : [reason ? sentenceOf(reason) : 'it is not managed']),
        ...(fleet.moves === false ? ['its metadata says that no fleet moves it'] : []),
        ...(isKnown ? requirement.immovable : []),
      ],
      labels: fleet.labels ?? [],
      priority: fleet.priority,
      dirtyRate,
    }
  }

  async #ask(): Promise<void> {
    const running = this.#domains.filter(({ state }) => isRunning(state))
    for (const domain of running) await this.#askRequirement(domain)
    const migrations: MigrationReport[] = []
    // One that comes here does not run yet.
    for (const { uuid, name } of this.#domains) {
      const progress = await this.#host.migrationProgress(uuid).catch(() => undefined)
      if (progress === undefined) continue
      const { direction = 'out', elapsed, memoryRemaining } = progress
      migrations.push({ guest: uuid, name, direction, elapsed, memoryRemaining })
    }
    this.#migrations = migrations
    // Measuring slows a guest a little, and a migration more.
    if (migrations.length === 0) await this.#measure(running)
  }

  async #askRequirement(domain: DomainView): Promise<void> {
    const now = this.#now()
    const run = runKey(domain)
    const known = this.#known.get(domain.uuid)
    const isSame = known?.run === run
    if (isSame && known.requirement && now - known.requirement.at < requirementAge) return
    try {
      const requirement = await this.#host.requirement(domain.uuid)
      const asked = { key: this.#require(requirement), immovable: requirement.immovable, at: now }
      if (isSame) known.requirement = asked
      else this.#known.set(domain.uuid, { run, requirement: asked, measuredAt: Number.NEGATIVE_INFINITY })
    } catch {
      // It has ended, or libvirt is away: it is asked at the next look.
    }
  }

  /** The guest that was measured the longest ago, if that is long ago. */
  async #measure(running: readonly DomainView[]): Promise<void> {
    let oldest: { readonly uuid: string; readonly known: Known } | undefined
    for (const { uuid } of running) {
      const known = this.#known.get(uuid)
      if (known && !(oldest && oldest.known.measuredAt <= known.measuredAt)) oldest = { uuid, known }
    }
    const now = this.#now()
    if (!oldest || now - oldest.known.measuredAt < dirtyRateAge) return
    oldest.known.measuredAt = now
    oldest.known.dirtyRate = await this.#host.dirtyRate(oldest.uuid).catch(() => undefined)
  }
}

function runKey(domain: Parameters<typeof runOf>[0]): string {
  const { id, run } = runOf(domain)
  return `${id} ${run ?? ''}`
}
