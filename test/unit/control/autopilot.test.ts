import { afterEach, describe, expect, it, vi } from 'vitest'
import { autopilot } from '../../../lib/control/autopilot.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import { BallastError } from '../../../lib/host/errors.ts'
import { MemoryStatus } from '../../../lib/host/sample.ts'
import type { Scheduler } from '../../../lib/policy/plan.ts'
import { GiB, MiB } from '../../../lib/util/units.ts'
import type { View } from '../../../lib/view/view.ts'
import { FakeHost, guest } from './fake-host.ts'
import { allTo, allToSize, quiet, ticksOf } from './loops.ts'

const never = () => new Promise<void>(() => {})

afterEach(() => void vi.restoreAllMocks())

describe('cadence', () => {
  it('begins ticks at multiples of the interval', async () => {
    const host = new FakeHost([guest(1)])
    const ticks = await ticksOf(host, { interval: 700, ticks: 4, scheduler: quiet })
    expect(ticks.map((tick) => tick.view.time)).toEqual([0, 700, 1_400, 2_100])
    expect(ticks.map((tick) => tick.timing.period)).toEqual([undefined, 700, 700, 700])
    expect(ticks.map((tick) => tick.index)).toEqual([0, 1, 2, 3])
  })

  it('leaves out the beats that a long turn missed, and does not drift', async () => {
    const host = new FakeHost([guest(1)])
    let first = true
    host.obstacle = async (call) => {
      if (call !== 'sampleCpu' || !first) return
      first = false
      await host.clock.sleepUntil(2_300)
    }
    const ticks = await ticksOf(host, { interval: 1_000, ticks: 3, scheduler: quiet })
    expect(host.looks.filter(({ call }) => call === 'sampleCpu').map(({ time }) => time)).toEqual([
      0, 3_000, 4_000,
    ])
    expect(ticks.map((tick) => tick.timing.period)).toEqual([undefined, 3_000, 1_000])
  })

  it('does not sleep after the last tick', async () => {
    const host = new FakeHost([guest(1)])
    await ticksOf(host, { interval: 1_000, ticks: 2, scheduler: quiet })
    expect(host.clock.now()).toBe(1_000)
  })

  it('goes on with the memory that it has when a sample is slow, and uses a quick one', async () => {
    const host = new FakeHost([guest(1)])
    let asked = 0
    host.obstacle = async (call) => {
      if (call !== 'sampleMemory') return
      asked++
      if (asked === 2) await host.clock.sleepUntil(host.clock.now() + 2_500)
    }
    const ticks: Tick[] = []
    for await (const tick of autopilot(host, { interval: 1_000, ticks: 6, ballooning: () => [] })) {
      ticks.push(tick)
      host.guests[0]!.actual -= MiB
    }
    expect(ticks.every((tick) => tick.timing.total <= 250)).toBe(true)
    expect(ticks.slice(1).every((tick) => tick.timing.period === 1_000)).toBe(true)
    // Ticks 1, 2 and 3 see what tick 0 saw; 4 has what came at 3.5 s and asked anew at once.
    const seen = ticks.map((tick) => GiB - tick.view.domains[0]!.memory.actual!)
    expect(seen.slice(0, 4)).toEqual([0, 0, 0, 0])
    expect(seen[4]).toBe(4 * MiB)
    expect(host.looks.filter(({ call }) => call === 'sampleMemory').map(({ time }) => time)).toEqual([
      0, 1_000, 4_000, 5_000,
    ])
  })

  it('waits a little for memory, since it usually comes soon after', async () => {
    const host = new FakeHost([guest(1)])
    host.obstacle = async (call) => {
      if (call === 'sampleMemory') await host.clock.sleepUntil(host.clock.now() + 200)
    }
    const [tick] = await ticksOf(host, { interval: 1_000, ticks: 1 })
    expect(tick!.view.domains[0]!.memory.actual).toBe(GiB)
    expect(tick!.timing.sample).toBe(200)
  })

  it('asks for memory once per statistics period when ticks are shorter', async () => {
    const host = new FakeHost([guest(1)])
    await ticksOf(host, { interval: 250, ticks: 9, ballooning: () => [] })
    expect(host.looks.filter(({ call }) => call === 'sampleMemory').map(({ time }) => time)).toEqual([
      0, 1_000, 2_000,
    ])
  })
})

describe('a guest that does not answer', () => {
  it('stretches no tick, and its calls do not pile up', async () => {
    const host = new FakeHost([guest(1), guest(2), guest(3)])
    const stuck = host.guests[1]!.uuid
    host.obstacle = (_, uuid) => (uuid === stuck ? never() : undefined)
    let cpu = 0
    const wander: Scheduler = (view) => allTo(cpu++ % 4)(view)
    const ticks = await ticksOf(host, { interval: 2_000, ticks: 4, scheduler: wander })
    expect(ticks.slice(1).map((tick) => tick.timing.period)).toEqual([2_000, 2_000, 2_000])
    const codes = ticks.map((tick) => tick.outcomes.map(({ error }) => error?.code))
    expect(codes[0]).toEqual([undefined, 'ERR_TIMEOUT', undefined])
    expect(codes[1]).toEqual([undefined, 'ERR_DOMAIN_BUSY', undefined])
    expect(host.calls.filter((call) => call.includes('vm2'))).toHaveLength(1)
    expect(host.guests[2]!.vcpus[0]!.affinity.toString()).toBe('3')
  })

  it('is left alone once it is known to be stuck, and the tick says so', async () => {
    const host = new FakeHost([guest(1), guest(2, { status: MemoryStatus.stuck })])
    const [tick] = await ticksOf(host, { interval: 1_000, ticks: 1, scheduler: allTo(1) })
    expect(host.calls).toEqual(['pinVcpu vm1 0 1'])
    expect(tick!.skipped).toMatchObject([
      { domain: 'vm2', what: 'vcpus', rule: 'stale-statistics', reason: { kind: 'stuck' } },
    ])
    expect(tick!.summary).toContain('1 stuck')
  })
})

describe('the end', () => {
  it('comes quietly and at once when the signal is aborted in mid-sleep', async () => {
    const host = new FakeHost([guest(1)])
    const abort = new AbortController()
    const pilot = autopilot(host, { interval: 100_000, scheduler: quiet, signal: abort.signal })
    await pilot.next()
    const end = pilot.next()
    abort.abort()
    expect(await end).toEqual({ done: true, value: undefined })
    expect(host.clock.now()).toBeLessThan(100_000)
  })

  it('comes when the signal is aborted during a sample that does not return', async () => {
    const host = new FakeHost([guest(1)])
    const abort = new AbortController()
    host.obstacle = (call) => {
      abort.abort()
      return call === 'sampleCpu' ? never() : undefined
    }
    expect(await ticksOf(host, { interval: 1_000, scheduler: quiet, signal: abort.signal })).toEqual([])
  })

  it('comes at once for a signal that is aborted already', async () => {
    const host = new FakeHost([guest(1)])
    expect(await ticksOf(host, { interval: 1, scheduler: quiet, signal: AbortSignal.abort() })).toEqual([])
    expect(host.looks).toEqual([])
  })

  it('finishes what it began: a signal during actuation still gives the tick', async () => {
    const host = new FakeHost([guest(1), guest(2)])
    const abort = new AbortController()
    host.obstacle = (call) => {
      if (call === 'pinVcpu') abort.abort()
    }
    const ticks = await ticksOf(host, { interval: 1_000, scheduler: allTo(2), signal: abort.signal })
    expect(ticks).toHaveLength(1)
    expect(ticks[0]!.outcomes.map(({ status }) => status)).toEqual(['applied', 'applied'])
  })

  it('comes with break, and takes the subscription with it', async () => {
    const host = new FakeHost([guest(1)])
    for await (const _ of autopilot(host, { interval: 1_000, ballooning: () => [] })) {
      expect(host.listeners.size).toBeGreaterThan(0)
      break
    }
    expect(host.listeners.size).toBe(0)
    expect(host.clock.now()).toBe(0)
  })
})

describe('errors', () => {
  it('ends with the error that says that the connection is lost', async () => {
    const host = new FakeHost([guest(1)])
    const ticks: Tick[] = []
    const run = async () => {
      for await (const tick of autopilot(host, { interval: 1_000, scheduler: quiet })) {
        ticks.push(tick)
        host.obstacle = () => {
          throw new BallastError('ERR_CONNECTION_LOST', 'gone')
        }
      }
    }
    await expect(run()).rejects.toMatchObject({ code: 'ERR_CONNECTION_LOST' })
    expect(ticks).toHaveLength(1)
  })

  it('tells a CPU sample that failed, does nothing, and goes on', async () => {
    const host = new FakeHost([guest(1)])
    let count = 0
    host.obstacle = (call) => {
      if (call === 'sampleCpu' && count++ !== 1) throw new BallastError('ERR_LIBVIRT', 'not now')
    }
    const ticks = await ticksOf(host, { interval: 1_000, ticks: 3, scheduler: allTo(3) })
    expect(ticks.map(({ errors }) => errors.map(({ code }) => code))).toEqual([
      ['ERR_LIBVIRT'],
      [],
      ['ERR_LIBVIRT'],
    ])
    expect(ticks.map(({ outcomes }) => outcomes.length)).toEqual([0, 1, 0])
    expect(ticks.map(({ view }) => view.domains.length)).toEqual([0, 1, 1])
    expect(ticks[0]!.summary).toContain('not now')
  })

  it('tells a memory sample that failed, and schedules all the same', async () => {
    const host = new FakeHost([guest(1)])
    host.obstacle = (call) => {
      if (call === 'sampleMemory') throw new BallastError('ERR_LIBVIRT', 'no memory')
    }
    const [tick] = await ticksOf(host, { interval: 1_000, ticks: 1, scheduler: allTo(3) })
    expect(tick!.errors).toMatchObject([{ code: 'ERR_LIBVIRT' }])
    expect(host.calls).toEqual(['pinVcpu vm1 0 3'])
  })

  it.each<[string, unknown]>([
    [
      'throws',
      () => {
        throw new Error('oops')
      },
    ],
    ['returns nothing', () => undefined],
    ['returns a promise', async () => []],
    ['returns something else than actions', () => [{ kind: 'reboot' }]],
    ['returns actions of another kind', (view: View) => allToSize(GiB)(view)],
    ['returns half an action', () => [{ kind: 'pin', uuid: 'x', domain: 'x', vcpu: 0 }]],
  ])('a scheduler that %s is told, and ballooning goes on', async (_, scheduler) => {
    const host = new FakeHost([guest(1)])
    const [tick] = await ticksOf(host, {
      interval: 1_000,
      ticks: 1,
      scheduler: scheduler as Scheduler,
      ballooning: allToSize(600 * MiB),
    })
    expect(tick!.errors).toMatchObject([
      { code: 'ERR_POLICY', message: expect.stringContaining('scheduler') },
    ])
    expect(host.calls.filter((call) => !call.includes('Period'))).toEqual(['setMemory vm1 600'])
  })

  it('one failing action stops no other', async () => {
    const host = new FakeHost([guest(1), guest(2), guest(3)])
    host.obstacle = (call, uuid) => {
      if (call === 'pinVcpu' && uuid === host.guests[0]!.uuid)
        throw new BallastError('ERR_DOMAIN_BUSY', 'busy')
    }
    const [tick] = await ticksOf(host, { interval: 1_000, ticks: 1, scheduler: allTo(1) })
    expect(tick!.outcomes.map(({ status }) => status)).toEqual(['failed', 'applied', 'applied'])
  })
})

describe('what is refused', () => {
  const refusing = (code: 'ERR_INVALID_ARGUMENT' | 'ERR_DOMAIN_BUSY', isRefused = () => true) => {
    const host = new FakeHost([guest(1)])
    host.obstacle = (call) => {
      if (call === 'pinVcpu' && isRefused()) throw new BallastError(code, 'no such pCPU in its cpuset')
    }
    return host
  }
  const triedAt = (ticks: readonly Tick[]) =>
    ticks.flatMap(({ outcomes, index }) => (outcomes.length > 0 ? [index] : []))

  it('is tried again with growing pauses, and the ticks between say why not', async () => {
    const host = refusing('ERR_INVALID_ARGUMENT')
    const ticks = await ticksOf(host, { interval: 1_000, ticks: 34, scheduler: allTo(1) })
    expect(triedAt(ticks)).toEqual([0, 1, 3, 7, 15, 31])
    expect(ticks[8]!.clamps).toMatchObject([
      {
        rule: 'backoff',
        result: 'denied',
        cause: { kind: 'failed-before', times: 4, pause: 7_000, message: 'no such pCPU in its cpuset' },
      },
    ])
  })

  it('is as if nothing had been once it was done', async () => {
    let refusals = 3
    const host = refusing('ERR_INVALID_ARGUMENT', () => refusals-- > 0)
    let look = 0
    const toAndFro: Scheduler = (view) => allTo(look++ < 8 ? 1 : look % 2)(view)
    const ticks = await ticksOf(host, { interval: 1_000, ticks: 12, scheduler: toAndFro })
    expect(triedAt(ticks)).toEqual([0, 1, 3, 7, 9, 10, 11])
  })

  it('is tried at every tick while the domain is only busy', async () => {
    const ticks = await ticksOf(refusing('ERR_DOMAIN_BUSY'), {
      interval: 1_000,
      ticks: 5,
      scheduler: allTo(1),
    })
    expect(triedAt(ticks)).toEqual([0, 1, 2, 3, 4])
  })
})
