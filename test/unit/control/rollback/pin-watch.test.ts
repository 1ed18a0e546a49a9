import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AutopilotOptions, autopilot } from '../../../../lib/control/autopilot.ts'
import type { Tick } from '../../../../lib/control/tick.ts'
import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { BallastError } from '../../../../lib/host/errors.ts'
import { pin } from '../../../../lib/policy/plan.ts'
import { sentenceOf } from '../../../../lib/policy/reason.ts'
import { tickRecord } from '../../../../lib/report/tick-json.ts'
import { balance } from '../../../../lib/schedulers/balance.ts'
import { VirtualClock } from '../../../../lib/simulation/clock.ts'
import { scenarios, simulate } from '../../../../lib/simulation/index.ts'
import type { View } from '../../../../lib/view/view.ts'
import { runs } from '../../../support/runs.ts'
import { FakeHost, guest } from '../fake-host.ts'

/**
 * vm1 on pCPU 0 and vm2 on pCPU 1, each of half a pCPU, four fifths of which it waits as soon as both are on one; and what a
 * test makes of that.
 */
function crowded(
  alter: (row: number, host: FakeHost) => { usage?: number; delay?: number } = () => ({}),
  options: ConstructorParameters<typeof FakeHost>[1] = {},
) {
  const vcpu = (pcpu: number) => [{ affinity: CpuSet.of(pcpu), pcpu, usage: 0.4 }]
  const host = new FakeHost([guest(1, { vcpus: vcpu(0) }), guest(2, { vcpus: vcpu(1) })], options)
  const { sampleCpu } = host
  host.sampleCpu = async () => {
    const sample = await sampleCpu.call(host)
    const together = sample.pcpu[0] === sample.pcpu[1]
    for (const row of [0, 1]) {
      const { usage = 0.4, delay = together ? 0.8 : 0.02 } = alter(row, host)
      sample.usage[row] = usage
      sample.delay[row] = delay
    }
    return sample
  }
  return host
}

/** Wants vm2 on pCPU 0, from the third View on. */
const together =
  (more: { expectedDelay?: number } = {}) =>
  (view: View) => {
    if (view.time < 3_000) return []
    return view.vcpus
      .filter(({ domain }) => domain.name === 'vm2')
      .map((vcpu) => ({ ...pin(vcpu, CpuSet.of(0), 'test'), ...more }))
  }

async function ticksOf(host: FakeHost, options: Partial<AutopilotOptions> = {}): Promise<Tick[]> {
  const ticks: Tick[] = []
  for await (const tick of autopilot(host, {
    interval: 1_000,
    ticks: 14,
    scheduler: together(),
    ...options,
  })) {
    ticks.push(tick)
  }
  return ticks
}

const rolledBack = (ticks: readonly Tick[]) => ticks.filter(({ rollbacks }) => rollbacks)

describe('a rollback that came too late to be carried out', () => {
  it('stays due, also when the tick after has no sample', async () => {
    class BusyClock extends VirtualClock {
      spent = 0
      override now(): number {
        return super.now() + this.spent
      }
    }
    const clock = new BusyClock(() => {})
    const host = crowded(() => ({}), { clock })
    const { sampleCpu } = host
    let samples = 0
    host.sampleCpu = async () => {
      // The tick after the late one.
      if (++samples === 8) throw new BallastError('ERR_LIBVIRT', 'no sample')
      return sampleCpu.call(host)
    }
    let calls = 0
    const ballooning = () => {
      if (++calls === 7) clock.spent += 3_001
      return []
    }
    const ticks = await ticksOf(host, { ballooning, ticks: 12 })
    expect(ticks[6]!.errors).toMatchObject([{ code: 'ERR_LATE' }])
    expect(ticks[6]!.plan).toMatchObject([{ domain: 'vm2', cpus: CpuSet.of(1) }])
    expect(ticks[6]!.outcomes).toEqual([])
    expect(ticks[7]!.errors).toMatchObject([{ code: 'ERR_LIBVIRT' }])
    expect(rolledBack(ticks).map(({ index }) => index)).toEqual([8])
    expect(ticks[8]!.outcomes).toMatchObject([{ status: 'applied', action: { kind: 'pin', domain: 'vm2' } }])
  })
})

describe('pins after which a vCPU waits longer than could be foreseen', () => {
  it('are undone after three samples, with the reason, and not tried again for ten minutes', async () => {
    const host = crowded()
    const ticks = await ticksOf(host, { ticks: 620 })
    const [undone] = rolledBack(ticks)
    expect(undone!.index).toBe(6)
    expect(undone!.rollbacks).toMatchObject([{ what: 'vcpus', reason: { kind: 'rollback-delay', on: 0 } }])
    expect(sentenceOf(undone!.rollbacks![0]!.reason)).toMatch(
      /^rolled back: the delay of vm[12] vCPU 0 is 80\.0 % on pCPU 0, where the longest was 2\.0 % before, and \d+\.\d % was expected$/,
    )
    expect(undone!.outcomes).toMatchObject([{ status: 'applied', action: { kind: 'pin', domain: 'vm2' } }])
    expect(undone!.summary).toContain('rolled back 1 change')
    expect(tickRecord(undone!).rollbacks).toMatchObject([{ what: 'vcpus', plan: [{ vcpu: 0, cpus: '1' }] }])
    const held = ticks.filter(({ clamps }) => clamps.some(({ rule }) => rule === 'rolled-back'))
    expect(held.slice(0, 600).map(({ index }) => index)).toEqual([
      ...Array.from({ length: 599 }, (_, i) => 7 + i),
      610,
    ])
    expect(host.calls).toEqual(['pinVcpu vm2 0 0', 'pinVcpu vm2 0 1', 'pinVcpu vm2 0 0', 'pinVcpu vm2 0 1'])
  })

  /** Seconds at which something was done, of so many minutes. */
  async function secondsOf(host: FakeHost, minutes: number): Promise<number[]> {
    const times: number[] = []
    const options = { interval: 10_000, ticks: 6 * minutes, scheduler: together() }
    for await (const { outcomes, view } of autopilot(host, options)) {
      if (outcomes.length > 0) times.push(view.time / 1_000)
    }
    return times
  }

  it('are held off twice as long each time', async () => {
    expect(await secondsOf(crowded(), 80)).toEqual([10, 40, 640, 670, 1_870, 1_900, 4_300, 4_330])
  })

  it('are held off for one run of the guest', async () => {
    const host = crowded()
    host.obstacle = (call) => {
      if (call === 'sampleCpu' && host.clock.now() === 60_000) host.guests[1]!.id = 7
    }
    expect((await secondsOf(host, 2)).slice(0, 3)).toEqual([10, 40, 60])
  })

  it('are measured by what the plan itself promises, where it does', async () => {
    const waits = () => ({ delay: 0.3 })
    const quiet = (row: number, host: FakeHost) => (host.calls.length > 0 ? waits() : { delay: 0.02 * row })
    expect(rolledBack(await ticksOf(crowded(quiet)))).toEqual([])
    const promised = await ticksOf(crowded(quiet), { scheduler: together({ expectedDelay: 0.1 }) })
    expect(rolledBack(promised).map(({ index }) => index)).toEqual([6])
  })

  it('stay when no more is wrong than was before', async () => {
    expect(rolledBack(await ticksOf(crowded(() => ({ delay: 0.8 }))))).toEqual([])
  })

  it.each<[string, (row: number, host: FakeHost) => { usage?: number; delay?: number }]>([
    [
      'a guest there wants more than before',
      (row, host) => (row === 0 && host.calls.length > 0 ? { usage: 0.7 } : {}),
    ],
    [
      'one sample of three is as it should be',
      (_, host) => (host.clock.now() % 3_000 === 0 ? { delay: 0.1 } : {}),
    ],
    ['the delay is not known', () => ({ delay: Number.NaN })],
    ['what waits is no more than noise', (_, host) => (host.calls.length > 0 ? { delay: 0.4 } : {})],
  ])('stay when %s', async (_, alter) => {
    const host = crowded(alter)
    expect(rolledBack(await ticksOf(host))).toEqual([])
    expect(host.calls).toEqual(['pinVcpu vm2 0 0'])
  })

  it('stay when the host itself has more to do there', async () => {
    const host = crowded()
    const { sampleCpu } = host
    host.sampleCpu = async () => {
      const sample = await sampleCpu.call(host)
      sample.pcpuBusy[0] = host.calls.length > 0 ? 1 : 0.4
      return sample
    }
    expect(rolledBack(await ticksOf(host))).toEqual([])
  })

  it('stay where only one that is not managed waits', async () => {
    const host = crowded((row) => (row === 0 ? {} : { delay: 0.05 }))
    host.guests[0]!.name = 'other'
    expect(rolledBack(await ticksOf(host, { match: 'vm*' }))).toEqual([])
  })

  it('are left to whoever changed them since', async () => {
    const host = crowded()
    host.obstacle = (call) => {
      if (call === 'sampleCpu' && host.clock.now() === 5_000)
        host.guests[1]!.vcpus[0]!.affinity = CpuSet.of(2)
    }
    await ticksOf(host)
    expect(host.calls).toEqual(['pinVcpu vm2 0 0'])
  })

  it('are no more than told of where they cannot be undone, once', async () => {
    const host = crowded()
    host.obstacle = (call) => {
      if (call === 'pinVcpu' && host.calls.length > 1) throw new BallastError('ERR_LIBVIRT', 'no')
    }
    const ticks = await ticksOf(host)
    expect(rolledBack(ticks)).toHaveLength(1)
    expect(rolledBack(ticks)[0]!.outcomes).toMatchObject([{ status: 'failed' }])
    // And the pin that stands is set again, once.
    expect(host.calls).toHaveLength(3)
  })

  it('count from their beginning when more follow, and all of them are undone', async () => {
    const host = crowded()
    host.guests.push(guest(3, { vcpus: [{ affinity: CpuSet.of(3), pcpu: 3, usage: 0 }] }))
    const also = (view: View) => [
      ...together()(view),
      ...(view.time < 4_000
        ? []
        : view.vcpus
            .filter(({ domain }) => domain.name === 'vm3')
            .map((vcpu) => pin(vcpu, CpuSet.of(2), 'x'))),
    ]
    const ticks = await ticksOf(host, { scheduler: also })
    expect(rolledBack(ticks).map(({ index }) => index)).toEqual([7])
    expect(host.calls).toEqual(['pinVcpu vm2 0 0', 'pinVcpu vm3 0 2', 'pinVcpu vm2 0 1', 'pinVcpu vm3 0 3'])
  })

  it('of a policy that breaks its promise come back on the simulated host', async () => {
    const host = simulate({ ...scenarios.A3({ guests: 4, pcpus: 4 }) })
    const before = (await host.sampleCpu()).affinity.slice()
    const pileUp = (view: View) =>
      view.time < 6_000
        ? []
        : view.vcpus.map((vcpu) => ({ ...pin(vcpu, CpuSet.of(0), 'there'), expectedDelay: 0.2 }))
    const ticks: Tick[] = []
    for await (const tick of autopilot(host, { interval: 2_000, ticks: 20, scheduler: pileUp }))
      ticks.push(tick)
    expect(rolledBack(ticks)).toHaveLength(1)
    expect((await host.sampleCpu()).affinity).toEqual(before)
    const last = ticks.at(-1)!.view.vcpus.map(({ delay }) => delay!)
    expect(Math.max(...last)).toBeLessThan(0.1)
  })
})

interface LoopLoad {
  readonly work: number
  readonly sleep: number
}

/** Ticks of `balance` on 3 pCPUs; the loads of guests change as given. */
async function* balanced(
  loads: readonly LoopLoad[],
  changes: readonly { readonly at: number; readonly guest: number; readonly load: LoopLoad }[] = [],
) {
  const host = simulate({
    pcpus: 3,
    domains: loads.map((one, i) => ({ name: `g${i}`, vcpus: [{ load: { kind: 'loop', ...one } }] })),
    changes: changes.map(({ at, guest, load }) => ({
      at,
      domain: `g${guest}`,
      kind: 'load',
      load: { kind: 'loop', ...load },
    })),
  })
  yield* autopilot(host, { interval: 1_000, ticks: 26, scheduler: balance() })
}

describe('a policy that does what it should', () => {
  it('is not held responsible for what its guests do next, whatever that is', async () => {
    const load = fc.record({ work: fc.integer({ min: 1, max: 12 }), sleep: fc.integer({ min: 1, max: 12 }) })
    const change = fc.record({ at: fc.integer({ min: 2_000, max: 24_000 }), guest: fc.nat(5), load })
    const run = async (loads: LoopLoad[], changes: { at: number; guest: number; load: LoopLoad }[]) => {
      for await (const tick of balanced(loads, changes)) expect(tick.rollbacks).toBeUndefined()
    }
    const loads = fc.array(load, { minLength: 6, maxLength: 6 })
    await fc.assert(fc.asyncProperty(loads, fc.array(change, { maxLength: 6 }), run), { numRuns: runs(30) })
  })

  // Loops of these lengths fall into step on one pCPU, and wait for each other longer than mean values say.
  it('is not held responsible for loops that fall into step', async () => {
    const lengths = [
      [1, 7],
      [2, 4],
      [4, 6],
      [1, 4],
      [1, 3],
      [2, 4],
    ] as const
    for await (const tick of balanced(lengths.map(([work, sleep]) => ({ work, sleep })))) {
      expect(tick.rollbacks).toBeUndefined()
    }
  })
})
