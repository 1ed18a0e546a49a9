import { type AutopilotOptions, autopilot } from '../../../lib/control/autopilot.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { pin, setMemory } from '../../../lib/policy/plan.ts'
import type { View } from '../../../lib/view/view.ts'
import type { FakeHost } from './fake-host.ts'

/** Policies that want the same whatever they see. */
export const quiet = () => []
export const allTo = (cpu: number) => (view: View) =>
  view.vcpus.map((vcpu) => pin(vcpu, CpuSet.of(cpu), 'test'))
export const allToSize = (bytes: number) => (view: View) =>
  view.domains.map((domain) => setMemory(domain, bytes, 'test'))

/** All ticks of a loop that ends. */
export async function ticksOf(host: FakeHost, options: AutopilotOptions): Promise<Tick[]> {
  const ticks: Tick[] = []
  for await (const tick of autopilot(host, options)) ticks.push(tick)
  return ticks
}
