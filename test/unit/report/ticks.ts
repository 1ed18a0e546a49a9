import type { Outcome, Tick } from '../../../lib/control/tick.ts'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { DomainState } from '../../../lib/host/sample.ts'
import type { Action } from '../../../lib/policy/plan.ts'
import { GiB, MiB } from '../../../lib/util/units.ts'
import { defaultSettings } from '../../../lib/view/domain-settings.ts'
import { scoresOf } from '../../../lib/view/score/scores.ts'
import type { DomainMemoryView, DomainView, HostMemoryView, VcpuView, View } from '../../../lib/view/view.ts'

/** One vCPU of a constructed View. */
export interface VcpuSketch {
  readonly on?: number
  /** The pCPUs it may run on; default: all. */
  readonly affinity?: CpuSet
  readonly usage?: number | undefined
  readonly delay?: number
  readonly demand?: number
}

export interface DomainSketch {
  readonly name: string
  readonly state?: DomainState
  readonly vcpus?: readonly VcpuSketch[]
  readonly memory?: Partial<DomainMemoryView>
}

/** A View of a flat host, made by hand. */
export function viewOf(
  pcpus: number,
  sketches: readonly DomainSketch[],
  memory: Partial<HostMemoryView> = {},
): View {
  const online = CpuSet.range(0, pcpus - 1)
  const topology = {
    pcpus: Array.from(online, (id) => ({
      id,
      cell: 0,
      socket: 0,
      die: 0,
      core: id,
      cache: 0,
      siblings: CpuSet.of(id),
    })),
    online,
    cpuCount: pcpus,
    cells: [{ id: 0, cpus: online, memory: Number.NaN, distances: new Map([[0, 10]]) }],
    memory: 8 * GiB,
  }
  const domains = sketches.map((sketch, i) => domainOf(sketch, i, online))
  return {
    time: 1000,
    wallTime: 0,
    interval: 1000,
    topology,
    online,
    pcpus: topology.pcpus.map((pcpu) => ({
      id: pcpu.id,
      topology: pcpu,
      busy: 0.5,
      background: 0,
      capacity: 1,
    })),
    domains,
    vcpus: domains.flatMap((domain) => domain.vcpus),
    memory: {
      total: 8 * GiB,
      free: 4 * GiB,
      available: 5 * GiB,
      state: 'high',
      pressure: undefined,
      reserve: 1 * GiB,
      reserved: 0,
      budget: 7 * GiB,
      committed: 2 * GiB,
      ...memory,
    },
  }
}

function domainOf(sketch: DomainSketch, index: number, online: CpuSet): DomainView {
  const vcpus: VcpuView[] = []
  const domain: DomainView = {
    uuid: `00000000-0000-0000-0000-${String(index).padStart(12, '0')}`,
    name: sketch.name,
    id: index + 1,
    state: sketch.state ?? DomainState.running,
    settings: defaultSettings,
    homeCell: 0,
    vcpus,
    memory: {
      age: 1000,
      hold: undefined,
      maximum: 2048 * MiB,
      actual: 512 * MiB,
      target: undefined,
      available: 480 * MiB,
      unused: 257.21484375 * MiB,
      usable: 300 * MiB,
      diskCaches: 0,
      swappedOut: 0,
      swappedIn: 0,
      need: undefined,
      events: undefined,
      progress: 'resting',
      rss: 600 * MiB,
      ...sketch.memory,
    },
  }
  for (const [number, { on, affinity, usage, delay, demand }] of (sketch.vcpus ?? []).entries()) {
    vcpus.push({
      domain,
      vcpu: number,
      affinity: affinity ?? online,
      allowed: online,
      pcpu: on,
      usage,
      delay: delay ?? 0,
      demand: demand ?? usage,
      demandRange: rangeAt(demand ?? usage),
    })
  }
  return domain
}

function rangeAt(demand: number | undefined): VcpuView['demandRange'] {
  return demand === undefined ? undefined : { low: demand, high: demand }
}

/** Guests of one vCPU each, `guests[i]` pinned to the pCPU that the list names, of equal demand. */
export function pinnedGuests(places: readonly number[], demand = 0.4): DomainSketch[] {
  return places.map((place, i) => ({
    name: `aos_vm${i + 1}`,
    vcpus: [{ on: place, affinity: CpuSet.of(place), usage: demand, demand }],
  }))
}

/** A Tick around a View. */
export function tickOf(index: number, view: View, more: Partial<Tick> = {}): Tick {
  return {
    index,
    cause: 'interval',
    wallTime: 1_700_000_000_000 + 1000 * index,
    view,
    scores: scoresOf(view),
    plan: [],
    clamps: [],
    skipped: [],
    outcomes: [],
    errors: [],
    timing: {
      sample: 2,
      observe: 0,
      decide: 1,
      guard: 0,
      actuate: 3,
      followUp: 0,
      total: 6,
      period: index > 0 ? 1000 : undefined,
    },
    summary: 'a summary',
    ...more,
  }
}

/** The outcome of an action that was carried out. */
export function applied(action: Action): Outcome {
  return { action, status: 'applied', error: undefined, duration: 1 }
}
