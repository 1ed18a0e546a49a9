import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { CliContext } from '../../../../lib/cli/context.ts'
import { notifier, Service } from '../../../../lib/cli/controller/systemd.ts'
import { autopilot } from '../../../../lib/control/autopilot.ts'
import type { Tick } from '../../../../lib/control/tick.ts'
import { scenarios, simulate } from '../../../../lib/simulation/index.ts'

let sent: string[]
let stop: AbortController
let noted: string[]
let tick: Tick

beforeEach(async () => {
  sent = []
  noted = []
  stop = new AbortController()
  for await (const first of autopilot(simulate(scenarios.A3()), { interval: 1_000, ticks: 1 })) tick = first
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
})
afterEach(() => vi.useRealTimers())

function worldOf(
  env: CliContext['env'] = {},
  notify: CliContext['notify'] = (state) => void sent.push(state),
): CliContext {
  const stderr = { write: (text: string) => noted.push(text) }
  return { env, notify, stderr, signal: stop.signal } as unknown as CliContext
}

const beats = () => sent.filter((state) => state === 'WATCHDOG=1').length

describe('the service manager', () => {
  it('hears READY at the first tick, how it goes at times, and STOPPING once', () => {
    {
      using service = new Service(worldOf())
      expect(sent).toEqual([])
      for (let i = 0; i < 6; i++) {
        service.tick(tick)
        vi.advanceTimersByTime(2_000)
      }
      stop.abort()
      expect(sent.at(-1)).toMatch(/^STOPPING=1\n/)
    }
    expect(sent).toEqual([
      `READY=1\nSTATUS=${tick.summary}`,
      `STATUS=${tick.summary}`,
      'STOPPING=1\nSTATUS=finishing what has begun',
    ])
  })

  it('hears that a configuration is read, and READY at the first tick by it or when it was not taken', () => {
    using service = new Service(worldOf())
    service.tick(tick)
    service.reloading()
    service.tick(tick) // of the old loop
    expect(sent.at(-1)).toMatch(/^RELOADING=1/)
    service.begin(1_000)
    service.tick(tick)
    service.reloading()
    service.notReloaded('2 errors\nin it')
    expect(sent.map((state) => state.split('\n')[0])).toEqual([
      'READY=1',
      'RELOADING=1',
      'READY=1',
      'RELOADING=1',
      'READY=1',
    ])
    expect(sent.at(-1)).toBe('READY=1\nSTATUS=configuration not reloaded: 2 errors in it')
  })

  it('has its watchdog fed while the loop turns, however long the interval, and no longer', () => {
    using service = new Service(worldOf({ WATCHDOG_USEC: '60000000' }))
    service.begin(300_000)
    vi.advanceTimersByTime(120_000)
    expect(beats()).toBe(0)
    service.tick(tick)
    vi.advanceTimersByTime(300_000)
    expect(beats()).toBe(10)
    service.tick(tick)
    vi.advanceTimersByTime(3_600_000)
    expect(beats()).toBe(10 + 12)
  })

  it.each([
    {},
    { WATCHDOG_USEC: '0' },
    { WATCHDOG_USEC: 'x' },
    { WATCHDOG_USEC: '1000000', WATCHDOG_PID: '1' },
  ])('has no watchdog with %j', (env) => {
    using service = new Service(worldOf(env))
    service.tick(tick)
    vi.advanceTimersByTime(60_000)
    expect(beats()).toBe(0)
  })

  it('that does not listen is told again that it is READY, and the user hears of it once', () => {
    let works = false
    const notify = (state: string) => {
      if (!works) throw new Error('queue is full')
      sent.push(state)
    }
    using service = new Service(worldOf({}, notify))
    service.tick(tick)
    service.tick(tick)
    expect(noted).toEqual(['ballast: cannot tell the service manager: queue is full\n'])
    works = true
    service.tick(tick)
    expect(sent).toEqual([`READY=1\nSTATUS=${tick.summary}`])
  })

  it('is not there when no socket is named', () => {
    const send = () => {
      throw new Error('it sent')
    }
    expect(notifier({}, send)).toBeUndefined()
    expect(notifier({ NOTIFY_SOCKET: '' }, send)).toBeUndefined()
    const calls: string[][] = []
    notifier({ NOTIFY_SOCKET: '@x' }, (...args) => void calls.push(args))?.('READY=1')
    expect(calls).toEqual([['@x', 'READY=1']])
  })
})
