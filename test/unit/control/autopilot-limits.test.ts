import { describe, expect, it } from 'vitest'
import { autopilot } from '../../../lib/control/autopilot.ts'
import { memoryJournal } from '../../../lib/control/journal/journal.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { DomainState } from '../../../lib/host/sample.ts'
import { pin, type Scheduler } from '../../../lib/policy/plan.ts'
import { GiB, MiB } from '../../../lib/util/units.ts'
import { FakeHost, guest } from './fake-host.ts'
import { allTo, allToSize, quiet, ticksOf } from './loops.ts'

describe('what is never done', () => {
  it('a dry run changes nothing and journals nothing', async () => {
    const host = new FakeHost([guest(1, { period: undefined }), guest(2)])
    const journal = memoryJournal()
    const options = { interval: 1_000, ticks: 3, dryRun: true, journal }
    const ticks = await ticksOf(host, { ...options, scheduler: allTo(1), ballooning: allToSize(600 * MiB) })
    expect(host.calls).toEqual([])
    expect(await journal.entries()).toEqual([])
    expect(ticks.at(-1)!.outcomes.map(({ status }) => status)).toEqual(['dry-run', 'dry-run', 'dry-run'])
    expect(ticks.at(-1)!.summary).toContain('dry run: 2 pins')
  })

  it('a read-only host is watched, and not changed', async () => {
    const host = new FakeHost([guest(1, { period: undefined })], { readOnly: true })
    expect(await ticksOf(host, { interval: 1_000, ticks: 2 })).toHaveLength(2)
    expect(
      await ticksOf(host, { interval: 1_000, ticks: 2, scheduler: allTo(1), dryRun: true }),
    ).toHaveLength(2)
    expect(host.calls).toEqual([])
    const looks = host.looks.length
    await expect(ticksOf(host, { interval: 1_000, scheduler: quiet })).rejects.toMatchObject({
      code: 'ERR_PERMISSION_DENIED',
    })
    expect(host.looks).toHaveLength(looks)
  })

  it('makes no call at all while idle', async () => {
    const host = new FakeHost([guest(1), guest(2)])
    const ticks = await ticksOf(host, {
      interval: 1_000,
      ticks: 30,
      scheduler: allTo(2),
      ballooning: allToSize(600 * MiB),
    })
    expect(host.calls.toSorted()).toEqual([
      'pinVcpu vm1 0 2',
      'pinVcpu vm2 0 2',
      'setMemory vm1 600',
      'setMemory vm2 600',
    ])
    expect(ticks.slice(1).every(({ outcomes }) => outcomes.length === 0)).toBe(true)
    expect(ticks.at(-1)!.summary).toBe('tick 29: 2 guests, deviation 43.3 %, all scores 100, no change')
  })

  it('domains outside the glob are counted and left alone', async () => {
    const host = new FakeHost([guest(1), guest(2, { name: 'db' })])
    const [tick] = await ticksOf(host, {
      interval: 1_000,
      ticks: 1,
      match: 'vm*',
      scheduler: allTo(2),
      ballooning: quiet,
    })
    expect(host.calls.toSorted()).toEqual(['pinVcpu vm1 0 2'])
    expect(tick!.skipped.map(({ domain, what }) => `${domain} ${what}`)).toEqual(['db vcpus', 'db memory'])
    expect(tick!.view.memory.committed).toBeGreaterThan(2 * GiB)
  })

  it('a paused domain is left alone', async () => {
    const host = new FakeHost([guest(1, { state: DomainState.paused })])
    const [tick] = await ticksOf(host, { interval: 1_000, ticks: 1, scheduler: allTo(2) })
    expect(host.calls).toEqual([])
    expect(tick!.clamps).toMatchObject([{ rule: 'unmanaged', instead: undefined, cause: { kind: 'paused' } }])
  })
})

describe('another program', () => {
  it('who pins a vCPU that Ballast had pinned is not fought until the domain restarts', async () => {
    const host = new FakeHost([guest(1), guest(2)])
    const ticks: Tick[] = []
    for await (const tick of autopilot(host, { interval: 1_000, ticks: 8, scheduler: allTo(2) })) {
      ticks.push(tick)
      const one = host.guests[0]!
      if (tick.index === 1) one.vcpus[0]!.affinity = CpuSet.of(0)
      if (tick.index === 3) one.vcpus[0]!.affinity = CpuSet.of(2)
      if (tick.index === 4) one.vcpus[0]!.affinity = CpuSet.of(1)
      if (tick.index === 5) {
        one.id = 77
        one.vcpus[0]!.affinity = CpuSet.range(0, 3)
      }
    }
    expect(host.calls).toEqual(['pinVcpu vm1 0 2', 'pinVcpu vm2 0 2', 'pinVcpu vm1 0 2'])
    expect(ticks[2]!.clamps[0]).toMatchObject({ rule: 'external-change', instead: undefined })
    expect(ticks[2]!.skipped).toMatchObject([
      {
        domain: 'vm1',
        what: 'vcpus',
        rule: 'external-change',
        reason: { kind: 'vcpu-pinned-externally', vcpu: 0, cpus: CpuSet.of(0) },
      },
    ])
    expect(ticks[5]!.clamps[0]).toMatchObject({ rule: 'external-change' })
    expect(ticks[6]!.outcomes).toMatchObject([{ status: 'applied' }])
  })

  it('is not blamed for what the kernel made of a pin, and it is not asked for again', async () => {
    const host = new FakeHost([guest(1)])
    const wide: Scheduler = (view) => view.vcpus.map((vcpu) => pin(vcpu, CpuSet.of(1, 2, 3), 'test'))
    const ticks: Tick[] = []
    for await (const tick of autopilot(host, { interval: 1_000, ticks: 4, scheduler: wide })) {
      ticks.push(tick)
      if (tick.index === 0) host.guests[0]!.vcpus[0]!.affinity = CpuSet.of(1, 2)
      if (tick.index === 2) host.guests[0]!.vcpus[0]!.affinity = CpuSet.of(1)
    }
    expect(host.calls).toEqual(['pinVcpu vm1 0 1-3'])
    expect(ticks.map(({ clamps }) => clamps.map(({ rule }) => rule))).toEqual([
      [],
      ['no-change'],
      ['no-change'],
      ['external-change'],
    ])
  })
})
