import { carriedEntries, carriedText } from '../../control/journal/carried-originals.ts'
import type { Journal, JournalEntry } from '../../control/journal/journal.ts'
import { BallastError } from '../../host/errors.ts'
import type { MigrationHost } from '../../host/migration.ts'
import { type DomainIdentity, isSameRun, type RunIdentity, runOf } from '../../host/sample.ts'

export interface OriginalsOptions {
  /** This host's. */
  readonly journal: Journal
  readonly host: Pick<MigrationHost, 'carry' | 'carried'>
  /** How many pCPUs this host can have. */
  readonly cpuCount: () => number
}

/**
 * The journal's originals of guests that migrate: they go with the guest, in its metadata, so that they are on its new
 * host when it is, whatever becomes of the bus, and the new host's journal has them before its controller changes the guest.
 */
export class Originals {
  readonly #options: OriginalsOptions
  /** By UUID: the run whose text was looked at. */
  readonly #looked = new Map<string, RunIdentity>()

  constructor(options: OriginalsOptions) {
    this.#options = options
  }

  /** This host's journal for a controller: what came with a guest is in it before anything else of that guest is. */
  get journal(): Journal {
    const { journal } = this.#options
    return {
      record: async (entries, active) => {
        for (const domain of runsIn(entries)) await this.#take(domain)
        await journal.record(entries, active)
      },
      entries: () => journal.entries(),
    }
  }

  /**
   * Takes what came with guests that were not here before, so that they can be restored though nothing of them is changed
   * here. Rejects with `ERR_JOURNAL`, and takes the others all the same.
   */
  async take(domains: readonly DomainIdentity[]): Promise<void> {
    const present = new Set(domains.map(({ uuid }) => uuid))
    for (const uuid of this.#looked.keys()) if (!present.has(uuid)) this.#looked.delete(uuid)
    const arrived = domains.filter((domain) => !isSameRun(this.#looked.get(domain.uuid), domain))
    let failure: unknown
    for (const domain of arrived) {
      await this.#take(domain).catch((error) => {
        failure ??= error
      })
    }
    if (failure) throw failure
  }

  /** Has the originals of a guest go with it. */
  async send(guest: string, run: RunIdentity): Promise<void> {
    const { journal, host, cpuCount } = this.#options
    const entries = await journal.entries()
    const own = entries.filter((entry) => entry.uuid === guest && isSameRun(entry, run))
    await host.carry({ uuid: guest, id: run.id }, carriedText(own, cpuCount()))
  }

  /** The guest has stayed. */
  async keep(guest: string, run: RunIdentity): Promise<void> {
    await this.#options.host.carry({ uuid: guest, id: run.id }, undefined)
  }

  async #take(domain: DomainIdentity): Promise<void> {
    if (isSameRun(this.#looked.get(domain.uuid), domain)) return
    const { journal, host, cpuCount } = this.#options
    const text = await host.carried(domain.uuid).catch((cause: unknown) => {
      const why = cause instanceof Error ? cause.message : String(cause)
      const message = `Cannot read what came with domain ${JSON.stringify(domain.name)}: ${why}; nothing of it is changed`
      throw new BallastError('ERR_JOURNAL', message, { cause })
    })
    const entries = text === undefined ? undefined : carriedEntries(text, domain, cpuCount())
    if (entries) await journal.record(entries)
    this.#looked.set(domain.uuid, runOf(domain))
    // They are safe here: left there, they would go on to the next host beside newer ones.
    if (entries) await host.carry(domain, undefined).catch(() => undefined)
  }
}

/** The runs that entries are about, each once; KSM is of no domain. */
function runsIn(entries: readonly JournalEntry[]): readonly DomainIdentity[] {
  const runs = new Map<string, DomainIdentity>()
  for (const { kind, uuid, name, id, run } of entries) {
    if (kind !== 'ksm') runs.set(uuid, { uuid, name, id, run })
  }
  return [...runs.values()]
}
