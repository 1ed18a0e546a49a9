import { describe, expect, it } from 'vitest'
import { DomainState, MemoryStatus } from '../../../../lib/host/sample.ts'
import { type Told, Watched } from './guest.ts'

/** What is said of a balloon at each sample, 2 s apart. */
function follow(steps: readonly Told[], guest = new Watched()): string[] {
  return steps.map((told) => guest.see(told).progress)
}

const asked = (actual: number, target: number, count = 1): Told[] => Array(count).fill({ actual, target })
const refusesAfter = ['following', 'following', 'following', 'following', 'following', 'refusing']

describe('a balloon', () => {
  it('rests when nothing was asked, and when it has what was asked', () => {
    expect(follow([{}, { target: 1_024 }, { target: 1_024.5 }])).toEqual(['resting', 'resting', 'resting'])
  })

  it('follows, as slowly as a busy guest does it', () => {
    const sizes = [1_024, 755, 486, 256]
    const progress = follow(sizes.map((actual) => ({ actual, target: 256, used: 200 })))
    expect(progress).toEqual(['following', 'following', 'following', 'resting'])
  })

  it('follows while it comes closer at all, swapping', () => {
    const sizes = Array.from({ length: 30 }, (_, i) => 1_024 - 4 * i)
    expect(new Set(follow(sizes.map((actual) => ({ actual, target: 512 }))))).toEqual(new Set(['following']))
  })

  it('refuses when it has not come closer for ten seconds', () => {
    expect(follow(asked(1_024, 512, 6))).toEqual(refusesAfter)
    expect(follow(asked(512, 1_024, 6))).toEqual(refusesAfter)
  })

  it('refuses when it stopped on the way, as a guest without swap does', () => {
    expect(follow([...asked(1_024, 256), ...asked(700, 256), ...asked(350, 256, 6)])).toEqual([
      'following',
      'following',
      ...refusesAfter,
    ])
  })

  it('refuses when it creeps', () => {
    const sizes = Array.from({ length: 60 }, (_, i) => 1_024 - i)
    const progress = follow(sizes.map((actual) => ({ actual, target: 512 })))
    expect(new Set(progress.slice(5))).toEqual(new Set(['refusing']))
  })

  it('goes on refusing when it is asked for another size in the same direction, until it moves', () => {
    const guest = new Watched()
    follow(asked(1_024, 512, 6), guest)
    expect(follow([...asked(1_024, 600), ...asked(1_024, 400)], guest)).toEqual(['refusing', 'refusing'])
    expect(follow(asked(1_000, 400), guest)).toEqual(['following'])
  })

  it('is given time anew when it is asked the other way', () => {
    const guest = new Watched()
    follow(asked(1_024, 512, 6), guest)
    expect(follow([...asked(1_024, 1_500), ...asked(1_024, 1_024)], guest)).toEqual(['following', 'resting'])
  })

  it('tells since when it has not moved', () => {
    const guest = new Watched()
    const since = [...asked(1_024, 512, 2), ...asked(800, 512, 3), ...asked(512, 512)].map(
      (told) => guest.see(told).stillSince,
    )
    expect(since).toEqual([2_000, 2_000, 6_000, 6_000, 6_000, undefined])
  })

  it.each<[string, Told]>([
    ['paused', { state: DomainState.paused }],
    ['stuck', { status: MemoryStatus.stuck }],
  ])('of a guest that is %s is no refuser', (_, how) => {
    const guest = new Watched()
    const still = { actual: 1_024, target: 512 }
    const during = follow(Array(20).fill({ ...still, ...how }), guest)
    expect(new Set(during)).toEqual(new Set(['following']))
    // The time that it is given begins with the last sample of it so.
    expect(follow(Array(5).fill(still), guest)).toEqual(refusesAfter.slice(1))
  })

  it('is watched anew when its domain restarts', () => {
    const guest = new Watched()
    follow(asked(1_024, 512, 6), guest)
    expect(guest.see({ id: 2, actual: 1_024, target: 512 }).progress).toBe('following')
  })
})
