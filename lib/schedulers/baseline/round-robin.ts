import { CpuSet } from '../../host/cpuset.ts'
import { isRunning } from '../../host/sample.ts'
import { type PinAction, type PurePolicy, pin } from '../../policy/plan.ts'

/**
 * vCPUs onto pCPUs in turn: the first on the first online pCPU, the next on the next, and over again, in the
 * order in which the View lists them. One that may not be on its pCPU goes onto the next where
 * it may. Looks at no load at all; it is what everything else should be better than.
 *
 * Once all are placed, there is nothing to do until a domain starts or ends. A paused domain keeps its place.
 */
export function roundRobin(): PurePolicy<PinAction> {
  return (view) => {
    const pcpus = [...view.online]
    let turn = 0
    return view.vcpus.flatMap((vcpu) => {
      const found = nextAllowed(pcpus, turn, vcpu.allowed)
      if (found === undefined) return []
      turn = found + 1

      const cpu = pcpus[found]!
      const cpus = CpuSet.of(cpu)
      if (!isRunning(vcpu.domain.state) || !vcpu.affinity || vcpu.affinity.equals(cpus)) return []
      return [pin(vcpu, cpus, { kind: 'round-robin', to: cpu })]
    })
  }
}

/** Index of the first allowed pCPU from `turn` on, once around. */
function nextAllowed(pcpus: readonly number[], turn: number, allowed: CpuSet): number | undefined {
  for (let step = 0; step < pcpus.length; step++) {
    const index = (turn + step) % pcpus.length
    if (allowed.has(pcpus[index]!)) return index
  }
  return undefined
}
