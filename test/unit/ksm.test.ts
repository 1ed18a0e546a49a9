import { describe, expect, it } from 'vitest'
import { autopilot } from '../../lib/control/autopilot.ts'
import type { Ksm } from '../../lib/host/ksm.ts'
import { adaptive } from '../../lib/ksm.ts'
import { type Scenario, simulate } from '../../lib/simulation/index.ts'
import { GiB } from '../../lib/util/units.ts'
import type { HostMemoryState, View } from '../../lib/view/view.ts'
import { World } from './schedulers/world.ts'

interface Figures {
  now?: number
  available?: number
  busy?: number | undefined
  state?: HostMemoryState
  ksm?: Partial<Ksm>
}

/** A remote host: only the rate can be set. */
const remote: Ksm = {
  pagesToScan: 100,
  sleep: 20,
  running: true,
  canSwitch: false,
  advisor: undefined,
  saved: 0,
}

/** What the policy makes of a host of 100 GiB; undefined: nothing. */
function decides({ now = 0, available = 0.5, busy = 0.1, state = 'high', ksm }: Figures, options = {}) {
  const view = new World(2, []).look()
  const seen: View = {
    ...view,
    pcpus: view.pcpus.map((pcpu) => ({ ...pcpu, busy })),
    memory: {
      ...view.memory,
      total: 100 * GiB,
      available: available * 100 * GiB,
      state,
      ksm: { ...remote, pagesToScan: now, ...ksm },
    },
  }
  return adaptive(options)(seen)[0]
}

describe('ksm', () => {
  it('scans faster and faster while memory is short and CPU idle, and slows down to rest after', () => {
    const paces = []
    let now = 0
    for (let tick = 0; tick < 8; tick++) {
      now = decides({ now, available: 0.1 })?.pagesToScan ?? now
      paces.push(now)
    }
    expect(paces).toEqual([300, 600, 900, 1200, 1250, 1250, 1250, 1250])
    for (let tick = 0; tick < 40; tick++) now = decides({ now, available: 0.5 })?.pagesToScan ?? now
    expect(now).toBe(0)
    expect(decides({ now, available: 0.5 })).toBeUndefined()
  })

  it('rests at once when the CPUs are busy', () => {
    expect(decides({ now: 900, available: 0.1, busy: 0.9 })).toEqual({
      kind: 'setKsm',
      running: undefined,
      pagesToScan: 0,
      sleep: 20,
      reason: { kind: 'ksm-pace', available: 0.1, busy: 0.9, from: 900, to: 0, sleep: 20 },
    })
    expect(decides({ now: 0, available: 0.1, busy: 0.9 })).toBeUndefined()
  })

  it('goes by the state of the host too, and does not flap at its edges', () => {
    expect(decides({ available: 0.5, state: 'soft' })?.pagesToScan).toBe(300)
    for (const [now, available, busy, expected] of [
      [0, 0.21, 0.1, undefined],
      [300, 0.21, 0.1, 600],
      [300, 0.26, 0.1, 250],
      [0, 0.1, 0.76, undefined],
      [300, 0.1, 0.76, 600],
      [300, 0.1, 0.81, 0],
    ] as const) {
      expect(decides({ now, available, busy })?.pagesToScan).toBe(expected)
    }
  })

  it('is switched on and off where Ballast may', () => {
    const off = { canSwitch: true, running: false, pagesToScan: 100 }
    expect(decides({ available: 0.1, ksm: off })).toMatchObject({ running: true, pagesToScan: 300 })
    expect(decides({ available: 0.5, ksm: off })).toBeUndefined()
    const on = { canSwitch: true, running: true, pagesToScan: 300 }
    expect(decides({ available: 0.1, busy: 0.9, ksm: on })).toMatchObject({
      running: false,
      pagesToScan: 300,
    })
    expect(decides({ available: 0.5, ksm: on })).toMatchObject({ running: true, pagesToScan: 250 })
  })

  it('leaves the pace to the kernel’s advisor', () => {
    const advised = { canSwitch: true, advisor: 'scan-time', pagesToScan: 777 }
    expect(decides({ available: 0.1, ksm: { ...advised, running: false } })).toMatchObject({
      running: true,
      pagesToScan: 777,
      reason: { kind: 'ksm-switch', to: 'on' },
    })
    expect(decides({ available: 0.1, ksm: { ...advised, running: true } })).toBeUndefined()
    expect(decides({ available: 0.1, busy: 0.9, ksm: { ...advised, running: true } })).toMatchObject({
      running: false,
      reason: { kind: 'ksm-switch', to: 'off' },
    })
    expect(decides({ available: 0.1, ksm: { ...advised, canSwitch: false, running: false } })).toBeUndefined()
  })

  it('does nothing about what is not known', () => {
    expect(decides({ available: Number.NaN })).toBeUndefined()
    const view = new World(2, []).look()
    expect(adaptive()(view)).toEqual([])
    expect(adaptive()({ ...view, memory: { ...view.memory, ksm: undefined } })).toEqual([])
  })

  it('refuses options that are none', () => {
    expect(() => adaptive({ shortBelow: 0 })).toThrow('`shortBelow`')
    expect(() => adaptive({ busyAbove: 1.1 })).toThrow('`busyAbove`')
  })

  it('works beside a simulated host’s guests: merges when they fill it, and rests when they leave', async () => {
    const scenario: Scenario = {
      pcpus: 2,
      memory: 4 * GiB,
      domains: [{ name: 'a', memory: { maximum: 3 * GiB, pinned: 'locked' } }],
      changes: [{ at: 20_500, domain: 'a', kind: 'stop' }],
    }
    const host = simulate(scenario)
    const paces = []
    for await (const tick of autopilot(host, { interval: 1_000, ticks: 60, ksm: adaptive() })) {
      expect(tick.errors).toEqual([])
      expect(tick.ksm?.skipped).toBeUndefined()
      const { running, pagesToScan } = tick.view.memory.ksm!
      paces.push(running ? pagesToScan : 0)
    }
    expect(paces[0]).toBe(100)
    expect(paces[15]).toBe(1_250)
    expect(paces.at(-1)).toBe(0)
  })
})
