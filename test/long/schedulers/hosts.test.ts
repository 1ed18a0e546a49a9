import { expect, it } from 'vitest'
import type { Topology } from '../../../lib/host/topology.ts'
import { readTopology } from '../../../lib/libvirt/capabilities.ts'
import { balance } from '../../../lib/schedulers/index.ts'
import { type DomainScenario, simulate } from '../../../lib/simulation/index.ts'
import { type HostName, hosts } from '../../support/hosts/corpus.ts'
import { descriptionOf, sysfsOf } from '../../support/hosts/description.ts'
import { ticksOf } from '../../unit/schedulers/ticks.ts'
import { seeded } from '../../unit/schedulers/world.ts'

const settlingTicks = 20
const idleTicks = 200

/** Guests of one vCPU, each pinned somewhere by chance, most of them near the first pCPU: two of three compute, the third idles. */
function guestsOn({ online }: Topology): DomainScenario[] {
  const uniform = seeded(7)
  const pcpus = [...online]
  return Array.from({ length: 3 * Math.min(pcpus.length, 40) }, (_, guest) => {
    const place = pcpus[Math.floor(pcpus.length * uniform() ** 2)]!
    const load = { kind: guest % 3 === 0 ? 'idle' : 'spin' } as const
    return { name: `guest${guest}`, vcpus: [{ affinity: `${place}`, load }] }
  })
}

it.each(Object.keys(hosts) as HostName[])('%s: balanced, and then nothing is pinned', async (name) => {
  const topology = readTopology(descriptionOf(hosts[name], '12.9'), sysfsOf(hosts[name]))
  await using host = simulate({ pcpus: topology, domains: guestsOn(topology), background: 0 })
  const ticks = await ticksOf(host, { interval: 200, scheduler: balance(), ticks: settlingTicks + idleTicks })
  expect(ticks.flatMap(({ errors }) => errors)).toEqual([])
  const statuses = ticks.map(({ outcomes }) => outcomes.map(({ status }) => status))
  expect(statuses.slice(0, settlingTicks).flat()).toContain('applied')
  expect(statuses.slice(settlingTicks).flat()).toEqual([])
  // Unequal pCPUs share whole guests as they can: then nothing that is known is better by a quarter.
  const { front, lowerBound, tolerated, reason } = ticks.at(-1)!.explanation!
  const { deviation } = front[0]!
  if (reason.kind === 'balance-within-tolerance')
    expect(deviation).toBeLessThanOrEqual(Math.hypot(lowerBound, tolerated))
  else expect(front.at(-1)!.deviation).toBeGreaterThanOrEqual(0.75 * deviation)
})
