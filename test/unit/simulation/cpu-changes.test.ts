import { describe, expect, it } from 'vitest'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { DomainState } from '../../../lib/host/sample.ts'
import { type Load, scenarios, simulate } from '../../../lib/simulation/index.ts'
import { between } from './spans.ts'

const spin: Load = { kind: 'spin' }

describe('changes', () => {
  it('of a load show from their time on', async () => {
    const host = simulate(scenarios.A7())
    const before = await between(host, 10_000, 20_000)
    const after = await between(host, 20_000, 30_000)
    for (const [row, usage] of after.usage.entries()) {
      const turned = row < 4
      expect(before.usage[row]).toBeLessThan(0.15)
      if (turned) expect(usage).toBeGreaterThan(0.38)
      else expect(usage).toBeLessThan(0.15)
    }
  })

  it('pause and resume: nothing runs and nothing waits in between', async () => {
    const host = simulate({
      pcpus: 1,
      domains: [
        { name: 'paused', vcpus: [{ load: spin }] },
        { name: 'other', vcpus: [{ load: spin }] },
      ],
      changes: [
        { at: 2_000, domain: 'paused', kind: 'pause' },
        { at: 5_000, domain: 'paused', kind: 'resume' },
      ],
    })
    const meanwhile = await between(host, 2_001, 5_000)
    expect(meanwhile.state[0]).toBe(DomainState.paused)
    expect([meanwhile.usage[0], meanwhile.delay[0]]).toEqual([0, 0])
    expect(meanwhile.usage[1]).toBeGreaterThan(0.97)
    const afterwards = await between(host, 5_001, 9_000)
    expect(afterwards.state[0]).toBe(DomainState.running)
    expect(afterwards.usage[0]).toBeCloseTo(0.49, 1)
  })

  it('boot a started guest: its first vCPU is busy, then its load begins', async () => {
    const host = simulate({
      pcpus: 2,
      domains: [{ name: 'late', running: false, vcpus: [{ load: { kind: 'idle' } }, { load: spin }] }],
      changes: [{ at: 3_000, domain: 'late', kind: 'start' }],
    })
    expect(await host.domains()).toEqual([])
    const booting = await between(host, 3_500, 7_000)
    expect(booting.usage[0]).toBeGreaterThan(0.97)
    expect(booting.usage[1]).toBe(0)
    const up = await between(host, 9_000, 12_000)
    expect(up.usage[0]).toBeLessThan(0.05)
    expect(up.usage[1]).toBeGreaterThan(0.97)
  })

  it('restart a guest without its pins and its plugged vCPU', async () => {
    const host = simulate({
      pcpus: 4,
      domains: [{ name: 'guest', vcpus: [{ affinity: '0-1' }] }],
      changes: [
        { at: 1_000, domain: 'guest', kind: 'plug', vcpu: { affinity: '2' } },
        { at: 2_000, domain: 'guest', kind: 'restart' },
      ],
    })
    await host.clock.sleepUntil(1_500)
    const { uuid } = await host.domain('guest')
    await host.pinVcpu(uuid, 0, CpuSet.of(3))
    expect([...(await host.sampleCpu()).affinity]).toEqual([0b1000, 0b0100])
    await host.clock.sleepUntil(2_001)
    expect([...(await host.sampleCpu()).affinity]).toEqual([0b0011])
  })
})

describe('a pin of somebody else', () => {
  it('sends the vCPU there, and is told', async () => {
    const changes = [{ at: 1_000, domain: 'guest', kind: 'pin', vcpu: 0, affinity: '1' } as const]
    const vcpus = [{ affinity: '0', load: spin }]
    const host = simulate({ pcpus: 2, domains: [{ name: 'guest', vcpus }], changes })
    const told: string[] = []
    host.subscribe((event) => event.kind === 'vcpuPin' && told.push(`${event.vcpu} to ${event.cpus}`))
    const { pcpu } = await between(host, 0, 2_000)
    expect([...pcpu]).toEqual([1])
    expect(told).toEqual(['0 to 1'])
  })
})
