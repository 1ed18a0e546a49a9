import { CpuSet } from '../../host/cpuset.ts'
import { type DomainIdentity, isSameRun } from '../../host/sample.ts'
import { usableBy } from '../../view/cpu/usable-cpus.ts'
import { negligible } from '../../view/memory/sizes.ts'
import { balloonSize } from '../../view/memory/virtio-mem.ts'
import type { DomainView, VcpuView, View } from '../../view/view.ts'
import { guestMargin } from '../defaults.ts'
import { balloonLevels } from '../guard/eligibility.ts'
import type { JournalEntry, JournalRequest } from '../journal/journal.ts'

/**
 * The state of a setting in the journal: as it was before Ballast; changed by Ballast; changed by another program since;
 * or the run of the domain has ended. One that cannot be seen, or whose requests are not known, counts as changed.
 */
export type SettingStatus = 'original' | 'changed' | 'external' | 'ended'

/** Milliseconds that a balloon may take to come to a requested size. */
const longestWay = 60_000

/** Whether a balloon may still be on its way to a requested size. */
export function isRecent(request: JournalRequest<number>, wallTime: number): boolean {
  return wallTime - request.wallTime < longestWay
}

/** Whether the run of a domain is active. */
export function runs({ domains }: Pick<View, 'domains'>, entry: Omit<DomainIdentity, 'name'>): boolean {
  return domains.some((domain) => domain.uuid === entry.uuid && isSameRun(domain, entry))
}

/** The status of an affinity, a balloon or `cpu_shares` in `view`. Other settings are not seen there. */
export function settingStatus(entry: JournalEntry, view: View): SettingStatus {
  if (entry.kind === 'ksm') return 'changed'
  const domain = view.domains.find((one) => one.uuid === entry.uuid && isSameRun(one, entry))
  if (!domain) return 'ended'
  // Journals of older versions do not say which run they are about: only a value that was requested is evidence then.
  if (entry.run === undefined && domain.run !== undefined && !entry.requested) return 'external'
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

/** The same for a setting that can only be exactly what was requested. `seen` is undefined when it is not known. */
export function valueStatus<Value>(
  entry: { readonly original: Value; readonly requested?: readonly JournalRequest<Value>[] | undefined },
  seen: Value | undefined,
  isSame: (a: Value, b: Value) => boolean,
): SettingStatus {
  const { original, requested } = entry
  if (seen === undefined) return 'changed'
  if (isSame(seen, original)) return 'original'
  return !requested || requested.some(({ to }) => isSame(seen, to)) ? 'changed' : 'external'
}

type AffinityEntry = Extract<JournalEntry, { readonly kind: 'affinity' }>

function pinStatus({ original, requested }: AffinityEntry, vcpu: VcpuView, view: View): SettingStatus {
  const seen = vcpu.affinity
  if (!seen) return 'changed'
  const usable = usableBy(vcpu.domain, view.topology)
  // pCPUs go offline and come back, and affinities with them: no program has changed those.
  const alike = (cpus: CpuSet) => cpus.equalsWithin(seen, usable)
  if (alike(original)) return 'original'
  if (!requested || requested.some(({ to }) => alike(to) || to.and(usable).isEmpty)) return 'changed'
  if (original.and(usable).isEmpty) return 'changed'
  // Where the kernel confines all guests to fewer pCPUs, this is what it has made of the last request.
  const others = view.vcpus.filter((other) => other !== vcpu)
  const seenOnAny = others.reduce((all, { affinity }) => all.or(affinity ?? CpuSet.empty), seen)
  const last = requested.at(-1)
  return last && others.length > 0 && seen.equals(last.to.and(seenOnAny)) ? 'changed' : 'external'
}

/**
 * Whether a vCPU has its original affinity and nothing else was asked for since. What is seen alone does not tell: a pin that
 * failed may still be written in its cpuset, and is made use of when it can be.
 */
export function isPinnedAsAtFirst({ uuid, vcpu, original, requested }: AffinityEntry, view: View): boolean {
  const seen = view.vcpus.find((one) => one.domain.uuid === uuid && one.vcpu === vcpu)
  if (!seen?.affinity || !requested?.at(-1)?.to.equals(original)) return false
  return original.equalsWithin(seen.affinity, usableBy(seen.domain, view.topology))
}

/**
 * A balloon that Ballast changed has a requested size, is on its way there, or has stopped short because its guest has no
 * more to give. At any other size another program has set it.
 */
function balloonStatus(
  { original, requested }: Extract<JournalEntry, { readonly kind: 'memory' }>,
  domain: DomainView,
  wallTime: number,
): SettingStatus {
  const { memory } = domain
  if (memory.actual === undefined) return 'changed'
  const actual = balloonSize(memory, memory.actual)
  const at = (bytes: number) => Math.abs(actual - bytes) < negligible
  const recent = requested?.filter((request) => isRecent(request, wallTime)) ?? []
  if (at(original)) return recent.every(({ to }) => at(to)) ? 'original' : 'changed'
  const last = requested?.at(-1)
  if (!requested || !last || requested.some(({ to }) => at(to)) || at(last.from)) return 'changed'
  const isBetween = ({ from, to }: JournalRequest<number>) => (actual - from) * (actual - to) < 0
  if (recent.some(isBetween)) return 'changed'
  const levels = balloonLevels(domain)
  const isShort = !('used' in levels) || balloonSize(memory, levels.used + guestMargin) > last.to
  return last.to < actual && isBetween(last) && isShort ? 'changed' : 'external'
}
