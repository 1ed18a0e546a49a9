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

const memorySkips: Record<MemoryHold, Skip> = {
  'not running': unmanaged({ kind: 'not-running' }),
  stuck: stale({ kind: 'stuck' }),
  failed: stale({ kind: 'unreadable-statistics' }),
  booting: unmanaged({ kind: 'booting' }),
  'no device': unmanaged({ kind: 'no-balloon' }),
  'no driver': unmanaged({ kind: 'no-balloon-driver' }),
  'memory is pinned': unmanaged({ kind: 'pinned-memory' }),
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

/** Why nothing in this domain is touched, its vCPUs for one; undefined: they may be pinned. */
export function domainSkip({ settings, state, memory }: DomainView): Skip | undefined {
  const { managed, reason = { kind: 'not-managed' } } = settings
  if (!managed) return unmanaged(reason)
  if (!isRunning(state)) return inactive[state] ?? memorySkips['not running']
  return memory.hold === 'stuck' ? memorySkips.stuck : undefined
}

/** What is known of a balloon that may be changed, in bytes. */
export interface BalloonLevels {
  readonly actual: number
  /** What the guest itself says it uses; page cache that it can drop is not use. */
  readonly used: number
}

/** This domain's levels; or why its balloon is not changed. */
export function balloonLevels(domain: DomainView): BalloonLevels | Skip {
  const { hold, actual, available = 0, usable, unused, maximum = Number.POSITIVE_INFINITY } = domain.memory
  const skip = domainSkip(domain) ?? (hold && memorySkips[hold])
  if (skip) return skip
  const spare = usable ?? unused
  if (actual === undefined || spare === undefined) return memorySkips['no statistics']
  const { memoryFloor = 0 } = domain.settings
  if (memoryFloor > maximum) {
    return unmanaged({ kind: 'floor-above-maximum', memoryFloor, maximum })
  }
  // The guest's report is older than `actual`: while its balloon shrinks, its own total says what the rest was part of.
  // What its kernel keeps is not in that total, and is use.
  const used = Math.max(actual, available) - spare
  return { actual, used: Math.max(used, domain.memory.need?.inUse ?? used) }
}

/** Every domain that is not touched, its vCPUs and its memory apart, whether a policy asked or not. */
export function skippedDomains(view: View, ledger: Ledger): Skipped[] {
  const skipped: Skipped[] = []
  for (const domain of view.domains) {
    const { uuid, name } = domain
    const add = (what: Skipped['what'], { rule, reason }: Skip) => {
      skipped.push({ uuid, domain: name, what, rule, reason })
    }
    const skip = domainSkip(domain)
    if (skip) add('vcpus', skip)
    else for (const one of skippedVcpus(domain, ledger)) add('vcpus', one)
    const levels = balloonLevels(domain)
    if ('reason' in levels) add('memory', levels)
  }
  return skipped
}

/** The vCPUs of a domain that are not moved, each with its reason. */
function* skippedVcpus({ vcpus }: DomainView, ledger: Ledger): Iterable<Skip> {
  for (const vcpu of vcpus) {
    const cpus = ledger.externalAffinity(vcpu)
    if (cpus) {
      yield { rule: 'external-change', reason: { kind: 'vcpu-pinned-externally', vcpu: vcpu.vcpu, cpus } }
    }
    if (vcpu.allowed.isEmpty) {
      yield { rule: 'allowed-cpus', reason: { kind: 'vcpu-nowhere-allowed', vcpu: vcpu.vcpu } }
    }
  }
}
