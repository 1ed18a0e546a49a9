import { describe, expect, it } from 'vitest'
import type { FleetChange } from '../../../../lib/fleet/simulation/scenario.ts'
import { GiB } from '../../../../lib/util/units.ts'
import { busyGuests, movesOf, play } from './fixtures.ts'

const hosts = ['a', 'b', 'c'].map((name) => ({ name, pcpus: 8, memory: 64 * GiB, mayLead: true }))
/** Their host has no room for both when one grows from 10 to 40 GiB. */
const idle = ([10, 25] as const).map((need, i) => {
  const demand = { kind: 'steady', demand: 0.1 } as const
  return { name: `idle-${i + 1}`, host: 'c', demand, memory: 40 * GiB, need: need * GiB }
})

/** A plan takes half of 14 guests off a host, a step a minute; something else comes after the first step. */
async function movesWith(change: FleetChange, others = idle) {
  const scenario = { hosts, guests: [...busyGuests(14, 'a'), ...others], changes: [change] }
  const { ticks } = await play(scenario, { rounds: 80 })
  return { moves: movesOf(ticks), denied: ticks.map((tick) => tick.denied.map(({ reason }) => reason)) }
}

describe('a plan that takes long', () => {
  it.each([
    [{ kind: 'drain', host: 'c' }, 2, { kind: 'drain-comes-first', host: 'c' }],
    [{ kind: 'move', guest: 'idle-1', to: 'b' }, 1, { kind: 'move-comes-first', guest: 'idle-1' }],
    [{ kind: 'need', guest: 'idle-1', need: 40 * GiB }, 1, { kind: 'memory-comes-first', host: 'c' }],
  ] as const)('makes way for %o, and goes on after it', async (change, urgent, reason) => {
    const { moves, denied } = await movesWith({ at: 60_000, ...change })
    expect(moves[0]).toMatch(/^a-/)
    expect(moves.slice(1, 1 + urgent).every((move) => move.startsWith('idle-'))).toBe(true)
    expect(moves.slice(1 + urgent).length).toBeGreaterThan(3)
    expect(moves.slice(1 + urgent).every((move) => move.startsWith('a-'))).toBe(true)
    expect(denied.flat()).toContainEqual(reason)
  })

  it('is ended once, and not again and again, where nothing can be done', async () => {
    const stuck = idle.map((guest) => ({ ...guest, stays: ['it has a device of its host'] }))
    const { moves, denied } = await movesWith({ at: 60_000, kind: 'drain', host: 'c' }, stuck)
    expect(moves.length).toBeGreaterThan(4)
    const reason = { kind: 'drain-comes-first', host: 'c' }
    expect(denied.filter((reasons) => reasons.length > 0)).toEqual([expect.arrayContaining([reason])])
  })
})
