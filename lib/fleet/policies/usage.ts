import { wrongOption } from '../../host/errors.ts'
import { assertPositiveFraction } from '../../policy/options.ts'
import { stepsOf } from '../plan/build.ts'
import type { FleetPlan } from '../plan/step.ts'
import { Search } from '../search/search.ts'
import type { FleetGuest, FleetHost, FleetView } from '../view/fleet-view.ts'
import type { FleetPolicy } from './fleet-policy.ts'
import { hindrance } from './hindrance.ts'

export interface FleetUsageOptions {
  /** What is compared. Default `cpu`. */
  readonly by?: 'cpu' | 'memory' | undefined
  /** Difference between the most and the least used host that is tolerated, as a part of a host. Above 0, up to 1. Default 0.1. */
  readonly difference?: number | undefined
}

/**
 * Baseline: what published balancers do. When the usage of the most and of the least used host differ by more than is
 * tolerated, the guest with the largest usage goes from one to the other, one in each round; neither what it waits for nor what
 * its migration costs counts. As ProxLB does it by the method `used` with a `balanciness` of 10 (credativ/ProxLB), but within the same rules and budgets
 * as the other policies.
 */
export function usage(options: FleetUsageOptions = {}): FleetPolicy {
  const { by = 'cpu', difference: most = 0.1 } = options
  if (by !== 'cpu' && by !== 'memory') throw wrongOption('by', "'cpu' or 'memory'", by)
  assertPositiveFraction('difference', most)
  const part = by === 'cpu' ? cpuPart : memoryPart

  function planFor(view: FleetView): FleetPlan {
    const hindered = hindrance(view)
    if (hindered) return hindered
    const used = view.hosts.map((host) => host.guests.reduce((sum, guest) => sum + part(guest, host), 0))
    const open = view.hosts
      .filter(({ hold }) => hold === undefined)
      .sort((a, b) => used[a.row]! - used[b.row]!)
    const [least, fullest] = [open[0], open.at(-1)]
    const difference = least && fullest ? used[fullest.row]! - used[least.row]! : 0
    const reason = { kind: 'usage-differs', difference, most } as const
    if (!least || !fullest || difference <= most || view.migrations.length > 0) {
      return { steps: [], reason, alternatives: [] }
    }
    const search = new Search(view)
    const { columns } = search
    const sizeOf = (unit: number) => {
      return columns.units[unit]!.guests.reduce((sum, guest) => sum + part(guest, fullest), 0)
    }
    const unit = search
      .movable(fullest.row, false)
      .sort((a, b) => sizeOf(b) - sizeOf(a))
      .find((one) => columns.isAllowed(one, least.row, true) && columns.fits(one, least.row))
    if (unit === undefined || sizeOf(unit) <= 0) return { steps: [], reason, alternatives: [] }
    search.put(unit, least.row, { kind: 'usage-spread', difference, most, usage: sizeOf(unit) })
    return { ...stepsOf(columns, search.decisions), reason, alternatives: [] }
  }

  return {
    name: 'usage',
    initialState: undefined,
    decide: (view) => ({ plan: planFor(view), state: undefined }),
  }
}

function cpuPart({ report }: FleetGuest, { capacity }: FleetHost): number {
  return capacity > 0 ? (report.cpu.usage ?? 0) / capacity : 0
}

function memoryPart({ report }: FleetGuest, { budget }: FleetHost): number {
  return budget > 0 ? (report.memory.need ?? report.memory.committed) / budget : 0
}
