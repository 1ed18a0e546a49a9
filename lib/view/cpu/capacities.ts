import type { Topology } from '../../host/topology.ts'

/** By pCPU number: how much work it does against the largest. */
export function capacitiesOf({ pcpus, cpuCount }: Topology): Float64Array {
  const capacities = new Float64Array(cpuCount).fill(1)
  for (const { id, capacity = 1 } of pcpus) capacities[id] = capacity
  return capacities
}
