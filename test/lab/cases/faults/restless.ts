import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { type PinAction, pin, type SetMemoryAction, setMemory } from '../../../../lib/policy/plan.ts'
import { MiB } from '../../../../lib/util/units.ts'
import type { View } from '../../../../lib/view/view.ts'

/**
 * What the balloons go between: more than the guests use and the guard keeps beside it, and so close that QEMU has it done
 * soon. One that has 64 MiB to let go of makes pins wait for 100 to 200 ms now and then here, and 250 ms are too late.
 */
const low = 240 * MiB
const high = 272 * MiB
/** What a guest of these policies is defined with. */
export const guestMiB = 288

/**
 * Pins every vCPU to the next pCPU in every tick, whatever is known of it: to leave it alone is the guard's job. They begin
 * on one pCPU after the other, so that they are not all crowded on the same.
 */
export const carousel = (view: View): PinAction[] => {
  const pcpus = [...view.topology.online]
  return view.vcpus.map((vcpu, index) => {
    const place = vcpu.affinity?.size === 1 ? pcpus.indexOf(vcpu.affinity.first!) : index
    return pin(vcpu, CpuSet.of(pcpus[(place + 1) % pcpus.length]!), 'on to the next')
  })
}

/** Asks every balloon that is large to become small, and the other way round. */
export const seesaw = (view: View): SetMemoryAction[] =>
  view.domains.map((domain) => {
    const large = (domain.memory.actual ?? 0) > (low + high) / 2
    return setMemory(domain, large ? low : high, large ? 'down' : 'up')
  })
