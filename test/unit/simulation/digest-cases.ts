import { createHash } from 'node:crypto'
import { cpuAsOfBaseline, digestOf, memoryAsOfBaseline } from '../../../bench/simulate/digest.ts'
import type {
  Change,
  DomainScenario,
  HostShape,
  Load,
  MemoryScenario,
  Scenario,
  SimulatedHost,
} from '../../../lib/simulation/index.ts'
import { MiB } from '../../../lib/util/units.ts'

const loads: readonly Load[] = [
  { kind: 'idle' },
  { kind: 'spin' },
  { kind: 'loop', work: 5.3, sleep: 7.1 },
  { kind: 'work', work: 31.7 },
  { kind: 'idle' },
  { kind: 'loop', work: 0.4, sleep: 190 },
]

const memories: readonly MemoryScenario[] = [
  {},
  { maximum: 512 * MiB, swap: 'disk', program: { size: 600 * MiB, rate: 33.3 * MiB, touch: 50 * MiB } },
  { maximum: 768 * MiB, swap: 'zram', program: { size: 700 * MiB, touch: 90 * MiB }, reportDelay: 700 },
  { maximum: 1024 * MiB, actual: 512 * MiB, program: { size: 300 * MiB, files: 250 * MiB } },
  { maximum: 512 * MiB, program: { size: 900 * MiB, rate: 100 * MiB } },
  { balloonSpeed: 0.3, lie: 'same again', program: { size: 200 * MiB } },
  { balloon: 'refuses', lie: 'no swap' },
  { pinned: 'locked', lie: 'all used', cache: 100 * MiB },
]

/** Guests of up to three vCPUs, each with another mixture of load, affinity and memory. */
function guests(count: number, affinities: readonly string[]): DomainScenario[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `guest${i}`,
    vcpus: Array.from({ length: 1 + (i % 3) }, (_, vcpu) => ({
      load: loads[(i + 2 * vcpu) % loads.length]!,
      affinity: affinities[(i + vcpu) % affinities.length]!,
    })),
    memory: memories[i % memories.length]!,
  }))
}

const changes: readonly Change[] = [
  { at: 300, domain: 'guest0', kind: 'load', load: { kind: 'work', work: 60 } },
  { at: 700, domain: 'guest1', kind: 'balloon', bytes: 300 * MiB },
  { at: 900, domain: 'guest2', kind: 'pause' },
  { at: 1_000, kind: 'background', pcpu: 1, part: 0.37 },
  { at: 1_234, domain: 'guest3', kind: 'stick' },
  { at: 1_500, domain: 'guest4', kind: 'restart' },
  { at: 1_600, domain: 'guest5', kind: 'plug', vcpu: { load: { kind: 'spin' } } },
  { at: 2_100, domain: 'guest2', kind: 'resume' },
  { at: 2_345, domain: 'guest3', kind: 'unstick' },
  { at: 2_500, domain: 'guest5', kind: 'unplug' },
  { at: 2_600, domain: 'guest0', kind: 'pin', vcpu: 0, affinity: '1' },
  { at: 2_700, domain: 'guest6', kind: 'replace' },
  { at: 2_800, domain: 'guest7', kind: 'rename', name: 'renamed' },
  { at: 3_000, domain: 'guest1', kind: 'plugMemory', bytes: 128 * MiB },
  { at: 3_300, domain: 'guest3', kind: 'leave' },
  { at: 3_600, domain: 'guest0', kind: 'program', program: { size: 64 * MiB } },
  { at: 3_900, domain: 'guest3', kind: 'arrive' },
  { at: 4_000, domain: 'guest0', kind: 'pin', vcpu: 0, affinity: 'any' },
  { at: 4_200, domain: 'guest2', kind: 'stop' },
]

function scenario(
  seed: number,
  pcpus: HostShape | number,
  count: number,
  affinities: readonly string[],
  memory = 64 * 1024 * MiB,
): Scenario {
  return { seed, pcpus, memory, background: 0.05, domains: guests(count, affinities), changes }
}

/** Hosts whose samples must never change, by name: of what the first build could simulate. */
export const digestCases: Readonly<Record<string, Scenario>> = {
  'two pCPUs, crowded': scenario(1, 2, 9, ['any', '0', '1']),
  'four pCPUs, free': scenario(2, 4, 8, ['any']),
  'four pCPUs, another seed': scenario(3, 4, 8, ['any']),
  'SMT, mostly idle': scenario(4, { cores: 12, threads: 2 }, 8, ['any']),
  'SMT, crowded, pinned here and there': scenario(5, { cores: 3, threads: 2 }, 24, [
    'any',
    '0-2',
    '5',
    '1,4',
  ]),
  'two NUMA cells of 40 pCPUs': scenario(6, { sockets: 2, cores: 20, threads: 2 }, 60, [
    'any',
    '0-19',
    '20-39',
    '7',
  ]),
  'a host that swaps': scenario(7, { sockets: 2, cores: 2, cells: 4 }, 12, ['any', '0-1'], 4096 * MiB),
  'one that restarts again and again': {
    ...scenario(8, 4, 8, ['any', '2']),
    changes: Array.from({ length: 60 }, (_, i) => ({ at: 50 * i, domain: 'guest2', kind: 'restart' })),
  },
}

const quotas: readonly DomainScenario[] = guests(12, ['any', '0-2', '5']).map((guest, i) => ({
  ...guest,
  ...(i % 4 === 1 && { cpuQuota: { vcpu: 0.31 } }),
  ...(i % 4 === 2 && { cpuQuota: { global: 0.77, period: 37 } }),
  ...(i % 4 === 3 && { cpuQuota: { vcpu: 0.4, global: 0.55, period: 10 } }),
}))

const pcpuChanges: readonly Change[] = [
  { at: 450, kind: 'offline', pcpu: 2 },
  { at: 1_050, kind: 'cpuset', cpus: '0-2,4-5' },
  { at: 1_777, kind: 'online', pcpu: 2 },
  { at: 2_222, kind: 'offline', pcpu: 4 },
  { at: 3_100, kind: 'cpuset', cpus: 'any' },
  { at: 3_700, kind: 'online', pcpu: 4 },
]

/** Hosts with what came later: quotas, unequal pCPUs, pCPUs that come and go, cpusets, huge pages. */
export const laterDigestCases: Readonly<Record<string, Scenario>> = {
  'quotas on SMT': {
    ...scenario(11, { cores: 3, threads: 2 }, 12, ['any']),
    domains: quotas,
    changes: [
      ...changes,
      { at: 800, domain: 'guest0', kind: 'cpuQuota', cpuQuota: { global: 0.5 } },
      { at: 1_900, domain: 'guest1', kind: 'cpuQuota', cpuQuota: {} },
      { at: 2_900, domain: 'guest2', kind: 'cpuQuota', cpuQuota: { vcpu: 0.2, period: 20 } },
    ],
  },
  'P-cores and E-cores': scenario(12, { cores: 6, capacities: [1, 1, 1, 0.58, 0.58, 0.58] }, 14, [
    'any',
    '3-5',
    '0',
  ]),
  'unequal and SMT': scenario(13, { cores: 4, threads: 2, capacities: [1, 0.9, 0.6, 0.5] }, 20, [
    'any',
    '2-6',
  ]),
  'offline, online, cpusets of v2': {
    ...scenario(14, { cores: 3, threads: 2 }, 12, ['any', '0-2', '4', '2,5']),
    changes: [...changes, ...pcpuChanges],
  },
  'offline, online, cpusets of v1': {
    ...scenario(15, { cores: 3, threads: 2 }, 12, ['any', '0-2', '4', '2,5']),
    cgroups: 'v1',
    changes: [...changes, ...pcpuChanges],
  },
  'virtio-mem devices and resets': {
    ...scenario(17, 4, 8, ['any', '1']),
    domains: guests(8, ['any', '1']).map((guest, i) =>
      i % 3 !== 1
        ? guest
        : { ...guest, memory: { ...guest.memory, virtioMem: { size: 512 * MiB, requested: 128 * MiB } } },
    ),
    changes: [
      ...changes,
      { at: 650, domain: 'guest1', kind: 'virtioMem', requested: 400 * MiB },
      { at: 1_111, domain: 'guest0', kind: 'reboot' },
      { at: 2_050, domain: 'guest7', kind: 'virtioMem', requested: 0 },
      { at: 2_250, domain: 'guest1', kind: 'reboot' },
    ],
  },
  'huge pages, half of the host': {
    ...scenario(16, { cores: 4, cells: 2 }, 8, ['any', '0-1'], 12 * 1024 * MiB),
    domains: guests(8, ['any', '0-1']).map((guest, i) =>
      i % 2 === 0 ? guest : { ...guest, memory: { maximum: 1024 * MiB, pinned: 'huge pages' } },
    ),
  },
}

/**
 * The digest of what a host shows and of what is really so in it, while it is also pinned and ballooned from outside: of
 * `all` that it shows, or of what the first build had of it.
 */
export async function digestOfRun(host: SimulatedHost, all = false): Promise<string> {
  let digest = ''
  const add = (...values: object[]) => {
    digest = digestOf(createHash('sha256').update(digest), values)
  }
  host.subscribe((event) => add({ kind: event.kind, domain: 'domain' in event ? event.domain : undefined }))
  for (let turn = 0; turn < 18; turn++) {
    // Neither a multiple of the memory's step nor of a queue's.
    await host.clock.sleepUntil(turn * 337)
    const domains = await host.domains()
    const { uuid } = domains[turn % domains.length]!
    const ignore = () => {}
    const work = [
      host.setMemoryStatsPeriod(uuid, 1),
      turn % 3 === 0
        ? host.setMemory(uuid, (256 + 16 * turn) * MiB)
        : host.setCpuShares(uuid, 512 + 100 * turn),
      turn % 4 === 1 ? host.pinVcpu(uuid, 0, host.topology.pcpus[turn % 2]!.siblings) : undefined,
    ]
    for (const each of work) each?.catch(ignore)
    const cpu = await host.sampleCpu()
    const memory = await host.sampleMemory()
    const samples = all ? [cpu, memory] : [cpuAsOfBaseline(cpu), memoryAsOfBaseline(memory)]
    add(...samples, host.toll, { background: host.background })
    for (const domain of await host.domains()) {
      const { hugePages, ...truth } = host.truth(domain.uuid)!
      add(all ? { ...truth, hugePages } : truth)
    }
  }
  return digest
}
