import { describe, expect, it } from 'vitest'
import { type AutopilotOptions, autopilot } from '../../../../lib/control/autopilot.ts'
import { RunCache } from '../../../../lib/control/domain/run-cache.ts'
import type { Tick } from '../../../../lib/control/tick.ts'
import { BallastError } from '../../../../lib/host/errors.ts'
import { setMemory } from '../../../../lib/policy/plan.ts'
import { sentenceOf } from '../../../../lib/policy/reason.ts'
import { MiB } from '../../../../lib/util/units.ts'
import type { View } from '../../../../lib/view/view.ts'
import { type FakeGuest, FakeHost, guest } from '../fake-host.ts'

const all = (view: View) => view.domains.map((domain) => setMemory(domain, 600 * MiB, 'test'))

async function ticksOf(host: FakeHost, options: Partial<AutopilotOptions> = {}, on = (_: Tick) => {}) {
  const ticks: Tick[] = []
  for await (const tick of autopilot(host, { interval: 1_000, ticks: 3, ballooning: all, ...options })) {
    ticks.push(tick)
    on(tick)
  }
  return ticks
}

const why = (tick: Tick | undefined) =>
  tick?.skipped.map(({ domain, reason }) => `${domain}: ${sentenceOf(reason)}`)

describe('what a domain is made of', () => {
  it.each<[FakeGuest['traits'], string]>([
    [{ balloon: 'none' }, 'vm1: it has no balloon device'],
    [
      { pinnedMemory: 'huge pages', hugePages: 2 ** 30 },
      'vm1: its memory is pinned: huge pages (1024 MiB on huge pages)',
    ],
    [{ pinnedMemory: 'locked' }, 'vm1: its memory is pinned: locked memory'],
    [{ pinnedMemory: 'passthrough' }, 'vm1: its memory is pinned: a passed-through device'],
  ])('%j keeps its memory as it is, from the first tick on, and the tick says so', async (traits, reason) => {
    const host = new FakeHost([guest(1, { traits: traits! }), guest(2)])
    const [tick] = await ticksOf(host)
    expect(host.calls).toEqual(['setMemory vm2 600'])
    expect(why(tick)).toEqual([reason])
  })

  it('is read once for each run, and again when a device comes or goes', async () => {
    const host = new FakeHost([guest(1), guest(2)])
    const asked: string[] = []
    const { domainTraits } = host
    host.domainTraits = (uuid) => {
      asked.push(host.guests.find((one) => one.uuid === uuid)!.name)
      return domainTraits.call(host, uuid)
    }
    const ticks = await ticksOf(host, { ticks: 6, ballooning: () => [] }, ({ index }) => {
      const [one] = host.guests
      if (index === 1) one!.traits = { pinnedMemory: 'passthrough' }
      if (index === 2) host.emit({ kind: 'device', domain: one!, alias: 'hostdev0', change: 'added' })
      if (index === 4) host.guests[1] = guest(2, { id: 22 })
    })
    expect(asked).toEqual(['vm1', 'vm2', 'vm1', 'vm2'])
    expect(ticks.map((tick) => why(tick)?.length)).toEqual([0, 0, 0, 1, 1, 1])
  })

  it('is asked once by a loop that only schedules: its memory may be bound to NUMA cells', async () => {
    const host = new FakeHost([guest(1)])
    await ticksOf(host, { ballooning: undefined, scheduler: () => [] })
    expect(host.looks.filter(({ call }) => call === 'domainTraits')).toHaveLength(1)
  })

  it('that cannot be read is told, and its memory is managed as far as it is known', async () => {
    const host = new FakeHost([guest(1)])
    host.domainTraits = async () => {
      throw new BallastError('ERR_NOT_SUPPORTED', 'no XML')
    }
    const ticks = await ticksOf(host)
    expect(ticks[0]!.errors).toMatchObject([{ code: 'ERR_NOT_SUPPORTED' }])
    expect(host.calls).toContain('setMemory vm1 600')
  })
})

describe('a statistics period', () => {
  it.each<[FakeGuest['traits'], string[]]>([
    [{ balloon: 'none', statsPeriodSeconds: undefined }, []],
    [{ statsPeriodSeconds: 1 }, []],
    [{ statsPeriodSeconds: 2 }, []],
    [{ statsPeriodSeconds: 3 }, ['setMemoryStatsPeriod vm1 2']],
    [{ statsPeriodSeconds: 0 }, ['setMemoryStatsPeriod vm1 2']],
    [{ statsPeriodSeconds: undefined }, ['setMemoryStatsPeriod vm1 2']],
    [{ balloon: undefined, statsPeriodSeconds: undefined }, []],
    [{ balloon: 'xen', statsPeriodSeconds: undefined }, []],
  ])('of %j is set only when it has to be', async (traits, calls) => {
    const host = new FakeHost([guest(1, { traits: traits! })])
    await ticksOf(host, { interval: 4_000, ballooning: () => [] })
    expect(host.calls).toEqual(calls)
  })
})

describe('what is asked once for each run of a domain', () => {
  it.each([
    [true, 7],
    [false, undefined],
  ])('holds until it is answered anew when it keepsLast (%s)', async (keepsLast, held) => {
    const host = new FakeHost([guest(1)])
    let answer = 7
    const ask = async () => answer
    using book = new RunCache(host, {
      ask,
      isChangedBy: ({ kind }) => kind === 'device',
      serveStale: keepsLast,
      timeout: 1,
      report: () => {},
    })
    const [domain] = host.guests
    await book.follow([domain!])
    answer = 8
    expect(book.of(domain!)).toBe(7)
    host.emit({ kind: 'device', domain: domain!, alias: 'x', change: 'added' })
    expect(book.of(domain!)).toBe(held)
    expect(await book.read(domain!)).toBe(8)
    expect(book.of({ ...domain!, id: 99 })).toBeUndefined()
  })
})
