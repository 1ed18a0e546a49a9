import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { MiB } from '../../../../lib/host/units.ts'
import { type PinAction, pin, type SetMemoryAction, setMemory } from '../../../../lib/view/plan.ts'
import type { View } from '../../../../lib/view/view.ts'

/** What the balloons go between; guests use about 60 MiB, and the guard keeps 100 MiB more and 200 MiB in all. */
const low = 208 * MiB
const high = 272 * MiB
/** What a guest of these policies is defined with. */
export const guestMiB = 288

/** Pins every vCPU to the next pCPU in every tick, whatever is known of it: to leave it alone is the guard's job. */
export const carousel = (view: View): PinAction[] => {
  const pcpus = [...view.topology.online]
  return view.vcpus.map((vcpu) => {
    const place = pcpus.indexOf(vcpu.affinity?.first ?? -1)
    return pin(vcpu, CpuSet.of(pcpus[(place + 1) % pcpus.length]!), 'on to the next')
  })
}

/** Asks every balloon that is large to become small, and the other way round. */
export const seesaw = (view: View): SetMemoryAction[] =>
  view.domains.map((domain) => {
    const large = (domain.memory.actual ?? 0) > (low + high) / 2
    return setMemory(domain, large ? low : high, large ? 'down' : 'up')
  })
