import type { Tick } from '../../control/tick.ts'
import { deviationOf, pcpuLoads } from '../../view/cpu/pcpu-loads.ts'
import type { HostMemoryState } from '../../view/view.ts'
import type { SampledTick } from '../sampled.ts'
import { type Families, type Family, flag, plain, seconds } from './family.ts'

/** What a loop is run with, as far as metrics show it. */
export interface MetricsConfig {
  /** Of Ballast. */
  readonly version: string
  /** Milliseconds from one tick to the next. */
  readonly interval: number
  readonly dryRun: boolean
  /** Names of the policies; left out: none. */
  readonly scheduler?: string | undefined
  readonly ballooning?: string | undefined
  readonly ksm?: string | undefined
}

/** The last Tick. */
export interface Moment extends SampledTick {
  /** What the scheduler last gave for the choice that it made. */
  readonly explanation: Tick['explanation']
}

const memoryStates: readonly HostMemoryState[] = ['high', 'soft', 'hard', 'low']

function ofMemory(
  help: string,
  value: (memory: Tick['view']['memory']) => number | undefined,
): Family<Moment> {
  return plain('gauge', help, ({ tick }) => value(tick.view.memory))
}

/** What does not depend on a Tick. */
export const configMetrics: Families<MetricsConfig> = {
  ballast_build_info: {
    type: 'gauge',
    help: '1; its labels have the versions.',
    labels: ['version', 'node'],
    series: ({ version }, add) => add({ version, node: process.version }, 1),
  },
  ballast_config_info: {
    type: 'gauge',
    help: '1; its labels have the policies in use, and whether it is a dry run.',
    labels: ['scheduler', 'ballooning', 'ksm', 'dry_run'],
    series: ({ scheduler = 'none', ballooning = 'none', ksm = 'none', dryRun }, add) =>
      add({ scheduler, ballooning, ksm, dry_run: `${dryRun}` }, 1),
  },
  ballast_interval_seconds: plain('gauge', 'Time from one tick to the next, as configured.', ({ interval }) =>
    seconds(interval),
  ),
}

/** The host at the last Tick. */
export const hostMetrics: Families<Moment> = {
  libvirt_up: plain(
    'gauge',
    'Whether the last tick had a CPU sample: 0 while libvirt does not answer.',
    (moment) => flag(moment.isSampled),
  ),
  libvirt_domains: plain('gauge', 'Number of active domains.', ({ tick }) => tick.view.domains.length),
  ballast_tick_timestamp_seconds: plain('gauge', 'When the last tick began, since the epoch.', ({ tick }) =>
    seconds(tick.wallTime),
  ),
  ballast_skipped: {
    type: 'gauge',
    help: 'Number of guests, or of single vCPUs, that are not changed at present, by reason kind.',
    labels: ['what', 'reason'],
    series({ tick }, add) {
      const counts = new Map<string, { what: string; reason: string; count: number }>()
      for (const { what, reason } of tick.skipped) {
        const key = `${what} ${reason.kind}`
        const counted = counts.get(key) ?? { what, reason: reason.kind, count: 0 }
        counts.set(key, { ...counted, count: counted.count + 1 })
      }
      for (const { what, reason, count } of counts.values()) add({ what, reason }, count)
    },
  },
  ballast_deviation_ratio: plain(
    'gauge',
    'Standard deviation of the demand on the online pCPUs, in parts of a pCPU.',
    ({ tick }) => deviationOf(tick.view),
  ),
  ballast_deviation_lower_bound_ratio: plain(
    'gauge',
    'Deviation that no placement can fall below, as the scheduler says; only of schedulers that do.',
    ({ explanation }) => explanation?.lowerBound,
  ),
  ballast_deviation_tolerated_ratio: plain(
    'gauge',
    'Deviation up to which the host counts as balanced, as the scheduler says; only of schedulers that do.',
    ({ explanation }) => explanation?.tolerated,
  ),
  ballast_delay_ratio: plain(
    'gauge',
    'Delay of all vCPUs: of the time in which they ran or waited for a pCPU, the part in which they waited.',
    ({ tick }) => delayRatio(tick),
  ),
  ballast_worst_delay_ratio: plain(
    'gauge',
    'Longest delay: part of the time that the worst-served vCPU waited for a pCPU.',
    ({ tick }) => worstDelay(tick),
  ),
  ballast_pcpu_busy_ratio: {
    type: 'gauge',
    help: 'Part of the time that an online pCPU was busy with anything.',
    labels: ['pcpu'],
    series({ tick }, add) {
      for (const { id, busy } of pcpuLoads(tick.view)) add({ pcpu: `${id}` }, busy)
    },
  },
  ballast_pcpu_demand_ratio: {
    type: 'gauge',
    help: 'What the vCPUs on an online pCPU would use of it together if they never waited: above 1 it is overcommitted.',
    labels: ['pcpu'],
    series({ tick }, add) {
      for (const { id, demand } of pcpuLoads(tick.view)) add({ pcpu: `${id}` }, demand)
    },
  },
  ballast_host_memory_total_bytes: ofMemory('Memory of the host without huge pages.', ({ total }) => total),
  ballast_host_memory_free_bytes: ofMemory('Memory of the host in no use.', ({ free }) => free),
  ballast_host_memory_available_bytes: ofMemory(
    'Memory of the host that can be had without swapping.',
    ({ available }) => available,
  ),
  ballast_host_memory_reserve_bytes: ofMemory('Memory that stays with the host.', ({ reserve }) => reserve),
  ballast_host_memory_reserved_bytes: ofMemory(
    'Memory that is kept free for guests about to start.',
    ({ reserved }) => reserved,
  ),
  ballast_host_memory_budget_bytes: ofMemory(
    'Memory that the guests may hold in all.',
    ({ budget }) => budget,
  ),
  ballast_host_memory_committed_bytes: ofMemory(
    'Memory that the guests hold or were granted, with the overhead of their QEMUs.',
    ({ committed }) => committed,
  ),
  ballast_host_memory_pressure_ratio: ofMemory(
    'Part of the last 10 s in which some task of the host waited for memory (PSI).',
    ({ pressure }) => pressure,
  ),
  ballast_host_memory_state: {
    type: 'gauge',
    help: '1 for the state that the memory of the host is in, 0 for the others.',
    labels: ['state'],
    series({ tick }, add) {
      for (const state of memoryStates) add({ state }, flag(tick.view.memory.state === state))
    },
  },
}

function delayRatio({ view }: Tick): number | undefined {
  let ran = 0
  let waited = 0
  for (const { usage, delay } of view.vcpus) {
    if (usage === undefined || delay === undefined) continue
    ran += usage
    waited += delay
  }
  return ran + waited > 0 ? waited / (ran + waited) : undefined
}

function worstDelay({ view }: Tick): number | undefined {
  let worst: number | undefined
  for (const { delay } of view.vcpus) if (delay !== undefined && !(worst! > delay)) worst = delay
  return worst
}
