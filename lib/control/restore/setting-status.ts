import { CpuSet } from '../../host/cpuset.ts'
import type { DomainIdentity } from '../../host/sample.ts'
import type { DomainView, VcpuView, View } from '../../view/view.ts'
import { guestMargin } from '../defaults.ts'
import { balloonLevels } from '../guard/eligibility.ts'
import type { JournalEntry, JournalRequest } from '../journal/journal.ts'
import { negligible } from '../ledger/ledger.ts'

/**
 * What became of a setting: it is as it was before Ballast; Ballast changed it; somebody else did since; or the run of
 * the domain is over. What cannot be seen, or was written down without what was asked for, counts as changed.
 */
export type SettingStatus = 'original' | 'changed' | 'foreign' | 'over'

/** Milliseconds that a balloon may take to where it was asked to go. */
const longestWay = 60_000

/** Whether a balloon may still be on its way to what it was asked for. */
export function isRecent(ask: JournalRequest<number>, wallTime: number): boolean {
  return wallTime - ask.wallTime < longestWay
}

export function runs({ domains }: Pick<View, 'domains'>, { uuid, id }: DomainIdentity): boolean {
  return domains.some((domain) => domain.uuid === uuid && domain.id === id)
}

/** How the affinity, the balloon or the `cpu_shares` that an entry is about stand in `view`. Others are not seen there. */
export function settingStatus(entry: JournalEntry, view: View): SettingStatus {
  if (entry.kind === 'ksm') return 'changed'
  const domain = view.domains.find(({ uuid, id }) => uuid === entry.uuid && id === entry.id)
  if (!domain) return 'over'
  switch (entry.kind) {
    case 'affinity': {
      const seen = domain.vcpus.find(({ vcpu }) => vcpu === entry.vcpu)
      return seen ? pinStatus(entry, seen, view) : 'changed'
    }
    case 'memory':
      return balloonStatus(entry, domain, view.wallTime)
    case 'cpuShares':
      return valueStatus(entry, domain.cpuShares, Object.is)
    default:
      return 'changed'
  }
}

/** The same for a setting that is what it was set to and nothing beside; undefined: it is not known what it is. */
export function valueStatus<Value>(
  entry: { readonly original: Value; readonly asked?: readonly JournalRequest<Value>[] | undefined },
  seen: Value | undefined,
  isSame: (a: Value, b: Value) => boolean,
): SettingStatus {
  const { original, asked } = entry
  if (seen === undefined) return 'changed'
  if (isSame(seen, original)) return 'original'
  return !asked || asked.some(({ to }) => isSame(seen, to)) ? 'changed' : 'foreign'
}

function pinStatus(
  { original, asked }: Extract<JournalEntry, { readonly kind: 'affinity' }>,
  vcpu: VcpuView,
  { vcpus, topology: { online } }: View,
): SettingStatus {
  const seen = vcpu.affinity
  if (!seen) return 'changed'
  // pCPUs go offline and come back, and affinities with them: that is nobody's change.
  const alike = (cpus: CpuSet) => cpus.and(online).equals(seen.and(online))
  if (alike(original)) return 'original'
  if (!asked || asked.some(({ to }) => alike(to) || to.and(online).isEmpty)) return 'changed'
  // Where the kernel keeps all guests within fewer pCPUs, that is what it has made of the last.
  const others = vcpus.filter((other) => other !== vcpu)
  const usable = others.reduce((all, { affinity }) => all.or(affinity ?? CpuSet.empty), seen)
  const last = asked.at(-1)
  return last && others.length > 0 && seen.equals(last.to.and(usable)) ? 'changed' : 'foreign'
}

/**
 * A balloon is where it was asked to go, on its way there, or has stopped short because its guest has no more to give.
 * Anywhere else somebody else sent it.
 */
function balloonStatus(
  { original, asked }: Extract<JournalEntry, { readonly kind: 'memory' }>,
  domain: DomainView,
  wallTime: number,
): SettingStatus {
  const { actual } = domain.memory
  if (actual === undefined) return 'changed'
  const at = (bytes: number) => Math.abs(actual - bytes) < negligible
  const recent = asked?.filter((ask) => isRecent(ask, wallTime)) ?? []
  if (at(original)) return recent.every(({ to }) => at(to)) ? 'original' : 'changed'
  const last = asked?.at(-1)
  if (!asked || !last || asked.some(({ to }) => at(to)) || at(last.from)) return 'changed'
  const isBetween = ({ from, to }: JournalRequest<number>) => (actual - from) * (actual - to) < 0
  if (recent.some(isBetween)) return 'changed'
  const levels = balloonLevels(domain)
  const isShort = !('used' in levels) || levels.used + guestMargin > last.to
  return last.to < actual && isBetween(last) && isShort ? 'changed' : 'foreign'
}
