import { formatBytes } from '../../util/format.ts'
import { define, plain, type ReasonsIn } from './figures.ts'

/** What pins memory, by {@link PinnedMemory}. */
const pinnedBy: Readonly<Record<string, string>> = {
  'huge pages': 'huge pages',
  locked: 'locked memory',
  passthrough: 'a passed-through device',
}

/** Why a domain, one of its vCPUs or its memory is skipped, whatever a policy wants. */
export const skipReasons = {
  // What its owner, or the user of Ballast, says of it.
  'not-managed': plain('it is not to be managed'),
  'not-selected': plain('it is not among the domains to be managed'),
  'rules-exclude': plain('the option domainRules says not to manage it'),
  'metadata-excludes': plain('its metadata says not to manage it'),
  'metadata-invalid': define(
    { problem: 'text' },
    ({ problem }) => `its settings in its metadata are wrong: ${problem}`,
  ),
  'settings-unknown': plain('its settings in its metadata are not known yet'),
  'settings-contradictory': define(
    { memoryFloor: 'bytes', memoryCeiling: 'bytes' },
    ({ memoryFloor, memoryCeiling }) =>
      `its settings contradict each other: the memory floor, ${formatBytes(memoryFloor)}, ` +
      `is above the memory ceiling, ${formatBytes(memoryCeiling)}`,
  ),
  'no-usable-pcpu': define(
    { rules: 'cpus?', metadata: 'cpus?', usable: 'cpus' },
    ({ rules, metadata, usable }) => {
      const both = rules && metadata
      const which = both ? `domainRules (${rules}) and its metadata (${metadata})` : 'its metadata'
      return `${which} leave it none of the pCPUs that may be used (${usable})`
    },
  ),
  'floor-above-maximum': define(
    { memoryFloor: 'bytes', maximum: 'bytes' },
    ({ memoryFloor, maximum }) =>
      'its settings contradict its definition: a memory floor of ' +
      `${formatBytes(memoryFloor)}, above its maximum, ${formatBytes(maximum)}`,
  ),
  // What it does.
  'not-running': plain('it is not running'),
  paused: plain('it is paused'),
  'shutting-down': plain('it is shutting down'),
  'shut-off': plain('it is shut off'),
  crashed: plain('it has crashed'),
  suspended: plain('it is suspended'),
  stuck: plain('stuck: it does not answer'),
  'being-migrated': plain('it is being migrated to another host'),
  // Its vCPUs.
  'one-vcpu-thread': plain('all its vCPUs share one thread (software emulation), which libvirt cannot pin'),
  'vcpu-pinned-externally': define(
    { vcpu: 'vcpu', cpus: 'cpus' },
    ({ vcpu, cpus }) => `another program pinned vCPU ${vcpu} to ${cpus}`,
  ),
  'vcpu-nowhere-allowed': define({ vcpu: 'vcpu' }, ({ vcpu }) => `no pCPU is allowed for vCPU ${vcpu}`),
  // Its memory.
  booting: plain('it has just started or booted anew, and not reported its memory since'),
  'no-balloon': plain('it has no balloon device'),
  'no-balloon-driver': plain('no driver in the guest serves its balloon device'),
  'pinned-memory': define({ by: 'text', hugePages: 'bytes?' }, ({ by, hugePages }) => {
    const size = hugePages === undefined ? '' : ` (${formatBytes(hugePages)} on huge pages)`
    return `its memory is pinned: ${pinnedBy[by] ?? by}${size}`
  }),
  'no-statistics-period': plain('it reports no memory: its statistics period is 0'),
  'no-statistics': plain(
    'it has reported no memory statistics yet: no balloon driver in the guest, or still booting',
  ),
  'unreadable-statistics': plain('its memory statistics cannot be read'),
  'stale-statistics': plain('its memory statistics are too old'),
  'contradictory-statistics': plain('its memory statistics contradict each other'),
} as const

export type SkipReason = ReasonsIn<typeof skipReasons>
