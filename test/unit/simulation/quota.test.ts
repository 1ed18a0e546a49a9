import { describe, expect, it } from 'vitest'
import type { HostEvent } from '../../../lib/host/host.ts'
import { type DomainScenario, type Load, simulate } from '../../../lib/simulation/index.ts'
import { between } from './spans.ts'

const spin: Load = { kind: 'spin' }

/** A guest of so many vCPUs on pCPU 0 and up, each computing without end, or as `load` says. */
function guest(vcpus: number, cpuQuota: DomainScenario['cpuQuota'], load = spin): DomainScenario {
  const list = Array.from({ length: vcpus }, (_, i) => ({ affinity: `${i}`, load }))
  return { name: 'guest', vcpus: list, ...(cpuQuota && { cpuQuota }) }
}

function host(...domains: DomainScenario[]) {
  return simulate({ pcpus: 2, background: 0, domains })
}

describe('a quota of a quarter of a pCPU', () => {
  it('holds a vCPU back for the rest, which counts as delay and as throttled, as Linux has it', async () => {
    const { usage, delay, throttled } = await between(host(guest(1, { vcpu: 0.25 })), 1_000, 11_000)
    expect(usage[0]).toBeCloseTo(0.25, 2)
    expect(delay[0]).toBeCloseTo(0.75, 2)
    expect(throttled![0]).toBeCloseTo(0.75, 2)
  })

  it('takes no more than the others on its pCPU leave: what it waits for them is not throttled', async () => {
    const others = Array.from({ length: 9 }, (_, i) => ({
      name: `o${i}`,
      vcpus: [{ affinity: '0', load: spin }],
    }))
    const { usage, delay, throttled } = await between(
      host(guest(1, { vcpu: 0.25 }), ...others),
      1_000,
      11_000,
    )
    expect(usage[0]).toBeCloseTo(0.1, 1)
    expect(usage[0]! + delay[0]!).toBeCloseTo(1, 2)
    expect(throttled![0]).toBeLessThan(0.02)
  })

  it('is nothing to a guest that wants less', async () => {
    const load: Load = { kind: 'loop', work: 2, sleep: 18 }
    const { usage, throttled } = await between(host(guest(1, { vcpu: 0.25 }, load)), 1_000, 11_000)
    expect(usage[0]).toBeCloseTo(0.1, 1)
    expect(throttled![0]).toBe(0)
  })

  it('holds for one period at a time: a burst waits for the next', async () => {
    const load: Load = { kind: 'loop', work: 150, sleep: 850 }
    const long = await between(host(guest(1, { vcpu: 0.25, period: 1_000 }, load)), 1_000, 31_000)
    const short = await between(host(guest(1, { vcpu: 0.25, period: 10 }, load)), 1_000, 31_000)
    expect(long.throttled![0]).toBeLessThan(0.06)
    // 150 ms of work take 600 ms.
    expect(short.throttled![0]).toBeGreaterThan(0.25)
  })

  it('can be shared by all vCPUs', async () => {
    const { usage, throttled } = await between(host(guest(2, { global: 0.5 })), 1_000, 11_000)
    expect(usage[0]! + usage[1]!).toBeCloseTo(0.5, 2)
    expect(throttled![0]! + throttled![1]!).toBeCloseTo(1.5, 1)
  })
})

it('a change of quotas takes effect at once and is told', async () => {
  const changes = [
    { at: 2_000, domain: 'guest', kind: 'cpuQuota' as const, cpuQuota: { vcpu: 0.5 } },
    { at: 12_000, domain: 'guest', kind: 'cpuQuota' as const, cpuQuota: {} },
  ]
  const simulated = simulate({ pcpus: 1, background: 0, domains: [guest(1, undefined)], changes })
  const heard: HostEvent[] = []
  simulated.subscribe((event) => heard.push(event))
  expect((await between(simulated, 1_000, 2_000)).usage[0]).toBeCloseTo(1, 3)
  expect((await between(simulated, 2_001, 12_000)).usage[0]).toBeCloseTo(0.5, 2)
  const uuid = (await simulated.domains())[0]!.uuid
  expect(await simulated.cpuQuota(uuid)).toEqual({ vcpu: 0.5, global: undefined, emulator: undefined })
  expect((await between(simulated, 12_100, 13_000)).usage[0]).toBeCloseTo(1, 3)
  expect(heard.filter(({ kind }) => kind === 'cpuQuota')).toHaveLength(2)
})

it('what is throttled is part of the delay, also of a guest that is paused, plugged and moved meanwhile', async () => {
  const changes = [
    { at: 500, domain: 'guest', kind: 'pin' as const, vcpu: 0, affinity: '1' },
    { at: 1_030, domain: 'guest', kind: 'pause' as const },
    { at: 1_530, domain: 'guest', kind: 'resume' as const },
    { at: 1_600, domain: 'guest', kind: 'plug' as const, vcpu: { affinity: '0', load: spin } },
    { at: 1_900, domain: 'guest', kind: 'unplug' as const },
  ]
  const domains = [guest(1, { vcpu: 0.25, global: 0.3 })]
  const simulated = simulate({ pcpus: 2, background: 0, domains, changes })
  const { usage, delay, throttled } = await between(simulated, 200, 4_200)
  expect(throttled![0]).toBeLessThanOrEqual(delay[0]! + 1e-9)
  expect(usage[0]! + delay[0]!).toBeCloseTo(1 - 500 / 4_000, 2)
})
