import { DomainState, isRunning } from '../../host/sample.ts'
import type { SkipReason } from '../../policy/reasons/skip.ts'
import type { DomainView, MemoryHold, View } from '../../view/view.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Skipped } from '../tick.ts'
import type { Skip } from '../verdict.ts'

const inactive: Partial<Record<DomainState, Skip>> = {
  [DomainState.paused]: unmanaged({ kind: 'paused' }),
  [DomainState.shutdown]: unmanaged({ kind: 'shutting-down' }),
  [DomainState.shutoff]: unmanaged({ kind: 'shut-off' }),
  [DomainState.crashed]: unmanaged({ kind: 'crashed' }),
  [DomainState.pmSuspended]: unmanaged({ kind: 'suspended' }),
}

const memorySkips: Record<Exclude<MemoryHold, 'memory is pinned'>, Skip> = {
  'not running': unmanaged({ kind: 'not-running' }),
  stuck: stale({ kind: 'stuck' }),
  failed: stale({ kind: 'unreadable-statistics' }),
  booting: unmanaged({ kind: 'booting' }),
  'no device': unmanaged({ kind: 'no-balloon' }),
  'no driver': unmanaged({ kind: 'no-balloon-driver' }),
  'no statistics period': unmanaged({ kind: 'no-statistics-period' }),
  'no statistics': unmanaged({ kind: 'no-statistics' }),
  'stale statistics': stale({ kind: 'stale-statistics' }),
  'contradictory statistics': stale({ kind: 'contradictory-statistics' }),
}

function unmanaged(reason: SkipReason): Skip {
  return { rule: 'unmanaged', reason }
}

function stale(reason: SkipReason): Skip {
  return { rule: 'stale-statistics', reason }
}

/** Why nothing in this domain is touched; undefined: some of it may be. */
export function domainSkip({ settings, state, memory }: DomainView): Skip | undefined {
  if (!settings.managed) return unmanaged(settings.reason ?? { kind: 'not-managed' })
  if (!isRunning(state)) return inactive[state] ?? memorySkips['not running']
  return memory.hold === 'stuck' ? memorySkips.stuck : undefined
}

/** Why the vCPUs of this domain are not pinned; undefined: they may be. */
export function vcpuSkip(domain: DomainView): Skip | undefined {
  return domainSkip(domain) ?? (domain.hasThreadOfAll ? unmanaged({ kind: 'one-vcpu-thread' }) : undefined)
}

/** What is known of a balloon that may be changed, in bytes. */
export interface BalloonLevels {
  readonly actual: number
  /** What the guest itself says it uses; page cache that it can drop is not use. */
  readonly used: number
}

function memorySkip(hold: MemoryHold, { memory: { pinned: by, hugePages } }: DomainView): Skip {
  if (hold !== 'memory is pinned') return memorySkips[hold]
  return unmanaged({
    kind: 'pinned-memory',
    by: by ?? 'unknown',
    ...(hugePages !== undefined && { hugePages }),
  })
}

/** Why the balloon of this domain is not changed; undefined: it may be. */
function balloonSkip(domain: DomainView): Skip | undefined {
  const { hold, actual, usable, unused, maximum = Number.POSITIVE_INFINITY } = domain.memory
  const skip = domainSkip(domain) ?? (hold && memorySkip(hold, domain))
  if (skip) return skip
  if (actual === undefined || (usable ?? unused) === undefined) return memorySkips['no statistics']
  const { memoryFloor = 0 } = domain.settings
  return memoryFloor > maximum ? unmanaged({ kind: 'floor-above-maximum', memoryFloor, maximum }) : undefined
}

/** This domain's levels; or why its balloon is not changed. */
export function balloonLevels(domain: DomainView): BalloonLevels | Skip {
  const skip = balloonSkip(domain)
  if (skip) return skip
  const { available = 0, usable, unused } = domain.memory
  const actual = domain.memory.actual!
  const spare = (usable ?? unused)!
  // The guest's report is older than `actual`: while its balloon shrinks, its own total says what the rest was part of.
  // What its kernel keeps is not in that total, and is use.
  const used = Math.max(actual, available) - spare
  return { actual, used: Math.max(used, domain.memory.need?.inUse ?? used) }
}

/** Every domain that is not touched, its vCPUs and its memory apart, whether a policy asked or not. */
export function skippedDomains(view: View, ledger: Ledger): Skipped[] {
  const skipped: Skipped[] = []
  for (const domain of view.domains) {
    const skip = vcpuSkip(domain)
    if (skip) skipped.push(skippedBy(skip, domain, 'vcpus'))
    else addSkippedVcpus(skipped, domain, ledger)
    const memorySkip = balloonSkip(domain)
    if (memorySkip) skipped.push(skippedBy(memorySkip, domain, 'memory'))
  }
  return skipped
}

function skippedBy({ rule, reason }: Skip, { uuid, name }: DomainView, what: Skipped['what']): Skipped {
  return { uuid, domain: name, what, rule, reason }
}

/** The vCPUs of a domain that are not moved, each with its reason. */
function addSkippedVcpus(skipped: Skipped[], domain: DomainView, ledger: Ledger): void {
  const external = ledger.externalAffinities(domain)
  for (const { vcpu, allowed } of domain.vcpus) {
    const cpus = external?.get(vcpu)
    if (cpus) {
      const reason = { kind: 'vcpu-pinned-externally', vcpu, cpus } as const
      skipped.push(skippedBy({ rule: 'external-change', reason }, domain, 'vcpus'))
    }
    if (allowed.isEmpty) {
      const reason = { kind: 'vcpu-nowhere-allowed', vcpu } as const
      skipped.push(skippedBy({ rule: 'allowed-cpus', reason }, domain, 'vcpus'))
    }
  }
}
