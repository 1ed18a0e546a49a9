import { describe, expect, it } from 'vitest'
import { shares } from '../../../../lib/ballooning/index.ts'
import { autopilot } from '../../../../lib/control/autopilot.ts'
import { StatsPeriods, statsPeriodSeconds } from '../../../../lib/control/domain/stats-period.ts'
import { type Journal, memoryJournal } from '../../../../lib/control/journal/journal.ts'
import type { Tick } from '../../../../lib/control/tick.ts'
import { BallastError } from '../../../../lib/host/errors.ts'
import { scenarios, simulate } from '../../../../lib/simulation/index.ts'
import { FakeHost, guest } from '../fake-host.ts'

const ballooning = () => []
const unarmed = (number: number) => guest(number, { period: undefined })

describe('the statistics period', () => {
  it.each([
    [1, 1],
    [1_000, 1],
    [2_000, 1],
    [4_000, 2],
    [10_000, 5],
    [600_000, 5],
  ])('at an interval of %i ms is %i s', (interval, seconds) => {
    expect(statsPeriodSeconds(interval)).toBe(seconds)
  })

  it('is set once for each guest, so that the next tick knows its memory', async () => {
    const host = new FakeHost([unarmed(1), unarmed(2)])
    const known: (string | undefined)[][] = []
    for await (const { view } of autopilot(host, { interval: 4_000, ticks: 5, ballooning })) {
      known.push(view.domains.map(({ memory }) => memory.hold))
    }
    expect(known[0]).toEqual(['no statistics period', 'no statistics period'])
    expect(known[1]).toEqual([undefined, undefined])
    expect(host.calls).toEqual(['setMemoryStatsPeriod vm1 2', 'setMemoryStatsPeriod vm2 2'])
  })

  it('is set anew for a guest that starts or restarts, at once when the host tells', async () => {
    const host = new FakeHost([unarmed(1)])
    for await (const tick of autopilot(host, { interval: 1_000, ticks: 5, ballooning })) {
      if (tick.index === 1) host.guests.push(unarmed(2))
      if (tick.index === 2) host.guests[0] = { ...unarmed(1), id: 33 }
      if (tick.index === 3) {
        host.guests[1] = { ...unarmed(2), id: 34 }
        host.emit({ kind: 'lifecycle', domain: host.guests[1], event: 'started' })
        await new Promise(setImmediate)
        expect(host.calls).toHaveLength(4)
      }
    }
    expect(host.calls.map((call) => call.split(' ')[1])).toEqual(['vm1', 'vm2', 'vm1', 'vm2'])
  })

  it('is set in a dry run where that is allowed: what would be done is seen then', async () => {
    const wanted = async (statsPeriod: boolean) => {
      const host = simulate(scenarios.M1())
      const statuses = new Set<string>()
      let periods = 0
      const journal = memoryJournal()
      const options = { interval: 2_000, ticks: 12, dryRun: true, statsPeriod, journal, ballooning: shares() }
      for await (const { outcomes } of autopilot(host, options)) {
        for (const { action, status } of outcomes) statuses.add(`${action.kind} ${status}`)
      }
      for (const { kind } of await journal.entries()) if (kind === 'memoryStatsPeriod') periods++
      return { statuses: [...statuses], periods }
    }
    expect(await wanted(false)).toEqual({ statuses: [], periods: 0 })
    expect(await wanted(true)).toEqual({ statuses: ['setMemory dry-run'], periods: 4 })
  })

  it('is not touched when only vCPUs are scheduled, and set when memory is watched', async () => {
    const host = new FakeHost([unarmed(1)])
    for await (const _ of autopilot(host, { interval: 1_000, ticks: 2, scheduler: () => [] }));
    expect(host.calls).toEqual([])
    for await (const _ of autopilot(host, { interval: 1_000, ticks: 2 }));
    expect(host.calls).toEqual(['setMemoryStatsPeriod vm1 1'])
  })

  it('that cannot be set is told, tried again with growing pauses, and nobody waits', async () => {
    const host = new FakeHost([unarmed(1), unarmed(2)])
    host.obstacle = (call, uuid) => {
      if (call === 'setMemoryStatsPeriod' && uuid === host.guests[0]!.uuid) {
        throw new BallastError('ERR_NOT_SUPPORTED', 'no balloon')
      }
    }
    const ticks: Tick[] = []
    for await (const tick of autopilot(host, { interval: 1_000, ticks: 16, ballooning })) ticks.push(tick)
    const tries = host.calls.filter((call) => call.includes('vm1'))
    expect(tries).toHaveLength(5)
    const told = ticks.flatMap(({ index, errors }) => errors.map(({ code }) => `${index} ${code}`))
    expect(told).toEqual(
      [0, 1, 3, 7, 15].map((index) => `${index + 1} ERR_NOT_SUPPORTED`).slice(0, told.length),
    )
    expect(told.length).toBeGreaterThanOrEqual(4)
    expect(host.calls.filter((call) => call.includes('vm2'))).toHaveLength(1)
  })

  it('is not set any more once the loop has ended, however long the journal took', async () => {
    const host = new FakeHost([unarmed(1)])
    let write = () => {}
    let begin = () => {}
    const begun = new Promise<void>((resolve) => {
      begin = resolve
    })
    const journal: Journal = {
      record: async (entries) => {
        if (entries.length === 0) return
        begin()
        return new Promise((resolve) => {
          write = resolve
        })
      },
      entries: async () => [],
    }
    const pilot = autopilot(host, { interval: 1_000, ballooning, journal })
    await pilot.next()
    await begun
    let hasEnded = false
    const end = pilot.return(undefined).then(() => (hasEnded = true))
    await new Promise(setImmediate)
    expect(hasEnded).toBe(false)
    write()
    await end
    await new Promise(setImmediate)
    expect(host.calls).toEqual([])
  })

  it('that is being set when the loop ends is waited for, but not for long', async () => {
    const host = new FakeHost([unarmed(1)])
    host.obstacle = (call) => (call === 'setMemoryStatsPeriod' ? new Promise(() => {}) : undefined)
    const pilot = autopilot(host, { interval: 1_000, ballooning })
    await pilot.next()
    await new Promise(setImmediate)
    const before = host.clock.now()
    await pilot.return(undefined)
    expect(host.clock.now() - before).toBe(500)
  })

  it('that cannot be told is reported and tried again, and is no unhandled rejection', async () => {
    const unhandled: unknown[] = []
    const note = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', note)
    const host = new FakeHost([unarmed(1)])
    const reported: BallastError[] = []
    let isBroken = true
    const periods = new StatsPeriods(host, memoryJournal(), 1, {
      needs: async () => {
        if (isBroken) throw new BallastError('ERR_NOT_SUPPORTED', 'no answer')
        return { original: 0 }
      },
      isFine: () => false,
      changed: () => {},
      report: (error) => reported.push(error),
    })
    periods.follow(host.guests)
    await new Promise(setImmediate)
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
    expect(reported.map(({ code }) => code)).toEqual(['ERR_NOT_SUPPORTED'])
    isBroken = false
    periods.follow(host.guests)
    await host.clock.sleepUntil(host.clock.now() + 1_000)
    expect(host.calls).toEqual([])
    periods.follow(host.guests)
    await new Promise(setImmediate)
    expect(host.calls).toEqual(['setMemoryStatsPeriod vm1 1'])
  })

  it('that hangs delays no tick', async () => {
    const host = new FakeHost([unarmed(1), unarmed(2)])
    host.obstacle = (call, uuid) => {
      if (call === 'setMemoryStatsPeriod' && uuid === host.guests[0]!.uuid) return new Promise(() => {})
    }
    const periods: (number | undefined)[] = []
    for await (const { timing } of autopilot(host, { interval: 1_000, ticks: 4, ballooning })) {
      periods.push(timing.period)
      expect(timing.total).toBe(0)
    }
    expect(periods).toEqual([undefined, 1_000, 1_000, 1_000])
  })

  it.each([
    ['ERR_NOT_SUPPORTED', []],
    ['ERR_PERMISSION_DENIED', []],
    // It may have been set.
    ['ERR_TIMEOUT', ['vm1']],
    ['ERR_LIBVIRT', ['vm1']],
  ] as const)(
    'that fails with %s stays in the journal only where it may have been set',
    async (code, kept) => {
      const host = new FakeHost([unarmed(1)])
      host.obstacle = (call) => {
        if (call === 'setMemoryStatsPeriod') throw new BallastError(code, 'no')
      }
      const journal = memoryJournal()
      for await (const _ of autopilot(host, { interval: 1_000, ticks: 4, ballooning, journal }));
      expect((await journal.entries()).map(({ name }) => name)).toEqual(kept)
    },
  )

  it('that is refused leaves what the journal has of an earlier change', async () => {
    const host = new FakeHost([guest(1, { period: 7 })])
    host.obstacle = (call) => {
      if (call === 'setMemoryStatsPeriod') throw new BallastError('ERR_NOT_SUPPORTED', 'no')
    }
    const journal = memoryJournal()
    const { uuid, name, id, run } = host.guests[0]!
    const requested = [{ wallTime: 1, from: 3, to: 7 }]
    await journal.record([
      { kind: 'memoryStatsPeriod', wallTime: 1, uuid, name, id, run, original: 3, requested },
    ])
    for await (const _ of autopilot(host, { interval: 1_000, ticks: 4, ballooning, journal }));
    expect(await journal.entries()).toMatchObject([{ original: 3, requested: { length: 4 } }])
  })

  it('is in the journal with what it was, where that is known', async () => {
    const host = new FakeHost([unarmed(1), guest(2, { period: 7 }), guest(3)])
    const { domainTraits } = host
    host.domainTraits = async (uuid) => {
      if (uuid === host.guests[2]!.uuid) throw new BallastError('ERR_NOT_SUPPORTED', 'no XML')
      return domainTraits.call(host, uuid)
    }
    const journal = memoryJournal()
    for await (const _ of autopilot(host, { interval: 1_000, ticks: 2, ballooning, journal }));
    expect(await journal.entries()).toMatchObject([
      { kind: 'memoryStatsPeriod', name: 'vm1', id: 1, original: 0 },
      { kind: 'memoryStatsPeriod', name: 'vm2', id: 2, original: 7 },
      { kind: 'memoryStatsPeriod', name: 'vm3', id: 3, original: null },
    ])
  })
})
