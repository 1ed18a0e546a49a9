import { guestMargin } from '../../control/defaults.ts'
import type { Tick } from '../../control/tick.ts'
import { isRunning, runOf } from '../../host/sample.ts'
import { deviationOf } from '../../view/cpu/pcpu-loads.ts'
import { commitment, residentOverhead } from '../../view/memory/commitment.ts'
import { unallocatedMemory } from '../../view/memory/unallocated.ts'
import type { DomainView, VcpuView, View } from '../../view/view.ts'
import type { GuestFacts, HostFacts, ReportBody } from './host-facts.ts'
import type {
  GuestCpuReport,
  GuestMemoryReport,
  GuestReport,
  HostCpuReport,
  HostMemoryReport,
} from './host-report.ts'

const unknownGuest: GuestFacts = { stays: [], labels: [] }

/** What a host tells its fleet, from its last Tick and what is known beside it. Pure. */
export function hostReport(tick: Tick, facts: HostFacts): ReportBody {
  const { view, scores, wallTime } = tick
  const { host, name, interval, software, reach, dryRun, guests, migrations } = facts
  return {
    host,
    name,
    wallTime,
    interval,
    software,
    reach,
    dryRun,
    cpu: cpuOf(view),
    memory: memoryOf(view),
    guests: view.domains.map((domain, row) =>
      guestOf(domain, guests.get(domain.uuid) ?? unknownGuest, scores.cpu[row]!, scores.memory[row]!),
    ),
    migrations,
  }
}

function cpuOf(view: View): HostCpuReport {
  let capacity = 0
  let background = 0
  for (const pcpu of view.pcpus) {
    if (!view.online.has(pcpu.id)) continue
    capacity += pcpu.capacity
    background += (pcpu.background ?? 0) * pcpu.capacity
  }
  const deviation = deviationOf(view)
  return {
    pcpus: view.online.size,
    capacity,
    background,
    deviation: Number.isFinite(deviation) ? deviation : undefined,
  }
}

function memoryOf(view: View): HostMemoryReport {
  const { total, budget, committed, reserved, available, hugePages } = view.memory
  // What other programs have beyond what is kept for the host, no guest can be given: neither those that are here, nor more.
  const most = unallocatedMemory(view) + committed - reserved
  return {
    total,
    budget: Math.min(most, budget),
    committed,
    available,
    hugePagesFree: hugePages?.reduce((sum, { free = 0 }) => sum + free, 0),
  }
}

function guestOf(domain: DomainView, facts: GuestFacts, cpuScore: number, memoryScore: number): GuestReport {
  const { requirement, stays, labels, priority } = facts
  return {
    ...runOf(domain),
    uuid: domain.uuid,
    name: domain.name,
    running: isRunning(domain.state),
    cpu: guestCpu(domain),
    memory: guestMemory(domain, facts),
    score: {
      ...(Number.isNaN(cpuScore) ? {} : { cpu: cpuScore }),
      ...(Number.isNaN(memoryScore) ? {} : { memory: memoryScore }),
    },
    requirement,
    stays,
    labels,
    priority,
  }
}

function guestCpu({ vcpus, cpuShares }: DomainView): GuestCpuReport {
  return {
    vcpus: vcpus.length,
    demand: sumOf(vcpus, 'demand'),
    largest: largestOf(vcpus, 'demand'),
    usage: sumOf(vcpus, 'usage'),
    delay: largestOf(vcpus, 'delay'),
    shares: cpuShares,
  }
}

function guestMemory({ memory }: DomainView, { dirtyRate }: GuestFacts): GuestMemoryReport {
  const { maximum, actual, need, hugePages, events } = memory
  // What is not known counts with what is the more for the host that it would come to.
  const most = Math.max(maximum ?? 0, actual ?? 0)
  return {
    maximum: most,
    actual: actual ?? most,
    committed: commitment({ memory }, 0),
    overhead: residentOverhead(memory),
    // The host's loop leaves each guest its margin: what is within it, no other guest can be given.
    need: need && Math.min(most, need.total + guestMargin),
    hugePages,
    dirtyRate,
    swapping: events && events.swappedOut > 0,
  }
}

/** Over all vCPUs; undefined: it is not known of each of them. */
function sumOf(vcpus: readonly VcpuView[], figure: 'demand' | 'usage'): number | undefined {
  let sum = 0
  for (const { [figure]: value } of vcpus) {
    if (value === undefined) return undefined
    sum += value
  }
  return vcpus.length === 0 ? undefined : sum
}

/** The largest that is known; undefined: none is. */
function largestOf(vcpus: readonly VcpuView[], figure: 'demand' | 'delay'): number | undefined {
  let largest: number | undefined
  for (const { [figure]: value } of vcpus)
    if (value !== undefined && !(value <= (largest ?? -1))) largest = value
  return largest
}
