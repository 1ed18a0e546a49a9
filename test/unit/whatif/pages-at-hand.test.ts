import { describe, expect, it } from 'vitest'
import { MiB } from '../../../lib/util/units.ts'
import { PagesAtHand } from '../../../lib/whatif/pages-at-hand.ts'

/** What is at hand by report, MiB, of `[available, used]` in MiB. */
function atHand(reports: readonly (readonly [available: number, used: number])[]): number[] {
  const pages = new PagesAtHand()
  return reports.map(([available, used]) => pages.take(available * MiB, used * MiB) / MiB)
}

describe('pages that a guest keeps at hand', () => {
  it('are what a resting guest seems to use more when it is given memory, until it has to give', () => {
    // As a guest of the lab did.
    const seen = [
      [480, 104],
      [480, 104],
      [525, 149],
      [525, 149],
      [264, 104],
      [264, 104],
    ] as const
    expect(atHand(seen)).toEqual([0, 0, 45, 45, 0, 0])
  })

  it('are none where nothing was given, or more was taken than that', () => {
    expect(
      atHand([
        [480, 104],
        [480, 144],
      ]),
    ).toEqual([0, 0])
    expect(
      atHand([
        [480, 104],
        [1_480, 304],
      ]),
    ).toEqual([0, 0])
  })

  it('are none of a guest that grows: what it is given it wants', () => {
    expect(
      atHand([
        [480, 104],
        [480, 144],
        [525, 184],
        [570, 224],
      ]),
    ).toEqual([0, 0, 0, 0])
  })

  it('are as they were while nothing is known', () => {
    expect(
      atHand([
        [480, 104],
        [525, 149],
        [Number.NaN, Number.NaN],
        [525, 149],
      ]),
    ).toEqual([0, 45, 45, 45])
  })
})
