import { DomainState } from '../../../../lib/host/sample.ts'
import { MiB } from '../../../../lib/util/units.ts'
import { type DomainSettings, defaultSettings } from '../../../../lib/view/domain-settings.ts'
import type {
  DomainMemoryView,
  DomainView,
  HostMemoryView,
  MemoryNeed,
  View,
} from '../../../../lib/view/view.ts'
import { topologyOf } from '../../schedulers/world.ts'
import { unknownMemory } from '../../view/memory/samples.ts'

/** What a guest of a hand-made View is like, in MiB. */
export interface Sketch {
  readonly actual: number
  /** Default: it has been asked for nothing. */
  readonly target?: number
  /** Default: 1,920 MiB, or what it has. */
  readonly maximum?: number
  readonly inUse: number
  readonly swapDebt?: number
  readonly burst?: number
  /** MiB per second. */
  readonly growth?: number
  readonly underPressure?: boolean
  readonly swappedOut?: number
  readonly oomKilled?: boolean
  readonly cache?: number
  readonly settings?: Partial<DomainSettings>
  /** Replaces what is made of the rest; bytes. */
  readonly memory?: Partial<DomainMemoryView>
}

/** What the hypervisor of each guest holds beside its memory, in MiB. */
export const overhead = 64

/** A View of a host that has `free` MiB to grant, with these guests, at `time` in milliseconds. */
export function viewOf(
  guests: readonly Sketch[],
  free: number,
  time = 10_000,
  host: Partial<HostMemoryView> = {},
): View {
  const domains = guests.map(domainOf)
  const committed = guests.reduce(
    (sum, { actual, target = actual }) => sum + Math.max(actual, target) + overhead,
    0,
  )
  const reserve = 512
  const topology = topologyOf(1)
  return {
    time,
    wallTime: 0,
    interval: 2_000,
    topology,
    online: topology.online,
    pcpus: [],
    domains,
    vcpus: [],
    memory: {
      total: (committed + free + reserve) * MiB,
      free: (free + reserve) * MiB,
      available: (free + reserve) * MiB,
      state: 'high',
      pressure: undefined,
      reserve: reserve * MiB,
      reserved: 0,
      budget: (committed + free) * MiB,
      committed: committed * MiB,
      ...host,
    },
  }
}

function domainOf(sketch: Sketch, index: number): DomainView {
  const { actual, target, maximum = Math.max(1_920, actual), inUse, cache = 0, settings, memory } = sketch
  const { underPressure = false, swappedOut = 0, oomKilled = false } = sketch
  const usable = Math.max(0, actual - inUse) * MiB
  return {
    uuid: `g${index}`,
    name: `g${index}`,
    id: index + 1,
    state: DomainState.running,
    settings: { ...defaultSettings, ...settings },
    homeCell: undefined,
    vcpus: [],
    memory: {
      ...unknownMemory,
      age: 1_000,
      hold: undefined,
      maximum: maximum * MiB,
      actual: actual * MiB,
      target: target === undefined ? undefined : target * MiB,
      usable,
      unused: usable - cache * MiB,
      need: needOf(sketch),
      events: {
        swappedOut: swappedOut * MiB,
        majorFaultsPerSecond: 0,
        underPressure: underPressure,
        oomKilled: oomKilled,
      },
      rss: (Math.max(actual, target ?? 0) + overhead) * MiB,
      ...memory,
    },
  }
}

function needOf({ inUse, swapDebt = 0, burst = 0, growth = 0 }: Sketch): MemoryNeed {
  return {
    inUse: inUse * MiB,
    swapDebt: swapDebt * MiB,
    burst: burst * MiB,
    total: (inUse + swapDebt + burst) * MiB,
    growthPerSecond: growth * MiB,
  }
}
