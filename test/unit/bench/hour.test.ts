import { describe, expect, it } from 'vitest'
import { turnInterval, turnsOf } from '../../../bench/hour/turns.ts'

describe('the turns of an hour', () => {
  const turns = turnsOf(1, 6, 60_000)

  it('begin with all guests, and then one of them changes every ten seconds', () => {
    expect(turns.slice(0, 6).map(({ at, guest }) => [at, guest])).toEqual(
      Array.from({ length: 6 }, (_, guest) => [0, guest]),
    )
    expect(turns.slice(6).map(({ at }) => at)).toEqual([1, 2, 3, 4, 5].map((turn) => turn * turnInterval))
  })

  it('are the same for the same seed, and others for another', () => {
    expect(turnsOf(1, 6, 60_000)).toEqual(turns)
    expect(turnsOf(2, 6, 60_000)).not.toEqual(turns)
    // A longer run begins as a shorter one does.
    expect(turnsOf(1, 6, 120_000).slice(0, turns.length)).toEqual(turns)
  })

  it('ask of no guest more than it can do', () => {
    for (const { load, heldMiB, guest } of turnsOf(3, 12, 3_600_000)) {
      expect(load.work).toBeGreaterThanOrEqual(0)
      expect(load.work / (load.work + load.sleep)).toBeLessThanOrEqual(0.4)
      expect(heldMiB).toBeLessThanOrEqual(200)
      expect(guest).toBeLessThan(12)
    }
  })
})
