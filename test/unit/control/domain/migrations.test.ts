import { describe, expect, it } from 'vitest'
import { autopilot } from '../../../../lib/control/autopilot.ts'
import { Migrations } from '../../../../lib/control/domain/migrations.ts'
import type { Tick } from '../../../../lib/control/tick.ts'
import { CpuSet } from '../../../../lib/host/cpuset.ts'
import type { HostEvent, HostListener } from '../../../../lib/host/host.ts'
import { pin, type Scheduler } from '../../../../lib/policy/plan.ts'
import { simulate } from '../../../../lib/simulation/index.ts'
import { GiB } from '../../../../lib/util/units.ts'
import { defaultSettings } from '../../../../lib/view/domain-settings.ts'

const domain = { uuid: 'u1', name: 'one', id: 3 }

/** Pins every vCPU elsewhere at each tick. */
const restless: Scheduler = (view) =>
  view.domains.flatMap(({ vcpus }) =>
    vcpus.map((vcpu) => pin(vcpu, CpuSet.of(vcpu.pcpu === 0 ? 1 : 0), 'restless')),
  )

describe('a domain that is being migrated', () => {
  it('is not managed until its migration has ended, and says why', () => {
    const migrations = new Migrations()
    expect(migrations.heed(domain, defaultSettings)).toBe(defaultSettings)
    migrations.hear({ kind: 'migration', domain, state: 'begun' })
    expect(migrations.heed(domain, defaultSettings)).toEqual({
      ...defaultSettings,
      managed: false,
      reason: { kind: 'being-migrated' },
    })
    const before = migrations.version
    migrations.hear({ kind: 'migration', domain, state: 'ended' })
    expect(migrations.heed(domain, defaultSettings)).toBe(defaultSettings)
    expect(migrations.version).not.toBe(before)
  })

  it('is another one after it was started again', () => {
    const migrations = new Migrations()
    migrations.hear({ kind: 'migration', domain, state: 'begun' })
    expect(migrations.heed({ ...domain, id: 4 }, defaultSettings)).toBe(defaultSettings)
  })

  it('is told of again by a host that was connected to anew', () => {
    const migrations = new Migrations()
    migrations.hear({ kind: 'migration', domain, state: 'begun' })
    const before = migrations.version
    migrations.hear({ kind: 'disconnected', reason: 'the daemon went away' })
    expect(migrations.heed(domain, defaultSettings)).toBe(defaultSettings)
    expect(migrations.version).not.toBe(before)
  })

  it('is left alone by the loop, which goes on with the others', async () => {
    const host = simulate({
      pcpus: 2,
      memory: 8 * GiB,
      domains: [
        { name: 'leaving', memory: { maximum: GiB } },
        { name: 'staying', memory: { maximum: GiB } },
      ],
    })
    const listeners = new Set<HostListener>()
    const subscribe = host.subscribe.bind(host)
    host.subscribe = (listener) => {
      listeners.add(listener)
      return subscribe(listener)
    }
    const leaving = await host.domain('leaving')
    const tell = (state: 'begun' | 'ended') => {
      const event: HostEvent = { kind: 'migration', domain: leaving, state }
      for (const listener of listeners) listener(event)
    }
    const ticks: Tick[] = []
    for await (const tick of autopilot(host, { interval: 1_000, ticks: 30, scheduler: restless })) {
      ticks.push(tick)
      if (tick.index === 9) tell('begun')
      if (tick.index === 19) tell('ended')
    }
    const pinned = (tick: Tick) => tick.outcomes.map((outcome) => outcome.action.domain)
    const reasons = (tick: Tick) => tick.skipped.map(({ domain, reason }) => [domain, reason.kind])
    expect(ticks.slice(0, 10).flatMap(pinned)).toContain('leaving')
    for (const tick of ticks.slice(10, 20)) {
      expect(pinned(tick)).not.toContain('leaving')
      expect(reasons(tick)).toContainEqual(['leaving', 'being-migrated'])
      // It is counted all the same.
      expect(tick.view.domains.map(({ name }) => name)).toContain('leaving')
    }
    expect(ticks.slice(10, 20).flatMap(pinned)).toContain('staying')
    expect(ticks.slice(20).flatMap(pinned)).toContain('leaving')
  })
})
