import { isSameRun, type RunIdentity, runOf } from '../../host/sample.ts'
import { type Plan, setMemory } from '../../policy/plan.ts'
import type { RollbackReason } from '../../policy/reasons/rollback.ts'
import { type DomainIndex, domainsByUuid } from '../../view/domains-by-uuid.ts'
import { littleSwap, manyFaults } from '../../view/memory/events.ts'
import { reportSpacing } from '../../view/memory/report.ts'
import { negligible, requestedSize } from '../../view/memory/sizes.ts'
import type { SeenDomain } from '../../view/memory-glance.ts'
import type { MemoryEvents, View } from '../../view/view.ts'
import type { Quarantine } from '../ledger/quarantine.ts'
import type { Outcome, Rollback } from '../tick.ts'

/** Reports without harm, made at the new size, after which a shrink has turned out well. */
const enough = 3
/** What one balloon gave, and how its guest does since. Bytes and monotonic milliseconds. */
interface Shrink extends RunIdentity {
  /** When it was last asked to. */
  readonly time: number
  /** The last size that is not known to hurt, and the size that it was asked to have. */
  readonly from: number
  readonly to: number
  /** When the last report that counted was made, and how many in a row showed no harm. */
  reportedAt: number
  fine: number
  /** The harm that the last report showed. */
  harm: RollbackReason | undefined
}

/**
 * Follows each guest whose balloon was shrunk, whatever policy wanted it, until some reports at the new size have shown
 * no harm. One that swaps or faults before is given back what it had, and not brought near that size again for a while.
 */
export class ShrinkWatch {
  readonly #quarantine: Quarantine
  readonly #shrinks = new Map<string, Shrink>()

  constructor(quarantine: Quarantine) {
    this.#quarantine = quarantine
  }

  /** Takes in what each guest reports, as seen at `time`. */
  observe(domains: DomainIndex<SeenDomain>, time: number): void {
    for (const [uuid, shrink] of this.#shrinks) {
      const domain = domains.get(uuid)
      if (!domain || !isSameRun(shrink, domain)) this.#shrinks.delete(uuid)
      else this.#judge(shrink, domain, time)
    }
  }

  /** What is to be given back, where `plan` does not already give that guest something. */
  due(view: View, plan: Plan): Rollback[] {
    if (this.#shrinks.size === 0) return []
    return view.domains.flatMap((domain) => {
      const shrink = this.#shrinks.get(domain.uuid)
      const size = requestedSize(domain) ?? 0
      if (!shrink?.harm || size > shrink.from - negligible) return []
      const isGrown = plan.some(
        (action) => action.kind === 'setMemory' && action.uuid === domain.uuid && action.bytes > size,
      )
      if (isGrown) return []
      const bytes = Math.min(shrink.from, domain.memory.maximum ?? shrink.from)
      const reason = shrink.harm
      return [{ what: 'memory', plan: [setMemory(domain, bytes, reason)], reason }]
    })
  }

  /** After a tick in which `view` was seen. */
  acted({ domains, time }: View, outcomes: readonly Outcome[]): void {
    for (const { action, status } of outcomes) {
      if (action.kind !== 'setMemory' || status !== 'applied') continue
      const domain = domainsByUuid(domains).get(action.uuid)!
      const before = this.#shrinks.get(action.uuid)
      const size = requestedSize(domain) ?? 0
      if (action.bytes < size) {
        // As long as no report was fine at the size before, that is not one to go back to.
        const from = before && before.fine === 0 ? Math.max(before.from, size) : size
        const to = action.bytes
        const fresh = { reportedAt: Number.NEGATIVE_INFINITY, fine: 0, harm: undefined }
        this.#shrinks.set(action.uuid, { ...runOf(domain), time, from, to, ...fresh })
      } else if (before && action.bytes >= before.from - negligible) {
        this.#shrinks.delete(action.uuid)
      }
    }
  }

  #judge(shrink: Shrink, domain: SeenDomain, time: number): void {
    const { age, events, actual = 0 } = domain.memory
    if (age === undefined || !events) return
    const reportedAt = time - age
    if (reportedAt <= shrink.time || reportedAt < shrink.reportedAt + reportSpacing) return
    shrink.reportedAt = reportedAt
    const harm = harmIn(events, shrink.to)
    // What a shrink did is learned once.
    if (harm && !shrink.harm) {
      const hurt = Math.max(shrink.to, Math.min(actual, shrink.from))
      this.#quarantine.sizeHurt(domain, (hurt + shrink.from) / 2, time)
    }
    shrink.harm = harm
    if (harm) shrink.fine = 0
    else if (actual <= shrink.to + negligible && ++shrink.fine >= enough) this.#shrinks.delete(domain.uuid)
  }
}

/** What happened to a guest at this size that it could do better with more memory; undefined: nothing. */
function harmIn(events: MemoryEvents, size: number): RollbackReason | undefined {
  const { swappedOut, majorFaultsPerSecond: majorFaults, underPressure, oomKilled } = events
  if (oomKilled) return { kind: 'rollback-oom', size }
  if (underPressure && swappedOut > littleSwap) return { kind: 'rollback-swap', size, swappedOut }
  if (underPressure && majorFaults > manyFaults) return { kind: 'rollback-faults', size, majorFaults }
  return undefined
}
