import { expect } from 'vitest'
import { autopilot } from '../../../../lib/control/autopilot.ts'
import type { Journal } from '../../../../lib/control/journal/journal.ts'
import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { pin, setMemory } from '../../../../lib/policy/plan.ts'
import { MiB } from '../../../../lib/util/units.ts'
import type { View } from '../../../../lib/view/view.ts'
import type { FakeHost } from '../fake-host.ts'

/** Pins all to pCPU 3. */
export const scheduler = (view: View) => view.vcpus.map((vcpu) => pin(vcpu, CpuSet.of(3), 'test'))
/** Gives all the same. */
const resize = (bytes: number) => (view: View) =>
  view.domains.map((domain) => setMemory(domain, bytes, 'test'))

/** Has a loop pin all, and give all so many bytes. */
export async function change(host: FakeHost, journal: Journal, bytes = 640 * MiB): Promise<void> {
  const options = { interval: 1_000, ticks: 2, journal, scheduler, ballooning: resize(bytes) }
  for await (const tick of autopilot(host, options)) expect(tick.errors).toEqual([])
}

/** Of each guest: name, MiB, statistics period, affinities. */
export const settings = (host: FakeHost) =>
  host.guests.map(({ name, actual, vcpus, period }) => [
    name,
    actual / MiB,
    period,
    ...vcpus.map(({ affinity }) => `${affinity}`),
  ])
