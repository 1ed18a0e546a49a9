import { describe, expect, it } from 'vitest'
import { type AutopilotOptions, autopilot } from '../../../lib/control/autopilot.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { pin, type Scheduler, setMemory } from '../../../lib/policy/plan.ts'
import { LogFormatter } from '../../../lib/report/log-lines.ts'
import { VirtualClock } from '../../../lib/simulation/clock.ts'
import { GiB, MiB } from '../../../lib/util/units.ts'
import type { View } from '../../../lib/view/view.ts'
import { FakeHost, guest } from './fake-host.ts'

/** A clock whose time passes, too, while somebody computes. */
class BusyClock extends VirtualClock {
  spent = 0

  override now(): number {
    return super.now() + this.spent
  }
}

const roundAndRound = (view: View) =>
  view.vcpus.map((vcpu) => pin(vcpu, CpuSet.of(((vcpu.pcpu ?? 0) + 1) % 4), 'test'))
const allToSize = (bytes: number) => (view: View) =>
  view.domains.map((domain) => setMemory(domain, bytes, 'test'))

async function ticksOf(host: FakeHost, options: AutopilotOptions): Promise<Tick[]> {
  const ticks: Tick[] = []
  for await (const tick of autopilot(host, options)) ticks.push(tick)
  return ticks
}

describe('a loop that falls behind', () => {
  /** Its policy takes `milliseconds` in its second call. */
  async function slowIn(milliseconds: number, interval: number) {
    const clock = new BusyClock(() => {})
    const host = new FakeHost([guest(1)], { clock })
    let calls = 0
    const scheduler = (view: View) => {
      if (++calls === 2) clock.spent += milliseconds
      return roundAndRound(view)
    }
    const changes = { scheduler, ballooning: allToSize(600 * MiB) }
    return ticksOf(host, { interval, ticks: 3, ...changes })
  }

  it('drops what it planned, says so, and decides anew at the next tick', async () => {
    const ticks = await slowIn(3_001, 1_000)
    expect(ticks.map(({ errors }) => errors.map(({ code }) => code))).toEqual([[], ['ERR_LATE'], []])
    expect(ticks[1]!.errors[0]!.message).toBe(
      'The loop fell behind: its plan was ready 3001 ms after its samples, later than 3000 ms: nothing was changed',
    )
    expect(ticks[1]!.plan.length).toBeGreaterThan(0)
    expect(
      ticks.map(({ outcomes }) => outcomes.filter(({ action }) => action.kind === 'pin').length),
    ).toEqual([1, 0, 1])
  })

  it.each([
    [3_000, 1_000],
    [1_000, 10],
  ])('is not late after %i ms at an interval of %i ms', async (milliseconds, interval) => {
    const ticks = await slowIn(milliseconds, interval)
    expect(ticks.flatMap(({ errors }) => errors)).toEqual([])
  })
})

describe('the timing of a tick', () => {
  it('has each step by its name', async () => {
    const clock = new BusyClock(() => {})
    const host = new FakeHost([guest(1)], { clock })
    const { sampleCpu, pinVcpu } = host
    host.sampleCpu = async () => {
      clock.spent += 5
      return sampleCpu.call(host)
    }
    host.pinVcpu = async (...pin) => {
      clock.spent += 7
      return pinVcpu.apply(host, pin)
    }
    const scheduler = (view: View) => {
      clock.spent += 30
      return roundAndRound(view)
    }
    const [first, second] = await ticksOf(host, { interval: 1_000, ticks: 2, scheduler })
    const steps = { sample: 5, observe: 0, decide: 30, guard: 0, actuate: 7, followUp: 0, total: 42 }
    expect(first!.timing).toEqual({ ...steps, period: undefined })
    expect(second!.timing).toEqual({ ...steps, period: expect.any(Number) })
  })
})

describe('a policy that fails', () => {
  const failing = (): never => {
    throw new Error('oops')
  }

  it('leaves the other whole, in every turn, and a log is not flooded', async () => {
    const host = new FakeHost([guest(1), guest(2)])
    const narrator = new LogFormatter()
    const ticks = await ticksOf(host, {
      interval: 1_000,
      ticks: 5,
      scheduler: failing,
      ballooning: allToSize(GiB / 2),
    })
    expect(ticks.map(({ errors }) => errors.map(({ code }) => code))).toEqual(Array(5).fill(['ERR_POLICY']))
    expect(host.calls.filter((call) => call.startsWith('setMemory '))).toEqual([
      'setMemory vm1 512',
      'setMemory vm2 512',
    ])
    const lines = ticks.flatMap((tick) => narrator.lines(tick))
    expect(lines.filter((line) => line.includes('oops'))).toHaveLength(1)
  })

  const late = async () => {
    throw new Error('later')
  }
  it.each<[string, unknown]>([
    ['a function that', late],
    ['an object whose `decide`', { initialState: 0, decide: late }],
    ['an object whose plan', { initialState: 0, decide: () => ({ state: 0, plan: late() }) }],
  ])('%s returns a promise is told so, and the failure of that promise ends nothing', async (_, policy) => {
    const unhandled: unknown[] = []
    const note = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', note)
    const host = new FakeHost([guest(1)])
    const ticks = await ticksOf(host, { interval: 1_000, ticks: 2, scheduler: policy as Scheduler })
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
    for (const { errors } of ticks) {
      expect(errors[0]!.message).toBe(
        'The policy given as `scheduler` returned no plan: expected an array of actions, got a promise: policies are not asynchronous',
      )
    }
  })
})

describe('a loop that throws', () => {
  it('changes nothing any more, and says what it was', async () => {
    const host = new FakeHost([guest(1)])
    const { sampleCpu } = host
    host.sampleCpu = async () => {
      const sample = await sampleCpu.call(host)
      // What no Host gives: the loop cannot know what to do with it.
      if (host.clock.now() >= 2_000) Reflect.set(sample, 'vcpuStart', undefined)
      return sample
    }
    const ticks: Tick[] = []
    const run = async () => {
      const pilot = autopilot(host, {
        interval: 1_000,
        scheduler: roundAndRound,
        ballooning: allToSize(GiB / 2),
      })
      for await (const tick of pilot) ticks.push(tick)
    }
    await expect(run()).rejects.toThrow(TypeError)
    expect(ticks).toHaveLength(2)
    const calls = [...host.calls]
    await host.clock.sleepUntil(60_000)
    expect(host.calls).toEqual(calls)
    expect(host.listeners.size).toBe(0)
  })
})
