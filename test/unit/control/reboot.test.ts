import { describe, expect, it } from 'vitest'
import { shares } from '../../../lib/ballooning/shares.ts'
import { autopilot } from '../../../lib/control/autopilot.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import { simulate } from '../../../lib/simulation/index.ts'
import { GiB, MiB } from '../../../lib/util/units.ts'

const interval = 1_000
const rebootAt = 20_500

/** A guest with half of its 2 GiB that reboots, beside one that wants all that it can get from then on. */
function hostOf() {
  return simulate({
    pcpus: 2,
    memory: 8 * GiB,
    domains: [
      { name: 'rebooter', memory: { maximum: 2 * GiB, actual: GiB, program: { size: 700 * MiB } } },
      { name: 'grower', memory: { maximum: 6 * GiB, actual: GiB, program: { size: 200 * MiB } } },
    ],
    changes: [
      { at: rebootAt, domain: 'rebooter', kind: 'reboot' },
      { at: rebootAt, domain: 'grower', kind: 'program', program: { size: 6 * GiB, rate: 400 * MiB } },
    ],
  })
}

describe('a guest that reboots', () => {
  it('has all of its memory on account, and nothing is decided on what it told before', async () => {
    const host = hostOf()
    const { uuid } = await host.domain('rebooter')
    const booting: Tick[] = []
    const after: Tick[] = []
    for await (const tick of autopilot(host, { interval, ticks: 45, ballooning: shares() })) {
      const truth = host.truth(uuid)!
      if (tick.view.time < rebootAt) continue
      const [memory] = tick.view.domains.map((domain) => domain.memory)
      const isUp = memory!.hold === undefined
      if (isUp) after.push(tick)
      else booting.push(tick)
      // What it really has is never more than what it counts for.
      expect(memory!.actual).toBeGreaterThanOrEqual(truth.actual - 256 * MiB * Number(isUp))
      expect(tick.view.memory.committed).toBeLessThanOrEqual(tick.view.memory.budget)
    }
    expect(booting.length).toBeGreaterThanOrEqual(4)
    for (const { skipped, plan, view } of booting) {
      expect(view.domains[0]!.memory).toMatchObject({ hold: 'booting', actual: 2 * GiB, need: undefined })
      expect(plan.filter((action) => action.uuid === uuid)).toEqual([])
      expect(skipped.find((one) => one.uuid === uuid)?.reason).toEqual({ kind: 'booting' })
    }
    expect(after.length).toBeGreaterThan(15)
    expect(after.at(-1)!.view.domains[0]!.memory.need!.inUse).toBeGreaterThan(700 * MiB)
    expect(host.toll.hostSwapped).toBe(0)
  })

  it('does not count as load while it boots', async () => {
    const demands: (number | undefined)[] = []
    for await (const { view } of autopilot(hostOf(), { interval, ticks: 26 })) {
      if (view.time > rebootAt + interval) demands.push(view.domains[0]!.vcpus[0]!.demand)
    }
    expect(demands.slice(0, 2)).toEqual([undefined, undefined])
  })
})
