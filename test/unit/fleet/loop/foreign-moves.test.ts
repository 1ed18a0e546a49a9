import { describe, expect, it } from 'vitest'
import { GiB } from '../../../../lib/util/units.ts'
import { lopsided, movesOf, once, play, wherePlayed } from './fixtures.ts'

describe('migrations of other programs', () => {
  it('are seen, counted, and not disturbed', async () => {
    const { fleet, ticks } = await play(
      lopsided({ changes: [{ at: 12_000, kind: 'migrate', guest: 'a-0', to: 'b' }] }, 16 * GiB),
      { rounds: 5 },
    )
    const foreign = ticks.flatMap((tick) => tick.foreign)
    expect(foreign.map(({ guestName }) => guestName)).toEqual(['a-0'])
    expect(ticks.some(({ view }) => view.migrations.some(({ isForeign }) => isForeign))).toBe(true)
    expect(fleet.migrations[0]).toMatchObject({ guest: 'a-0', outcome: 'done', isOrdered: false })
    expect(ticks.every(({ mode }) => mode === 'active')).toBe(true)
  })

  it('make it step back when they are a balancer', async () => {
    const changes = [0, 1, 2, 3].map((i) => ({
      at: 12_000 + 30_000 * i,
      kind: 'migrate' as const,
      guest: 'a-0',
      to: i % 2 === 0 ? 'b' : 'a',
    }))
    const { ticks } = await play(lopsided({ changes }), { rounds: 60, policy: once([]) })
    const since = ticks.findIndex(({ mode }) => mode === 'stepped back')
    expect(since).toBeGreaterThan(0)
    expect(ticks.slice(since).every(({ mode }) => mode === 'stepped back')).toBe(true)
    const busy = await play(lopsided({ changes }), { rounds: 60 })
    const after = busy.ticks.slice(busy.ticks.findIndex(({ mode }) => mode === 'stepped back'))
    expect(movesOf(after)).toEqual([])
    const reasons = after.flatMap((tick) => tick.denied.map(({ reason }) => reason))
    expect(reasons.some(({ kind }) => kind === 'other-balancer')).toBe(true)
  })

  it('do not keep a host from being emptied', async () => {
    const changes = [
      ...[0, 1, 2, 3].map((i) => ({
        at: 12_000 + 20_000 * i,
        kind: 'migrate' as const,
        guest: 'a-0',
        to: i % 2 === 0 ? 'b' : 'a',
      })),
      { at: 120_000, kind: 'drain' as const, host: 'a' },
    ]
    const hosts = ['a', 'b'].map((name) => ({ name, pcpus: 8, memory: 64 * GiB }))
    const played = await play(lopsided({ hosts, changes }), { rounds: 60 })
    expect(played.ticks.at(-1)!.mode).toBe('stepped back')
    expect(Object.values(wherePlayed(played))).not.toContain('a')
  })

  it('that are two, from two hosts, are no balancer', async () => {
    const changes = [
      { at: 12_000, kind: 'migrate' as const, guest: 'a-0', to: 'b' },
      { at: 42_000, kind: 'migrate' as const, guest: 'a-0', to: 'a' },
    ]
    const { ticks } = await play(lopsided({ changes }), { rounds: 20, policy: once([]) })
    expect(ticks.flatMap((tick) => tick.foreign)).toHaveLength(2)
    expect(ticks.every(({ mode }) => mode === 'active')).toBe(true)
  })

  it('that empty one host by hand are no balancer', async () => {
    const changes = [0, 1, 2, 3, 4].map((i) => ({
      at: 12_000 + 20_000 * i,
      kind: 'migrate' as const,
      guest: `a-${i}`,
      to: 'b',
    }))
    const { ticks } = await play(lopsided({ changes }), { rounds: 20, policy: once([]) })
    expect(ticks.flatMap((tick) => tick.foreign)).toHaveLength(5)
    expect(ticks.every(({ mode }) => mode === 'active')).toBe(true)
  })
})
