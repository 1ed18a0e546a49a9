import { describe, expect, it } from 'vitest'
import type { FleetTick } from '../../../../lib/fleet/tick/fleet-tick.ts'
import { GiB } from '../../../../lib/util/units.ts'
import { lopsided, movesOf, once, play, wherePlayed } from './fixtures.ts'

/** 64 GiB take a minute. */
const large = 20 * GiB
const moveOne = once([{ guest: 'a-0', to: 'b' }])

function fencesOf(ticks: readonly FleetTick[]): number[] {
  return [...new Set(ticks.map(({ fence }) => fence))]
}

describe('a fleet survives', () => {
  it('that its leader is killed in the middle of a migration', async () => {
    const scenario = lopsided(
      {
        hosts: ['a', 'b', 'c'].map((name) => ({
          name,
          pcpus: 4,
          memory: 256 * GiB,
          bandwidth: 0.25e9,
          mayLead: name !== 'a',
        })),
        changes: [{ at: 60_000, kind: 'kill', host: 'b' }],
      },
      large,
    )
    const played = await play(scenario, { rounds: 80 })
    const fences = fencesOf(played.ticks)
    expect(fences).toHaveLength(2)
    const [first, second] = fences.map((fence) => played.ticks.filter((tick) => tick.fence === fence))
    // The first gave an order, the second saw it end, and took it over as a move of before.
    expect(movesOf(first!)).toHaveLength(1)
    const moved = first!.flatMap((tick) => tick.ordered)[0]!.step
    expect(second!.flatMap((tick) => tick.outcomes)[0]).toMatchObject({ guest: moved.guest, outcome: 'done' })
    const own = played.fleet.migrations.filter(({ guest }) => guest === moved.guestName)
    expect(own).toHaveLength(1)
    expect(played.fleet.migrations.every(({ outcome }) => outcome === 'done')).toBe(true)
    expect(second!.flatMap((tick) => tick.foreign)).toEqual([])
  })

  it('that a source agent is killed in the middle of a migration, and comes back', async () => {
    const scenario = lopsided(
      {
        hosts: ['a', 'b'].map((name) => ({
          name,
          pcpus: 8,
          memory: 256 * GiB,
          bandwidth: 0.25e9,
          mayLead: name === 'b',
        })),
        changes: [
          { at: 30_000, kind: 'kill', host: 'a' },
          { at: 60_000, kind: 'restart', host: 'a' },
        ],
      },
      large,
    )
    const played = await play(scenario, { rounds: 60, policy: moveOne })
    expect(played.fleet.migrations).toHaveLength(1)
    expect(played.fleet.migrations[0]).toMatchObject({ guest: 'a-0', outcome: 'done' })
    expect(played.ticks.flatMap((tick) => tick.outcomes)).toMatchObject([{ outcome: 'done' }])
    expect(await played.fleet.bus.connect().open()).toEqual([])
  })

  it('that an agent is killed and does not come back: its guests stay where they are', async () => {
    const scenario = lopsided({ changes: [{ at: 5_000, kind: 'kill', host: 'a' }] })
    const played = await play(scenario, { rounds: 30 })
    expect(movesOf(played.ticks)).toEqual([])
    expect(played.ticks.at(-1)!.view.hosts.map(({ name }) => name)).toEqual(['b'])
  })

  it('that the bus is away: nothing is ordered meanwhile, what moves ends, and it goes on', async () => {
    const scenario = lopsided(
      {
        hosts: ['a', 'b'].map((name) => ({
          name,
          pcpus: 4,
          memory: 256 * GiB,
          bandwidth: 0.25e9,
          mayLead: true,
        })),
        changes: [
          { at: 60_000, kind: 'cut' },
          { at: 300_000, kind: 'mend' },
        ],
      },
      large,
    )
    const played = await play(scenario, { rounds: 120 })
    const meanwhile = played.fleet.migrations.filter(({ began }) => began > 60_000 && began < 300_000)
    expect(meanwhile).toEqual([])
    expect(played.fleet.migrations[0]).toMatchObject({ outcome: 'done' })
    expect(played.fleet.migrations.length).toBeGreaterThanOrEqual(2)
    expect(fencesOf(played.ticks).length).toBeGreaterThanOrEqual(2)
  })

  it('that its leader is cut off: another leads, and what the first thinks later is not heard', async () => {
    const hosts = ['a', 'b', 'c'].map((name) => ({ name, pcpus: 4, memory: 64 * GiB, mayLead: name !== 'a' }))
    const scenario = lopsided({
      hosts,
      changes: [
        { at: 42_000, kind: 'cut', host: 'b' },
        { at: 200_000, kind: 'mend', host: 'b' },
      ],
    })
    const played = await play(scenario, { rounds: 60 })
    const leaders = [...new Set(played.ticks.map(({ leader, fence }) => `${fence} ${leader.slice(-1)}`))]
    expect(leaders).toEqual(['1 1', '2 2'])
    expect(played.fleet.migrations.map(({ guest }) => guest)).toEqual([
      ...new Set(played.fleet.migrations.map(({ guest }) => guest)),
    ])
    expect(played.fleet.migrations.every(({ outcome }) => outcome === 'done')).toBe(true)
  })

  it('that the outcome of a migration is unknown: both hosts are looked at before anything else', async () => {
    const scenario = lopsided({ changes: [{ at: 0, kind: 'trouble', guest: 'a-0', with: 'connection' }] })
    const policy = once([
      { guest: 'a-0', to: 'b' },
      { guest: 'a-1', to: 'b' },
    ])
    const played = await play(scenario, { rounds: 20, policy })
    const recovering = played.ticks.filter(({ mode }) => mode === 'recovering')
    expect(recovering.length).toBeGreaterThan(0)
    expect(recovering.flatMap(({ ordered }) => ordered)).toEqual([])
    expect(played.ticks.flatMap((tick) => tick.outcomes)[0]).toMatchObject({ outcome: 'done' })
    expect(wherePlayed(played)['a-0']).toBe('b')
    expect(played.fleet.migrations).toHaveLength(1)
  })

  it('that it is unknown for long, since the migration goes on: it is waited for', async () => {
    const hosts = ['a', 'b'].map((name) => ({ name, pcpus: 8, memory: 256 * GiB, bandwidth: 0.4e9 }))
    const changes = [{ at: 0, kind: 'trouble', guest: 'a-0', with: 'connection' }] as const
    const played = await play(lopsided({ hosts, changes }, large), { rounds: 20, policy: moveOne })
    expect(played.ticks.filter(({ mode }) => mode === 'recovering').length).toBeGreaterThan(4)
    expect(played.ticks.flatMap((tick) => tick.outcomes)).toMatchObject([{ outcome: 'done' }])
  })

  it('that a migration fails: the guest stays, the plan ends, and it is tried again later', async () => {
    const scenario = lopsided({ changes: [{ at: 0, kind: 'trouble', guest: 'a-0', with: 'failure' }] })
    const policy = once([
      { guest: 'a-0', to: 'b' },
      { guest: 'a-1', to: 'b', after: [0] },
      { guest: 'a-2', to: 'b' },
    ])
    const played = await play(scenario, { rounds: 20, policy })
    expect(movesOf(played.ticks)).toEqual(['a-0 a>b'])
    expect(played.ticks.flatMap((tick) => tick.outcomes)).toMatchObject([{ outcome: 'failed' }])
    expect(wherePlayed(played)['a-0']).toBe('a')
    const { guests } = played.ticks.at(-1)!.view
    expect(guests.find(({ name }) => name === 'a-0')!.stays[0]).toMatchObject({
      kind: 'migration-failed',
      times: 1,
    })
  })

  it('that a migration never ends: it is ended at its deadline, and the guest stays', async () => {
    const scenario = lopsided({ changes: [{ at: 0, kind: 'trouble', guest: 'a-0', with: 'no end' }] })
    const played = await play(scenario, { rounds: 30, policy: moveOne })
    expect(played.fleet.migrations).toMatchObject([{ guest: 'a-0', outcome: 'aborted' }])
    const events = played.ticks.flatMap((tick) => tick.events)
    expect(events.at(-1)).toMatchObject({ state: 'failed', error: { code: 'ERR_MIGRATION_ABORTED' } })
    expect(wherePlayed(played)['a-0']).toBe('a')
  })

  it('that the target is to be empty in the middle of a migration: it is ended', async () => {
    const scenario = lopsided(
      {
        hosts: ['a', 'b'].map((name) => ({ name, pcpus: 8, memory: 256 * GiB, bandwidth: 0.2e9 })),
        changes: [{ at: 25_000, kind: 'drain', host: 'b' }],
      },
      large,
    )
    const played = await play(scenario, { rounds: 20, policy: moveOne })
    expect(played.fleet.migrations).toMatchObject([{ guest: 'a-0', outcome: 'aborted' }])
    expect(wherePlayed(played)['a-0']).toBe('a')
  })

  it('that the target has no memory for a guest any more in the middle of its migration: it is ended', async () => {
    const hosts = ['a', 'b'].map((name) => ({ name, pcpus: 8, memory: 256 * GiB, bandwidth: 0.2e9 }))
    const grows = {
      name: 'grows',
      host: 'b',
      demand: { kind: 'steady', demand: 0.1 } as const,
      memory: 240 * GiB,
      need: 10 * GiB,
    }
    const changes = [{ at: 35_000, kind: 'need', guest: 'grows', need: 225 * GiB }] as const
    const scenario = lopsided({ hosts, changes }, large)
    const played = await play(
      { ...scenario, guests: [...scenario.guests, grows] },
      { rounds: 20, policy: moveOne },
    )
    expect(played.fleet.migrations).toMatchObject([{ guest: 'a-0', outcome: 'aborted' }])
    expect(wherePlayed(played)['a-0']).toBe('a')
  })

  it('a leader whose clock is an hour ahead, and the next whose clock is right', async () => {
    const scenario = lopsided({
      hosts: ['a', 'b', 'c'].map((name) => ({
        name,
        pcpus: 4,
        memory: 64 * GiB,
        mayLead: name !== 'a',
        clockAhead: name === 'b' ? 3_600_000 : 0,
      })),
      changes: [{ at: 400_000, kind: 'kill', host: 'b' }],
    })
    const played = await play(scenario, { rounds: 120 })
    expect(fencesOf(played.ticks)).toHaveLength(2)
    expect(played.fleet.migrations.every(({ outcome }) => outcome === 'done')).toBe(true)
    // Six guests on three hosts: the next leader finds them two by two.
    expect(movesOf(played.ticks)).toHaveLength(4)
    // What the first did is remembered by the second.
    const last = played.ticks.at(-1)!
    expect(last.view.guests.flatMap(({ stays }) => stays.map(({ kind }) => kind))).toContain('cooling-down')
  })
})
