import { describe, expect, it } from 'vitest'
import { autopilot } from '../../../../lib/control/autopilot.ts'
import type { Tick } from '../../../../lib/control/tick.ts'
import { balance } from '../../../../lib/schedulers/index.ts'
import {
  type DomainScenario,
  type Load,
  type Scenario,
  type SimulatedHost,
  simulate,
} from '../../../../lib/simulation/index.ts'

const spin: Load = { kind: 'spin' }
const interval = 1_000

function guest(name: string, affinity: string, cpuQuota?: DomainScenario['cpuQuota']): DomainScenario {
  return { name, vcpus: [{ affinity, load: spin }], ...(cpuQuota && { cpuQuota }) }
}

/** Three guests of a quarter of a pCPU on pCPU 0, and a fourth beside two without a quota on pCPU 1. */
const crowd: Scenario = {
  pcpus: 2,
  domains: [
    ...['a', 'b', 'c'].map((name) => guest(name, '0', { vcpu: 0.25 })),
    guest('d', '1', { vcpu: 0.25 }),
    guest('e', '1'),
    guest('f', '1'),
  ],
}

/** The same host, whose counters do not tell for how long quotas held a vCPU back: as on a remote one. */
function withoutThrottling(host: SimulatedHost): SimulatedHost {
  return new Proxy(host, {
    get(target, name) {
      if (name === 'sampleCpu') return async () => ({ ...(await target.sampleCpu()), throttled: undefined })
      const value = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

async function ticksOf(host: SimulatedHost, ticks: number, policy: 'balance' | 'none'): Promise<Tick[]> {
  const all: Tick[] = []
  const scheduler = policy === 'balance' ? balance() : () => []
  for await (const tick of autopilot(host, { interval, ticks, scheduler })) all.push(tick)
  return all
}

describe.each([
  ['counted by the host', (host: SimulatedHost) => host],
  ['not counted by the host', withoutThrottling],
])('what a quota holds back, %s', (_, seenBy) => {
  it('is neither demand nor delay', async () => {
    const ticks = await ticksOf(seenBy(simulate(crowd)), 6, 'none')
    const { vcpus } = ticks.at(-1)!.view
    expect(vcpus.map(({ demand }) => Math.round(100 * demand!))).toEqual([25, 25, 25, 25, 100, 100])
    for (const { demandRange } of vcpus.slice(0, 4)) expect(demandRange!.high).toBeLessThanOrEqual(0.25)
    // With 75 % of the time in the queue by the kernel's count.
    for (const { delay } of vcpus.slice(0, 3)) expect(delay ?? 0).toBeLessThan(0.45)
    expect(vcpus[4]!.delay).toBeGreaterThan(0.6)
  })

  it('does not hide that two moves give all what they may have', async () => {
    const ticks = await ticksOf(seenBy(simulate(crowd)), 20, 'balance')
    const moves = ticks.flatMap(({ outcomes }) => outcomes)
    expect(moves).toHaveLength(2)
    const usage = (tick: Tick | undefined) =>
      tick!.view.vcpus.map((vcpu) => Math.round(20 * vcpu.usage!) / 20)
    expect(usage(ticks[1])).toEqual([0.25, 0.25, 0.25, 0.25, 0.35, 0.35])
    expect(usage(ticks.at(-1))).toEqual([0.25, 0.25, 0.25, 0.25, 0.5, 0.5])
  })
})

it('a quota of all threads together bounds what the vCPUs want together', async () => {
  const busy = { affinity: 'any', load: spin }
  const half: Load = { kind: 'loop', work: 3, sleep: 17 }
  const domains: DomainScenario[] = [
    { name: 'wide', vcpus: [busy, busy, { affinity: 'any', load: half }], cpuQuota: { global: 1 } },
  ]
  const ticks = await ticksOf(simulate({ pcpus: 4, domains }), 12, 'none')
  const { vcpus, domains: seen } = ticks.at(-1)!.view
  const demands = vcpus.map(({ demand }) => demand!)
  expect(demands.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(1.001)
  expect(demands[0]).toBeCloseTo(demands[1]!, 1)
  expect(demands[2]).toBeLessThan(0.3)
  expect(seen[0]!.cpuQuota).toEqual({ vcpu: undefined, global: 1, emulator: undefined })
  expect(vcpus[0]!.throttled).toBeGreaterThan(0.3)
})

it('a change of the quota is taken up', async () => {
  const changes = [{ at: 5_500, domain: 'a', kind: 'cpuQuota' as const, cpuQuota: { vcpu: 0.75 } }]
  const ticks = await ticksOf(simulate({ ...crowd, changes }), 12, 'none')
  const demandOf = (tick: number) => ticks[tick]!.view.vcpus[0]!.demand
  expect(demandOf(5)).toBeCloseTo(0.25, 2)
  expect(demandOf(9)).toBeCloseTo(0.75, 1)
})
