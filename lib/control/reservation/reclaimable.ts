import { sentenceOf } from '../../policy/reason.ts'
import { counted, formatBytes } from '../../util/format.ts'
import { printable } from '../../util/printable.ts'
import { commitment } from '../../view/memory/commitment.ts'
import { hugePageBytes } from '../../view/memory/host-memory.ts'
import type { DomainView, MemoryHold, View } from '../../view/view.ts'
import { balloonLevels } from '../guard/eligibility.ts'
import { lowestSize, presentSize } from '../guard/memory.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { GuardLimits } from '../verdict.ts'

/** What guests could still give. */
export interface Reclaimable {
  /** Bytes that all together could give without harm: the guest floor and their settings let them. */
  readonly bytes: number
  /** Whether that will not be otherwise soon: no guest's memory is unknown for a reason that passes. */
  readonly isCertain: boolean
  /** Who holds how much and why, the largest first, for people. */
  readonly why: string
}

/** Reasons not to change a balloon that pass by themselves. */
const passing: ReadonlySet<MemoryHold> = new Set<MemoryHold>([
  'booting',
  'failed',
  'stuck',
  'no statistics period',
  'no statistics',
  'stale statistics',
  'contradictory statistics',
])

/** Domains that are named at most. */
const named = 5

/** What the guests in this View could still give, and why not more. */
export function reclaimable(view: View, limits: GuardLimits, ledger: Ledger): Reclaimable {
  const holders = view.domains
    .map((domain) => holderOf(domain, limits, ledger))
    .sort((a, b) => b.holds - a.holds)
  const rest = holders.slice(named)
  const pools = hugePageBytes(view.memory.hugePages)
  const others = rest.reduce((sum, { holds }) => sum + holds, 0)
  return {
    bytes: holders.reduce((sum, { gives }) => sum + gives, 0),
    isCertain: !view.domains.some(
      ({ settings, memory: { hold } }) => settings.managed && hold && passing.has(hold),
    ),
    why: [
      `${formatBytes(view.memory.reserve)} stay with the host`,
      ...(pools > 0 ? [`${formatBytes(pools)} are huge pages`] : []),
      ...holders.slice(0, named).map(({ words }) => printable(words)),
      ...(rest.length > 0 ? [`${counted(rest.length, 'other')} hold ${formatBytes(others)}`] : []),
    ].join('; '),
  }
}

interface Share {
  readonly holds: number
  readonly gives: number
  readonly words: string
}

function holderOf(domain: DomainView, limits: GuardLimits, ledger: Ledger): Share {
  const { name, memory } = domain
  const holds = commitment(domain, limits.domainOverhead)
  const held = `${name} holds ${formatBytes(holds)}`
  const levels = balloonLevels(domain)
  if ('reason' in levels) {
    return { holds, gives: 0, words: `${held} and is skipped: ${sentenceOf(levels.reason)}` }
  }
  if (memory.progress === 'refusing') {
    const asked = memory.target === undefined ? '' : `: asked for ${formatBytes(memory.target)}`
    return { holds, gives: 0, words: `${held} and does not give${asked}` }
  }
  const present = presentSize(domain, ledger)
  const gives = present - lowestSize(domain, levels.used, limits, present)
  const could = gives > 0 ? `could give ${formatBytes(gives)}` : 'can give none'
  return { holds, gives, words: `${held}, uses ${formatBytes(levels.used)} and ${could}` }
}
