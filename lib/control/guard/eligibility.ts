import { DomainState, isRunning } from '../../host/sample.ts'
import { formatBytes } from '../../util/format.ts'
import type { DomainView, MemoryHold, View } from '../../view/view.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Skipped } from '../tick.ts'
import type { SkipReason } from '../verdict.ts'

const inactive: Partial<Record<DomainState, string>> = {
  [DomainState.paused]: 'it is paused',
  [DomainState.shutdown]: 'it is shutting down',
  [DomainState.shutoff]: 'it is shut off',
  [DomainState.crashed]: 'it has crashed',
  [DomainState.pmSuspended]: 'it is suspended',
}

const memorySkipReasons: Record<MemoryHold, SkipReason> = {
  'not running': { rule: 'unmanaged', why: 'it is not running' },
  stuck: { rule: 'stale-statistics', why: 'stuck: it does not answer' },
  failed: { rule: 'stale-statistics', why: 'its memory statistics cannot be read' },
  booting: { rule: 'unmanaged', why: 'it has just started and not reported its memory yet' },
  'no device': { rule: 'unmanaged', why: 'it has no balloon device' },
  'no driver': { rule: 'unmanaged', why: 'no driver in the guest serves its balloon device' },
  'memory is pinned': {
    rule: 'unmanaged',
    why: 'its memory is pinned: huge pages, locked memory or a passed-through device',
  },
  migrating: { rule: 'unmanaged', why: 'it is migrating' },
  'no statistics': {
    rule: 'unmanaged',
    why: 'it reports no memory statistics: no balloon device, no balloon driver in the guest, or still booting',
  },
  'stale statistics': { rule: 'stale-statistics', why: 'its memory statistics are too old' },
  'contradictory statistics': {
    rule: 'stale-statistics',
    why: 'its memory statistics contradict each other',
  },
}

/** Why nothing in this domain is touched, its vCPUs for one; undefined: they may be pinned. */
export function domainSkipReason(domain: DomainView): SkipReason | undefined {
  const { managed, why = 'it is not to be managed' } = domain.settings
  if (!managed) return { rule: 'unmanaged', why }
  if (!isRunning(domain.state)) {
    return { rule: 'unmanaged', why: inactive[domain.state] ?? 'it is not running' }
  }
  if (domain.memory.hold === 'stuck') return memorySkipReasons.stuck
  return undefined
}

/** What is known of a balloon that may be changed, in bytes. */
export interface BalloonLevels {
  readonly actual: number
  /** What the guest itself says it uses; page cache that it can drop is not use. */
  readonly used: number
}

/** This domain's levels; or why its balloon is not changed. */
export function balloonLevels(domain: DomainView): BalloonLevels | SkipReason {
  const { hold, actual, available = 0, usable, unused, maximum = Number.POSITIVE_INFINITY } = domain.memory
  const why = domainSkipReason(domain) ?? (hold && memorySkipReasons[hold])
  if (why) return why
  const spare = usable ?? unused
  if (actual === undefined || spare === undefined) return memorySkipReasons['no statistics']
  const { memoryFloor = 0 } = domain.settings
  if (memoryFloor > maximum) {
    const sizes = `${formatBytes(memoryFloor)}, above its maximum, ${formatBytes(maximum)}`
    return { rule: 'unmanaged', why: `its settings contradict its definition: a memory floor of ${sizes}` }
  }
  // The guest's report is older than `actual`: while its balloon shrinks, its own total says what the rest was part of.
  // What its kernel keeps is not in that total, and is use.
  const used = Math.max(actual, available) - spare
  return { actual, used: Math.max(used, domain.memory.need?.inUse ?? used) }
}

/** Every domain that is not touched, once for its vCPUs and once for its memory, whether a policy asked or not. */
export function skippedDomains(view: View, ledger: Ledger): Skipped[] {
  return view.domains.flatMap((domain) => {
    const { uuid, name } = domain
    const levels = balloonLevels(domain)
    const vcpus = domainSkipReason(domain)?.why ?? skippedVcpus(domain, ledger)
    const left: Skipped[] = []
    if (vcpus) left.push({ uuid, domain: name, what: 'vcpus', why: vcpus })
    if ('why' in levels) left.push({ uuid, domain: name, what: 'memory', why: levels.why })
    return left
  })
}

/** Which vCPUs of a domain are left where they are, in words. */
function skippedVcpus(domain: DomainView, ledger: Ledger): string | undefined {
  const changed = domain.vcpus.flatMap((vcpu) => {
    const cpus = ledger.externalAffinity(vcpu)
    return cpus ? [`vCPU ${vcpu.vcpu} to ${cpus}`] : []
  })
  const nowhere = domain.vcpus.filter(({ allowed }) => allowed.isEmpty).map(({ vcpu }) => `vCPU ${vcpu}`)
  const reasons = [
    ...(changed.length > 0 ? [`someone else pinned ${changed.join(', ')}`] : []),
    ...(nowhere.length > 0 ? [`no pCPU is allowed for ${nowhere.join(', ')}`] : []),
  ]
  return reasons.length > 0 ? reasons.join('; ') : undefined
}
