import { standardDeviation } from '../util/statistics.ts'
import { pcpuDemands } from '../view/cpu/pcpu-loads.ts'
import type { View } from '../view/view.ts'

/** Standard deviation of the demand on the online pCPUs, as a fraction of one pCPU. */
export function deviationOf(view: View): number {
  return standardDeviation(pcpuDemands(view))
}
