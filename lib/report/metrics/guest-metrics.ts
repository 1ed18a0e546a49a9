import { DomainState } from '../../host/sample.ts'
import type { DomainView } from '../../view/view.ts'
import { type Families, type Family, flag, seconds } from './family.ts'
import type { GuestRow, VcpuRow } from './guest-totals.ts'

/** `state_desc` of each state, in the words of the exporters that have this label. */
const stateWords: Readonly<Record<DomainState, string>> = {
  [DomainState.noState]: 'no state',
  [DomainState.running]: 'the domain is running',
  [DomainState.blocked]: 'the domain is blocked on resource',
  [DomainState.paused]: 'the domain is paused by user',
  [DomainState.shutdown]: 'the domain is being shut down',
  [DomainState.shutoff]: 'the domain is shut off',
  [DomainState.crashed]: 'the domain is crashed',
  [DomainState.pmSuspended]: 'the domain is suspended by guest power management',
}

type Guests = readonly GuestRow[]

function perGuest(
  type: Family<Guests>['type'],
  help: string,
  value: (guest: DomainView, row: GuestRow) => number | undefined,
): Family<Guests> {
  return {
    type,
    help,
    labels: ['domain'],
    series(guests, add) {
      for (const row of guests) add(row.labels, value(row.guest, row))
    },
  }
}

function perVcpu(
  type: Family<Guests>['type'],
  help: string,
  value: (row: VcpuRow) => number | undefined,
): Family<Guests> {
  return {
    type,
    help,
    labels: ['domain', 'vcpu'],
    series(guests, add) {
      for (const { vcpus } of guests) for (const row of vcpus) add(row.labels, value(row))
    },
  }
}

/** What exporters of libvirt have too, under their names, with their units, types and labels. */
export const libvirtGuestMetrics: Families<Guests> = {
  libvirt_domain_timed_out: perGuest(
    'gauge',
    'Whether the guest does not answer: 1 while its QEMU is stuck.',
    ({ memory }) => flag(memory.hold === 'stuck'),
  ),
  libvirt_domain_info_state: {
    type: 'gauge',
    help: 'State of the domain, by the number of virDomainState.',
    labels: ['domain', 'state_desc'],
    series(guests, add) {
      for (const { guest, labels } of guests) {
        add({ ...labels, state_desc: stateWords[guest.state] }, guest.state)
      }
    },
  },
  libvirt_domain_info_maximum_memory_bytes: perGuest(
    'gauge',
    'Memory that the domain can have at most.',
    ({ memory }) => memory.maximum,
  ),
  libvirt_domain_info_memory_usage_bytes: perGuest(
    'gauge',
    'Memory that the domain has: the size of its balloon.',
    ({ memory }) => memory.actual,
  ),
  libvirt_domain_info_virtual_cpus: perGuest(
    'gauge',
    'Number of vCPUs of the domain.',
    ({ vcpus, hasThreadOfAll }) => (hasThreadOfAll ? undefined : vcpus.length),
  ),
  libvirt_domain_vcpu_time_seconds_total: perVcpu(
    'counter',
    'Time that the vCPU ran, since Ballast sampled it first.',
    ({ ran }) => ran,
  ),
  libvirt_domain_vcpu_delay_seconds_total: perVcpu(
    'counter',
    'Delay of the vCPU: time that it waited in the run queue of its pCPU, since Ballast sampled it first; the guest sees it as steal time.',
    ({ waited }) => waited,
  ),
  libvirt_domain_vcpu_cpu: perVcpu('gauge', 'pCPU that the vCPU ran on last.', ({ vcpu }) => vcpu.pcpu),
  libvirt_domain_memory_stats_current_balloon_bytes: perGuest(
    'gauge',
    'Size of the balloon.',
    ({ memory }) => memory.actual,
  ),
  libvirt_domain_memory_stats_maximum_bytes: perGuest(
    'gauge',
    'Size of the balloon at most.',
    ({ memory }) => memory.maximum,
  ),
  libvirt_domain_memory_stats_available_bytes: perGuest(
    'gauge',
    'What the guest sees as its total (MemTotal).',
    ({ memory }) => memory.available,
  ),
  libvirt_domain_memory_stats_unused_bytes: perGuest(
    'gauge',
    'What the guest uses for nothing (MemFree).',
    ({ memory }) => memory.unused,
  ),
  libvirt_domain_memory_stats_usable_bytes: perGuest(
    'gauge',
    'What the guest can use without swapping (MemAvailable).',
    ({ memory }) => memory.usable,
  ),
  libvirt_domain_memory_stats_disk_caches_bytes: perGuest(
    'gauge',
    'Page cache of the guest.',
    ({ memory }) => memory.diskCaches,
  ),
  libvirt_domain_memory_stats_rss_bytes: perGuest(
    'gauge',
    'Resident memory of the QEMU process.',
    ({ memory }) => memory.rss,
  ),
  libvirt_domain_memory_stats_swap_in_bytes: perGuest(
    'gauge',
    'What the guest swapped in since it booted.',
    ({ memory }) => memory.swapIn,
  ),
  libvirt_domain_memory_stats_swap_out_bytes: perGuest(
    'gauge',
    'What the guest swapped out since it booted.',
    ({ memory }) => memory.swapOut,
  ),
  libvirt_domain_memory_stats_major_fault_total: perGuest(
    'counter',
    'Major page faults of the guest since it booted.',
    ({ memory }) => memory.majorFaults,
  ),
  libvirt_domain_memory_stats_last_update_timestamp_seconds: perGuest(
    'gauge',
    'When the guest itself made the report of its memory, since the epoch.',
    ({ memory: { age } }, { wallTime }) => (age === undefined ? undefined : seconds(wallTime - age)),
  ),
}

/** What only Ballast knows of a guest. */
export const guestMetrics: Families<Guests> = {
  ballast_vcpu_demand_ratio: perVcpu(
    'gauge',
    'Part of a pCPU that the vCPU would use if it never waited.',
    ({ vcpu }) => vcpu.demand,
  ),
  ballast_guest_score_ratio: {
    type: 'gauge',
    help: 'Score of the guest, 0 to 1: how much of what it wanted it got, of cpu, of memory, and the lower of both together.',
    labels: ['domain', 'resource'],
    series(guests, add) {
      for (const { labels, scores } of guests) {
        for (const [resource, score] of Object.entries(scores)) add({ ...labels, resource }, score)
      }
    },
  },
  ballast_guest_managed: perGuest('gauge', 'Whether Ballast may change the guest.', ({ settings }) =>
    flag(settings.managed),
  ),
  ballast_guest_memory_need_bytes: perGuest(
    'gauge',
    'Size of the balloon that the guest needs, with its growth.',
    ({ memory }) => memory.need?.total,
  ),
  ballast_guest_memory_pressure: perGuest(
    'gauge',
    'Whether the guest swaps, faults often or has next to nothing left.',
    ({ memory }) => flag(memory.events?.underPressure),
  ),
  ballast_guest_statistics_age_seconds: perGuest(
    'gauge',
    'Age of the memory report of the guest at the last tick.',
    ({ memory }) => seconds(memory.age),
  ),
  ballast_balloon_target_bytes: perGuest(
    'gauge',
    'Size that Ballast asked the balloon for, while it may be on its way there.',
    ({ memory }) => memory.target,
  ),
  ballast_balloon_refusing: perGuest(
    'gauge',
    'Whether the balloon has not moved for a while, although it was asked to.',
    ({ memory }) => flag(memory.progress === 'refusing'),
  ),
}
