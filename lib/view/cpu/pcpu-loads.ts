import { isRunning } from '../../host/sample.ts'
import { mean, standardDeviation } from '../../util/statistics.ts'
import type { VcpuView, View } from '../view.ts'
import { placeOf } from './placement.ts'

/** What the vCPUs that are on one pCPU did, as fractions of one pCPU. */
export interface PcpuLoad {
  readonly id: number
  /** Fraction of the interval that the pCPU was busy with anything at all. */
  readonly busy: number | undefined
  /** The vCPUs that are there, as `placeOf` says. */
  readonly vcpus: readonly VcpuView[]
  /** Sum of their known usage; undefined when some are there and the usage of none is known. */
  readonly usage: number | undefined
  /** Sum of their known demand. */
  readonly demand: number
}

/** The load of each online pCPU, in ascending order. */
export function pcpuLoads(view: View): PcpuLoad[] {
  const there = new Map<number, VcpuView[]>(Array.from(view.online, (id) => [id, []]))
  for (const vcpu of view.vcpus) {
    const place = placeOf(vcpu)
    if (place !== undefined) there.get(place)?.push(vcpu)
  }
  const busy = new Map(view.pcpus.map((pcpu) => [pcpu.id, pcpu.busy]))
  return Array.from(there, ([id, vcpus]) => {
    const known = vcpus.flatMap((vcpu) => vcpu.usage ?? [])
    return {
      id,
      busy: busy.get(id),
      vcpus,
      usage: known.length === 0 && vcpus.length > 0 ? undefined : sum(known),
      demand: sum(vcpus.map((vcpu) => vcpu.demand ?? 0)),
    }
  })
}

/** Standard deviation of the demand on the online pCPUs, as a fraction of one pCPU: what is shown as deviation. */
export function deviationOf(view: View): number {
  return standardDeviation(pcpuDemands(view))
}

/**
 * The same in percent of the mean demand; 0 when there is no load at all. The deviation is that of the whole population,
 * and of guests alone, as the classic cases define balance: what else runs on a pCPU does not count, as `balance` does not
 * count it by default.
 */
export function deviationPercent(view: View): number {
  const demands = pcpuDemands(view)
  const middle = mean(demands)
  return middle > 0 ? (100 * standardDeviation(demands)) / middle : 0
}

/** The demand on each online pCPU, in ascending order, as a part of what that pCPU can do. */
export function pcpuDemands(view: View): Float64Array {
  const byNumber = new Float64Array(view.topology.cpuCount)
  for (const vcpu of view.vcpus) {
    const place = placeOf(vcpu)
    if (place !== undefined) byNumber[place]! += vcpu.demand ?? 0
  }
  for (const { id, capacity } of view.pcpus) byNumber[id]! /= capacity
  return Float64Array.from(view.online, (id) => byNumber[id] ?? 0)
}

/** Whether the usage of every vCPU of a running domain is known, and there is one. */
export function isFullSample(view: View): boolean {
  const running = view.vcpus.filter((vcpu) => isRunning(vcpu.domain.state))
  return running.length > 0 && running.every((vcpu) => vcpu.usage !== undefined)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
