import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { type Autopilot, type AutopilotOptions, autopilot } from '../../../../lib/control/autopilot.ts'
import type { Tick } from '../../../../lib/control/tick.ts'
import { setMemory } from '../../../../lib/policy/plan.ts'
import { GiB, MiB } from '../../../../lib/util/units.ts'
import type { View } from '../../../../lib/view/view.ts'
import { FakeHost, guest } from '../fake-host.ts'

/** Takes from all alike until what is held fits into the budget. */
const squeeze = (view: View) => {
  const over = view.memory.committed - view.memory.budget
  if (over <= 0) return []
  return view.domains.map((domain) => {
    return setMemory(domain, domain.memory.actual! - over / view.domains.length, 'to squeeze')
  })
}

const options: AutopilotOptions = { interval: 1_000, ballooning: squeeze, hostMemoryReserve: GiB }

/** Two guests of 2 GiB that use 200 MiB, on 6 GiB, of which 1 is the host's own: 5 - 4.125 GiB are free. */
function host(): FakeHost {
  const made = new FakeHost(
    [1, 2].map((number) => guest(number, { actual: 2 * GiB, rss: 2 * GiB })),
    { memory: 6 * GiB },
  )
  // What the guests hold is what the host has not.
  Object.defineProperty(made, 'available', {
    get: () => 6 * GiB - made.guests.reduce((sum, { rss }) => sum + rss, 0),
  })
  return made
}

/** Reads `count` ticks more. */
async function go(pilot: Autopilot, count: number): Promise<Tick[]> {
  const ticks: Tick[] = []
  for (let i = 0; i < count; i++) {
    const { value } = await pilot.next()
    if (value) ticks.push(value)
  }
  return ticks
}

/** What became of a promise so far. */
async function outcomeOf<T>(promise: Promise<T>): Promise<T | Error | 'waits'> {
  const waits = new Promise<'waits'>((resolve) => setImmediate(() => resolve('waits')))
  return Promise.race([promise.catch((error: Error) => error), waits])
}

describe('reserve', () => {
  it('resolves at the next look when there is room already', async () => {
    const pilot = autopilot(host(), options)
    const room = pilot.reserveMemory(512 * MiB, { for: 10_000 })
    expect(await outcomeOf(room)).toBe('waits')
    const [tick] = await go(pilot, 1)
    expect(await outcomeOf(room)).toEqual({ bytes: 512 * MiB, free: 896 * MiB, until: 10_000 })
    expect(tick!.view.memory).toMatchObject({ reserved: 512 * MiB, budget: 4.5 * GiB })
    await pilot.return()
  })

  it('has others shrunk, and resolves only when what they gave has been seen', async () => {
    const made = host()
    const pilot = autopilot(made, options)
    const room = pilot.reserveMemory(2 * GiB, { for: 10_000 })
    await go(pilot, 1)
    expect(made.guests.map(({ actual }) => actual / MiB)).toEqual([1472, 1472])
    expect(await outcomeOf(room)).toBe('waits')
    await go(pilot, 1)
    expect(await outcomeOf(room)).toEqual({ bytes: 2 * GiB, free: 2 * GiB, until: 10_000 })
    await pilot.return()
  })

  it('is kept from everybody for its time, and no longer', async () => {
    const made = host()
    const greedy = (view: View) => [...squeeze(view), setMemory(view.domains[0]!, 4 * GiB, 'more')]
    for (const one of made.guests) one.maximum = 4 * GiB
    const pilot = autopilot(made, { ...options, ballooning: greedy })
    const room = pilot.reserveMemory(512 * MiB, { for: 3_000 })
    const ticks = await go(pilot, 5)
    await room
    expect(ticks.map(({ view }) => view.memory.reserved / MiB)).toEqual([512, 512, 512, 0, 0])
    expect(made.calls).toEqual(['setMemory vm1 2432', 'setMemory vm1 2944'])
    await pilot.return()
  })

  it('is given up when its signal is aborted, before and after it is there', async () => {
    const pilot = autopilot(host(), options)
    const started = new AbortController()
    const room = pilot.reserveMemory(512 * MiB, { for: 60_000, signal: started.signal })
    const mind = new AbortController()
    const other = pilot.reserveMemory(256 * MiB, { for: 60_000, signal: mind.signal })
    mind.abort(new Error('changed my mind'))
    await expect(other).rejects.toThrow('changed my mind')
    const [first] = await go(pilot, 1)
    expect(first!.view.memory.reserved).toBe(512 * MiB)
    await room
    started.abort()
    const [second] = await go(pilot, 1)
    expect(second!.view.memory.reserved).toBe(0)
    await expect(pilot.reserveMemory(1, { for: 1, signal: started.signal })).rejects.toBe(
      started.signal.reason,
    )
    await pilot.return()
  })

  it('rejects at once when all together cannot give it, and says who holds what', async () => {
    const made = host()
    made.guests[0]!.used = 1_900 * MiB
    const stubborn = guest(3, { actual: 512 * MiB, rss: 512 * MiB, traits: { balloon: 'none' }, name: 'old' })
    made.guests.push(stubborn)
    const pilot = autopilot(made, options)
    const room = pilot.reserveMemory(4 * GiB, { for: 60_000 })
    const [tick] = await go(pilot, 1)
    expect(await outcomeOf(room)).toMatchObject({
      code: 'ERR_INSUFFICIENT_MEMORY',
      message:
        'No room for 4096 MiB: 320 MiB are free; 1024 MiB stay with the host; ' +
        'vm1 holds 2112 MiB, uses 1900 MiB and could give 48 MiB; ' +
        'vm2 holds 2112 MiB, uses 200 MiB and could give 1748 MiB; ' +
        'old holds 576 MiB and is skipped: it has no balloon device',
    })
    expect(tick!.view.memory).toMatchObject({ reserved: 0, budget: 5 * GiB })
    // Nobody is shrunk for what cannot be.
    expect(made.calls).toEqual([])
    await pilot.return()
  })

  it('waits for guests whose memory is not known yet, to the end of its time', async () => {
    const made = host()
    made.guests[0]!.period = undefined
    made.guests[0]!.traits = { statsPeriodSeconds: undefined }
    made.obstacle = (call) => {
      if (call === 'setMemoryStatsPeriod') return new Promise(() => {})
    }
    const pilot = autopilot(made, options)
    const room = pilot.reserveMemory(4 * GiB, { for: 2_500 })
    const rejected = outcomeOf(room)
    expect(await rejected).toBe('waits')
    await go(pilot, 3)
    expect(await outcomeOf(room)).toBe('waits')
    await go(pilot, 1)
    expect(await outcomeOf(room)).toMatchObject({
      code: 'ERR_INSUFFICIENT_MEMORY',
      message: expect.stringContaining('skipped'),
    })
    await pilot.return()
  })

  it('serves several in the order of asking', async () => {
    const pilot = autopilot(host(), { ...options, ballooning: () => [] })
    const first = pilot.reserveMemory(500 * MiB, { for: 9_000 })
    const second = pilot.reserveMemory(500 * MiB, { for: 2_000 })
    const third = pilot.reserveMemory(300 * MiB, { for: 9_000 })
    await go(pilot, 1)
    expect(await outcomeOf(first)).toMatchObject({ bytes: 500 * MiB })
    expect(await outcomeOf(second)).toBe('waits')
    expect(await outcomeOf(third)).toBe('waits')
    await go(pilot, 2)
    expect(await outcomeOf(second)).toMatchObject({
      code: 'ERR_INSUFFICIENT_MEMORY',
      message: expect.stringContaining('896 MiB are free; 500 MiB are reserved for others'),
    })
    expect(await outcomeOf(third)).toMatchObject({ bytes: 300 * MiB })
    await pilot.return()
  })

  it.each([
    ['there is no ballooning policy', { ballooning: undefined }],
    ['a dry run reclaims no memory', { dryRun: true }],
  ])('says at once when %s', async (why, change) => {
    const pilot = autopilot(host(), { ...options, ...change })
    const room = pilot.reserveMemory(2 * GiB, { for: 60_000 })
    const fits = pilot.reserveMemory(512 * MiB, { for: 60_000 })
    await go(pilot, 1)
    expect(await outcomeOf(room)).toMatchObject({
      code: 'ERR_INSUFFICIENT_MEMORY',
      message: expect.stringContaining(why),
    })
    expect(await outcomeOf(fits)).toMatchObject({ bytes: 512 * MiB })
    await pilot.return()
  })

  it('ends with the loop', async () => {
    const pilot = autopilot(host(), options)
    const room = pilot.reserveMemory(2 * GiB, { for: 60_000 })
    await go(pilot, 1)
    await pilot.return()
    await expect(room).rejects.toMatchObject({
      code: 'ERR_INSUFFICIENT_MEMORY',
      message: expect.stringContaining('ended'),
    })
    await expect(pilot.reserveMemory(1, { for: 1 })).rejects.toMatchObject({
      code: 'ERR_INSUFFICIENT_MEMORY',
    })
  })

  it.each<[string, (pilot: Autopilot) => Promise<unknown>]>([
    ['return()', (pilot) => pilot.return()],
    ['throw()', (pilot) => pilot.throw(new Error('enough')).catch(() => undefined)],
  ])('ends with a loop that never began, by %s', async (_, end) => {
    const pilot = autopilot(host(), options)
    const room = outcomeOf(pilot.reserveMemory(512 * MiB, { for: 60_000 }))
    await end(pilot)
    expect(await room).toMatchObject({ code: 'ERR_INSUFFICIENT_MEMORY' })
    expect(await outcomeOf(pilot.reserveMemory(1, { for: 1 }))).toMatchObject({
      code: 'ERR_INSUFFICIENT_MEMORY',
    })
    expect(await pilot.next()).toEqual({ done: true, value: undefined })
  })

  it('ends with a loop that never began and is gone', async () => {
    const room = (() => autopilot(host(), options).reserveMemory(512 * MiB, { for: 60_000 }))()
    const settled = outcomeOf(room)
    expect(await settled).toBe('waits')
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc')
    for (let i = 0; i < 100 && (await outcomeOf(room)) === 'waits'; i++) collect()
    expect(await outcomeOf(room)).toMatchObject({ code: 'ERR_INSUFFICIENT_MEMORY' })
  })

  it.each([
    [0, { for: 1 }, '`bytes`'],
    ['4GiB', { for: 1 }, '`bytes`'],
    [1, undefined, '`options`'],
    [1, { for: 0 }, '`for`'],
    [1, { for: 1, signal: 'x' }, '`signal`'],
  ])('(%j, %j) is a TypeError about %s', async (bytes, terms, name) => {
    const reserved = autopilot(host(), options).reserveMemory(bytes as number, terms as never)
    await expect(reserved).rejects.toThrow(TypeError)
    await expect(reserved).rejects.toThrow(name)
  })
})
