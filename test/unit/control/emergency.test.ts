import { describe, expect, it } from 'vitest'
import { type AutopilotOptions, autopilot } from '../../../lib/control/autopilot.ts'
import { Emergencies } from '../../../lib/control/emergencies.ts'
import type { Outcome, Tick } from '../../../lib/control/tick.ts'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { pin, setMemory } from '../../../lib/policy/plan.ts'
import { GiB, MiB } from '../../../lib/util/units.ts'
import { pressureOf } from '../../../lib/view/memory/shortage.ts'
import type { HostMemoryState, MemoryEvents, View } from '../../../lib/view/view.ts'
import { FakeHost, guest } from './fake-host.ts'
import { uuidOf, viewOf } from './views.ts'

/** Gives every guest that suffers twice what it has. */
const help = (view: View) =>
  view.domains
    .filter(({ memory }) => memory.events?.underPressure)
    .map((domain) => setMemory(domain, 2 * domain.memory.actual!, 'it underPressure'))

/** A host on which vm1 has 512 MiB and begins to swap at `time` milliseconds, and goes on to do so. */
function swapping(time: number, options: { memory?: number } = {}): FakeHost {
  const host = new FakeHost([guest(1, { actual: 512 * MiB, rss: 512 * MiB }), guest(2)], options)
  const { sampleMemory } = host
  host.sampleMemory = async () => {
    const sample = await sampleMemory.call(host)
    sample.swapOut[0] = Math.max(0, host.clock.now() - time + 1) * 0.1 * MiB
    return sample
  }
  return host
}

async function ticksOf(host: FakeHost, options: Partial<AutopilotOptions>): Promise<Tick[]> {
  const ticks: Tick[] = []
  for await (const tick of autopilot(host, { interval: 4_000, ticks: 4, ballooning: help, ...options })) {
    ticks.push(tick)
  }
  return ticks
}

const shape = ({ index, cause, view }: Tick) => `${index} ${cause} ${view.time}`

describe('a guest that begins to suffer between two beats', () => {
  it('is answered within a statistics period, and the beats stay where they are', async () => {
    const host = swapping(5_000)
    const ticks = await ticksOf(host, {})
    // Statistics period 2 s: seen at 6 s, given at once, and looked at again at 8 s, which is a beat.
    expect(ticks.map(shape)).toEqual([
      '0 interval 0',
      '1 interval 4000',
      '2 emergency 6000',
      '3 interval 8000',
      '4 interval 12000',
    ])
    expect(ticks[2]!.outcomes).toMatchObject([{ status: 'applied', action: { domain: 'vm1', bytes: GiB } }])
    expect(ticks[2]!.summary).toMatch(/^tick 2, emergency: 2 guests, .*memory 1 change/)
  })

  it('has the ballooning policy asked and no other, by the figures that its vCPUs had', async () => {
    const host = swapping(5_000)
    const asked: number[] = []
    const scheduler = (view: View) => {
      asked.push(view.time)
      return view.vcpus.map((vcpu) => pin(vcpu, CpuSet.of(2), 'test'))
    }
    const ticks = await ticksOf(host, { scheduler })
    expect(asked).toEqual([0, 4_000, 8_000, 12_000])
    const [, beat, emergency] = ticks
    expect(emergency!.view.vcpus.map(({ demand }) => demand)).toEqual(
      beat!.view.vcpus.map(({ demand }) => demand),
    )
    for (const vcpu of emergency!.view.vcpus) expect(emergency!.view.domains).toContain(vcpu.domain)
    expect(host.looks.filter(({ call }) => call === 'sampleCpu')).toHaveLength(4)
  })

  it('does not make a pin of ours someone else’s, though its affinity was not read again', async () => {
    const host = swapping(1_000)
    const scheduler = (view: View) => view.vcpus.map((vcpu) => pin(vcpu, CpuSet.of(2), 'test'))
    const ticks = await ticksOf(host, { scheduler })
    expect(ticks[1]!.cause).toBe('emergency')
    expect(ticks.flatMap(({ skipped }) => skipped)).toEqual([])
  })

  it('that nothing can be done for is asked for once, not in each period', async () => {
    const ticks = await ticksOf(swapping(1_000), { interval: 20_000, ticks: 3, ballooning: () => [] })
    expect(ticks.map(shape)).toEqual([
      '0 interval 0',
      '1 emergency 5000',
      '2 interval 20000',
      '3 interval 40000',
    ])
  })

  it('is helped again while it goes on to suffer, until it is as large as it may be', async () => {
    const host = swapping(1_000)
    const ticks = await ticksOf(host, { interval: 30_000, ticks: 2 })
    expect(ticks.map(shape)).toEqual([
      '0 interval 0',
      '1 emergency 5000',
      '2 emergency 10000',
      '3 interval 30000',
    ])
    expect(host.calls).toEqual(['setMemory vm1 1024', 'setMemory vm1 2048'])
  })

  it('meets the same guard', async () => {
    const host = swapping(5_000, { memory: 2.5 * GiB })
    host.available = GiB
    const ticks = await ticksOf(host, {})
    expect(ticks[2]!.cause).toBe('emergency')
    expect(ticks[2]!.clamps).toMatchObject([{ rule: 'host-reserve' }])
  })

  it('is answered by a dry run in words alone, and once', async () => {
    const host = swapping(1_000)
    const ticks = await ticksOf(host, { interval: 30_000, ticks: 2, dryRun: true })
    expect(ticks.map(({ cause }) => cause)).toEqual(['interval', 'emergency', 'interval'])
    expect(host.calls).toEqual([])
  })

  it('is not looked for without a ballooning policy', async () => {
    const host = swapping(1_000)
    const ticks = await ticksOf(host, { ballooning: undefined, scheduler: () => [] })
    expect(ticks.map(({ cause }) => cause)).toEqual(['interval', 'interval', 'interval', 'interval'])
    expect(host.looks.filter(({ call }) => call === 'sampleMemory')).toHaveLength(4)
  })
})

describe('looks between beats', () => {
  it.each([
    [1_000, 1, 3],
    [2_000, 1, 5],
    [3_000, 1, 7],
    [4_000, 2, 5],
    [10_000, 5, 5],
    [12_000, 5, 7],
  ])(
    'at an interval of %i ms take memory once in each period of %i s',
    async (interval, seconds, samples) => {
      const host = new FakeHost([guest(1)])
      await ticksOf(host, { interval, ticks: 3 })
      const times = host.looks.filter(({ call }) => call === 'sampleMemory').map(({ time }) => time)
      expect(times).toHaveLength(samples)
      const gaps = times.slice(1).map((time, i) => time - times[i]!)
      expect(Math.max(...gaps)).toBeLessThanOrEqual(1_000 * seconds)
    },
  )

  it('give way to the beat when whoever reads the ticks was slow', async () => {
    const host = new FakeHost([guest(1)])
    const times: number[] = []
    for await (const { view, index } of autopilot(host, { interval: 4_000, ticks: 4, ballooning: help })) {
      times.push(view.time)
      if (index === 1) await host.clock.sleepUntil(7_500)
      if (index === 2) await host.clock.sleepUntil(21_000)
    }
    expect(times).toEqual([0, 4_000, 8_000, 24_000])
  })

  it('count a domain that has started since the last CPU sample', async () => {
    const host = swapping(5_000)
    host.obstacle = () => {
      if (host.clock.now() >= 5_000 && host.guests.length === 2) host.guests.push(guest(3))
    }
    const ticks = await ticksOf(host, {})
    const { domains, memory } = ticks[2]!.view
    expect(ticks[2]!.cause).toBe('emergency')
    expect(domains.map(({ name, vcpus }) => [name, vcpus.length])).toEqual([
      ['vm1', 1],
      ['vm2', 1],
      ['vm3', 0],
    ])
    expect(memory.committed).toBeGreaterThan(2.5 * GiB)
    expect(ticks[2]!.skipped).toContainEqual(expect.objectContaining({ domain: 'vm3', what: 'memory' }))
  })

  it('end at once when the loop is aborted', async () => {
    const host = new FakeHost([guest(1)])
    const abort = new AbortController()
    const pilot = autopilot(host, { interval: 100_000, ballooning: help, signal: abort.signal })
    await pilot.next()
    const end = pilot.next()
    abort.abort()
    expect(await end).toEqual({ done: true, value: undefined })
    expect(host.clock.now()).toBeLessThan(100_000)
  })
})

describe('what is an emergency', () => {
  const events: MemoryEvents = {
    swappedOut: 0,
    majorFaultsPerSecond: 0,
    underPressure: true,
    oomKilled: false,
  }
  const seen = (...names: string[]) => {
    return viewOf({
      domains: ['a', 'b'].map((name) => ({
        name,
        memory: { events: { ...events, underPressure: names.includes(name) } },
      })),
    })
  }
  const grown: Outcome = {
    action: {
      kind: 'setMemory',
      uuid: uuidOf('a'),
      domain: 'a',
      bytes: GiB,
      reason: { kind: 'custom', text: '' },
    },
    status: 'applied',
    error: undefined,
    duration: 0,
  }

  it('is a guest that underPressure, again only after a turn that changed something', () => {
    const emergencies = new Emergencies()
    expect(emergencies.observe(pressureOf(seen()))).toBe(false)
    expect(emergencies.observe(pressureOf(seen('a')))).toBe(true)
    emergencies.handled(pressureOf(seen('a')), [])
    expect(emergencies.observe(pressureOf(seen('a')))).toBe(false)
    expect(emergencies.observe(pressureOf(seen('a', 'b')))).toBe(true)
    emergencies.handled(pressureOf(seen('a', 'b')), [grown])
    expect(emergencies.observe(pressureOf(seen('a')))).toBe(true)
  })

  it('is one that begins to suffer anew', () => {
    const emergencies = new Emergencies()
    emergencies.handled(pressureOf(seen('a')), [])
    expect(emergencies.observe(pressureOf(seen()))).toBe(false)
    expect(emergencies.observe(pressureOf(seen('a')))).toBe(true)
  })

  it('is a host that comes into a worse state of shortage, once for each', () => {
    const short = (state: HostMemoryState) => {
      const view = seen()
      return { ...view, memory: { ...view.memory, state } }
    }
    const emergencies = new Emergencies()
    const calls = (['high', 'soft', 'hard', 'hard', 'low', 'low', 'hard', 'soft', 'low'] as const).map(
      (state) => {
        const isCall = emergencies.observe(pressureOf(short(state)))
        if (isCall) emergencies.handled(pressureOf(short(state)), [])
        return isCall
      },
    )
    expect(calls).toEqual([false, false, true, false, true, false, false, false, true])
  })

  it('is none that has all it may have, or is not to be changed', () => {
    const memory = { events, actual: GiB, maximum: GiB }
    const one = (change: object) => viewOf({ domains: [{ name: 'a', memory: { events }, ...change }] })
    expect(new Emergencies().observe(pressureOf(one({})))).toBe(true)
    expect(new Emergencies().observe(pressureOf(one({ memory })))).toBe(false)
    expect(new Emergencies().observe(pressureOf(one({ settings: { memoryCeiling: GiB } })))).toBe(false)
    expect(new Emergencies().observe(pressureOf(one({ managed: false })))).toBe(false)
  })
})
