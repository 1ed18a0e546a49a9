import { describe, expect, it } from 'vitest'
import { balance } from '../../../../lib/fleet/policies/balance.ts'
import { replayFleet } from '../../../../lib/fleet/tick/replay-fleet.ts'
import {
  fleetTickJson,
  fleetTickRecord,
  historyRecord,
  readFleetTick,
} from '../../../../lib/fleet/tick/tick-record.ts'
import { whyGuest } from '../../../../lib/fleet/tick/why-guest.ts'
import { GiB } from '../../../../lib/util/units.ts'
import { busyGuests, lopsided, once, play } from '../loop/fixtures.ts'

describe('a fleet tick as JSON', () => {
  it('is the same when it is read', async () => {
    const { ticks } = await play(lopsided({}, 16 * GiB), { rounds: 8 })
    // One in which a guest is on its way, so that hosts and guests name each other twice.
    const tick = ticks.find(({ view }) => view.guests.some(({ goingTo }) => goingTo !== undefined))!
    const read = readFleetTick(fleetTickJson(tick))
    expect(fleetTickRecord(read)).toEqual(JSON.parse(fleetTickJson(tick)))
    expect(read.view.guests.map(({ host, goingTo }) => [host.name, goingTo?.name])).toEqual(
      tick.view.guests.map(({ host, goingTo }) => [host.name, goingTo?.name]),
    )
    expect(read.view.hosts[0]!.guests[0]).toBe(read.view.guests[0])
    expect(read.view.guests[0]!.host).toBe(read.view.hosts[0])
    expect(() => readFleetTick(historyRecord(tick))).toThrow(TypeError)
  })
})

describe('a recorded fleet', () => {
  it('has the same decisions when it is played again with the same policy', async () => {
    const { ticks } = await play(lopsided(), { rounds: 60 })
    const read = ticks.map((tick) => readFleetTick(fleetTickJson(tick)))
    const replayed = [...replayFleet(read, balance())]
    expect(replayed.length).toBe(ticks.filter(({ decided }) => decided).length)
    expect(replayed.filter(({ isSame }) => !isSame)).toEqual([])
    expect(replayed.some(({ plan }) => plan.steps.length > 0)).toBe(true)
  })

  it('has others with another policy', async () => {
    const { ticks } = await play(lopsided(), { rounds: 20 })
    const replayed = [...replayFleet(ticks, balance({ rounds: 5 }))]
    expect(replayed.some(({ isSame }) => !isSame)).toBe(true)
  })

  it('begins anew with each leader', async () => {
    const hosts = ['a', 'b'].map((name) => ({ name, pcpus: 4, memory: 64 * GiB, mayLead: true }))
    const scenario = lopsided({ hosts, changes: [{ at: 15_000, kind: 'kill', host: 'a' }] })
    const seen: unknown[] = []
    const counting = {
      name: 'counting',
      initialState: 0,
      decide: (_: unknown, state: unknown) => {
        seen.push(state)
        return {
          plan: {
            steps: [],
            reason: { kind: 'fleet-rests', delay: 0, deviation: 0 } as const,
            alternatives: [],
          },
          state: (state as number) + 1,
        }
      },
    }
    const { ticks } = await play(scenario, { rounds: 8, policy: counting })
    const live = seen.splice(0)
    for (const _ of replayFleet(ticks, counting)) void _
    expect(seen).toEqual(live)
    expect(live.filter((state) => state === 0)).toHaveLength(2)
  })
})

describe('why a guest', () => {
  it('was moved: the reason, what was predicted and what came of it', async () => {
    const { ticks } = await play(lopsided(), { rounds: 20 })
    const records = ticks.map(fleetTickRecord)
    const moved = ticks.flatMap((tick) => tick.ordered)[0]!.step
    const events = whyGuest(records, moved.guestName)
    expect(events.map(({ kind }) => kind)).toEqual(['ordered', 'done', 'stays', 'result'])
    expect(events[0]!.text).toMatch(/^from a to b: wants 90\.0 % of a pCPU; .*; predicted: source delay /)
    expect(events[2]!.text).toMatch(/^moved 1 times within a day: it stays for another 15 min/)
    expect(events[3]!.text).toMatch(/^it helped: before: source delay \d/)
    expect(whyGuest(records, moved.guest)).toEqual(events)
  })

  it('was moved and not others: what was weighed beside the plan, with what ruled it out', async () => {
    const { ticks } = await play(lopsided(), { rounds: 4 })
    const tick = ticks.find(({ ordered }) => ordered.length > 0)!
    const reason = { kind: 'fewer-steps', steps: 1, delay: 0.3 } as const
    const alternatives = [{ steps: 1, bytes: GiB, delay: 0.3, deviation: 0.2, reason }]
    const record = { ...historyRecord(tick), plan: { ...tick.plan, alternatives } }
    const [ordered, weighed] = whyGuest([record], tick.ordered[0]!.step.guest)
    expect(ordered?.kind).toBe('ordered')
    expect(weighed).toMatchObject({ kind: 'weighed', wallTime: tick.wallTime })
    expect(weighed?.text).toMatch(
      /^weighed beside the plan: 1 step, 1024 MiB: delay 30\.0 %, loads deviate by 20\.0 %; ./,
    )
  })

  it('was taken back', async () => {
    const guests = [...busyGuests(1, 'a'), ...busyGuests(4, 'b')]
    const hosts = ['a', 'b'].map((name) => ({ name, pcpus: 4, memory: 64 * GiB }))
    const { ticks } = await play({ hosts, guests }, { rounds: 30, policy: once([{ guest: 'a-0', to: 'b' }]) })
    const events = whyGuest(ticks.map(fleetTickRecord), 'a-0')
    const told = events.filter(({ kind }) => kind !== 'stays')
    expect(told.map(({ kind }) => kind)).toEqual(['ordered', 'done', 'result', 'ordered', 'done', 'result'])
    expect(told[2]!.text).toMatch(/^it did harm/)
    expect(told[3]!.text).toMatch(/^from b to a: goes back: /)
  })

  it('is denied, once and not for each tick in which the time that is left is another', async () => {
    const wanting = once([{ guest: 'a-0', to: 'b' }])
    const decide = (view: Parameters<typeof wanting.decide>[0]) => wanting.decide(view, false)
    const guests = [...busyGuests(2, 'a'), ...busyGuests(1, 'b')]
    const hosts = ['a', 'b'].map((name) => ({ name, pcpus: 8, memory: 64 * GiB }))
    const { ticks } = await play({ hosts, guests }, { rounds: 14, policy: { ...wanting, decide } })
    expect(ticks.flatMap((tick) => tick.denied).length).toBeGreaterThan(4)
    const events = whyGuest(ticks.map(fleetTickRecord), 'a-0')
    expect(events.filter(({ kind }) => kind === 'denied').length).toBeLessThanOrEqual(2)
    expect(events.filter(({ kind }) => kind === 'stays')).toHaveLength(1)
  })

  it('stays, once and not for each tick, and why its migration failed', async () => {
    const scenario = lopsided({ changes: [{ at: 0, kind: 'trouble', guest: 'a-0', with: 'failure' }] })
    const guests = scenario.guests.map((guest) =>
      guest.name === 'a-1' ? { ...guest, stays: ['a device is passed through'] } : guest,
    )
    const policy = once([{ guest: 'a-0', to: 'b' }])
    const { ticks } = await play({ ...scenario, guests }, { rounds: 12, policy })
    const records = ticks.map(fleetTickRecord)
    expect(whyGuest(records, 'a-1').map(({ kind, text }) => [kind, text])).toEqual([
      ['stays', 'a device is passed through'],
    ])
    const failed = whyGuest(records, 'a-0').find(({ kind }) => kind === 'failed')
    expect(failed?.text).toBe('its migration failed: No route to host')
    // The history on the bus has no views, and says all but that it stays.
    expect(whyGuest(ticks.map(historyRecord), 'a-0').map(({ kind }) => kind)).toContain('failed')
  })
})
