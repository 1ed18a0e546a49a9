import { shares } from '../../../lib/ballooning/shares.ts'
import { autopilot } from '../../../lib/control/autopilot.ts'
import { domainOverhead } from '../../../lib/control/defaults.ts'
import { type Journal, memoryJournal } from '../../../lib/control/journal/journal.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { balance } from '../../../lib/schedulers/balance.ts'
import type { Change, DomainChange, Scenario } from '../../../lib/simulation/index.ts'
import { GiB, MiB } from '../../../lib/util/units.ts'
import { type Point, type SteppedHost, stepped } from './steps-host.ts'

/** What somebody does to a domain, `at` milliseconds after the first of it. */
type Deed<T = DomainChange> = T extends DomainChange ? Omit<T, 'domain'> : never

/** What happens to the domain that a step is about. */
export const deeds: Record<string, readonly Deed[]> = {
  'is destroyed': [{ at: 0, kind: 'stop' }],
  'is destroyed and started later': [
    { at: 0, kind: 'stop' },
    { at: 3_000, kind: 'start' },
  ],
  'migrates away, or ends for good': [{ at: 0, kind: 'leave' }],
  'migrates away and comes back': [
    { at: 0, kind: 'leave' },
    { at: 2_500, kind: 'arrive' },
  ],
  'is restarted': [{ at: 0, kind: 'restart' }],
  'is replaced by another of its name': [{ at: 0, kind: 'replace' }],
  'is renamed': [{ at: 0, kind: 'rename', name: 'renamed' }],
  'is paused for a while': [
    { at: 0, kind: 'pause' },
    { at: 5_000, kind: 'resume' },
  ],
  'gets one more vCPU': [{ at: 0, kind: 'plug', vcpu: { affinity: '0', load: { kind: 'spin' } } }],
  'loses a vCPU': [{ at: 0, kind: 'unplug' }],
  'gets more memory': [{ at: 0, kind: 'plugMemory', bytes: 128 * MiB }],
  'loses memory': [{ at: 0, kind: 'plugMemory', bytes: -64 * MiB }],
  'is asked for another size by somebody else': [{ at: 0, kind: 'balloon', bytes: 640 * MiB }],
  'is asked for its maximum by somebody else': [{ at: 0, kind: 'balloon', bytes: GiB }],
  'is pinned by somebody else': [{ at: 0, kind: 'pin', vcpu: 0, affinity: '3' }],
}
/** The same, to somebody who was not there. */
export const arrival: readonly Change[] = [{ at: 0, domain: 'newcomer', kind: 'arrive' }]

/** Its metadata keeps it off pCPU 3; it grows, is moved, and what it gets the giver has to give. */
const subject = {
  name: 'subject',
  vcpus: [0.5, 0.4].map((part) => ({ affinity: '0', load: { kind: 'work', work: 100 * part } as const })),
  memory: {
    maximum: 2 * GiB,
    actual: 512 * MiB,
    swap: 'disk' as const,
    program: { size: 900 * MiB, rate: 32 * MiB, touch: 8 * MiB },
  },
  metadata: "<settings cpus='0-2'/>",
}
const scenario: Scenario = {
  seed: 7,
  pcpus: 4,
  memory: 3 * GiB,
  domains: [
    subject,
    {
      name: 'giver',
      vcpus: [{ affinity: '0', load: { kind: 'spin' } }, { affinity: '1' }],
      memory: { maximum: GiB },
    },
    {
      name: 'third',
      vcpus: [{ affinity: '1', load: { kind: 'work', work: 30 } }],
      memory: { maximum: GiB, actual: 256 * MiB },
    },
    {
      name: 'newcomer',
      running: false,
      vcpus: [{ affinity: '2', load: { kind: 'work', work: 50 } }],
      memory: { maximum: GiB, actual: 256 * MiB },
    },
  ],
}
export const ticks = 100
export const atRest = 20
export const allowed = CpuSet.range(0, 2)

export interface Run extends Pick<SteppedHost, 'simulated' | 'calls'> {
  readonly ticks: readonly Tick[]
  /** Bytes that all domains really held or were promised, overhead included, when each tick was over. */
  readonly held: readonly number[]
  readonly journal: Journal
  readonly passed: boolean
}

export async function run(changes: readonly Change[], point: Point | undefined): Promise<Run> {
  const { host, simulated, calls, passed, journaled } = stepped({ ...scenario, changes }, point)
  const journal = memoryJournal()
  const seen: Tick[] = []
  const held: number[] = []
  const options = { interval: 1_000, ticks, scheduler: balance(), ballooning: shares() }
  for await (const tick of autopilot(host, { ...options, journal: journaled(journal) })) {
    seen.push(tick)
    held.push(holding(simulated, await simulated.domains()))
  }
  return { ticks: seen, held, calls, simulated, journal, passed: passed() }
}

function holding(simulated: SteppedHost['simulated'], domains: readonly { uuid: string }[]): number {
  return domains.reduce((sum, { uuid }) => {
    const { actual, target } = simulated.truth(uuid)!
    return sum + Math.max(actual, target) + domainOverhead
  }, 0)
}
