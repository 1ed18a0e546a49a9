import { describe, expect, it } from 'vitest'
import { MiB } from '../../../../lib/util/units.ts'
import { Watched } from './guest.ts'

it('are not known in the first report, and nothing at rest', () => {
  const guest = new Watched()
  expect(guest.see().events).toBeUndefined()
  expect(guest.see().events).toEqual({
    swappedOut: 0,
    majorFaultsPerSecond: 0,
    underPressure: false,
    oomKilled: false,
  })
})

describe('suffering', () => {
  const seen = (before: Parameters<Watched['see']>[0], now: Parameters<Watched['see']>[0]) => {
    const guest = new Watched()
    guest.rest(5, before)
    return guest.see(now).events!
  }

  it('is swapping out more than single pages', () => {
    expect(seen({}, { swapOut: 2 })).toMatchObject({ underPressure: true, swappedOut: 2 * MiB })
    expect(seen({}, { swapOut: 0.5 })).toMatchObject({ underPressure: false, swappedOut: 0.5 * MiB })
  })

  it('is faulting much while little is left', () => {
    const short = { used: 980, cache: 0 }
    expect(seen(short, { ...short, majorFaults: 1_500 })).toMatchObject({
      underPressure: true,
      majorFaultsPerSecond: 250,
    })
    // A program that starts, in a guest with room.
    expect(seen({}, { majorFaults: 1_500 })).toMatchObject({
      underPressure: false,
      majorFaultsPerSecond: 250,
    })
    expect(seen(short, { ...short, majorFaults: 1_050 }).underPressure).toBe(false)
  })

  it('is growing so fast that nothing is left before the next tick has an effect', () => {
    // 100 MiB/s, and 4 s until then.
    expect(seen({ used: 300 }, { used: 500 }).underPressure).toBe(false)
    expect(seen({ used: 500 }, { used: 700 }).underPressure).toBe(true)
    expect(seen({ used: 700 }, { used: 700 }).underPressure).toBe(false)
  })

  it('is not having little left, when nothing happens', () => {
    expect(seen({ used: 1_000, cache: 0 }, { used: 1_000, cache: 0 }).underPressure).toBe(false)
  })

  it('takes into account what the balloon has given since the report', () => {
    const guest = new Watched()
    guest.rest(5, { used: 500 })
    expect(guest.see({ used: 700, target: 2_000 }).events?.underPressure).toBe(true)
    expect(guest.see({ actual: 2_000, used: 900 }).events?.underPressure).toBe(false)
  })

  it('ends with the report after', () => {
    const guest = new Watched()
    guest.rest(2)
    expect(guest.see({ swapOut: 50 }).events?.underPressure).toBe(true)
    expect(guest.see({ swapOut: 90 }, 3_000).events?.underPressure).toBe(true)
    expect(guest.see({ swapOut: 50 }).events?.underPressure).toBe(false)
  })
})

describe('a lost program', () => {
  it('is use that falls at once when nothing was left', () => {
    const guest = new Watched()
    guest.rest(3, { used: 1_010, cache: 0 })
    expect(guest.see({ used: 200 }).events?.oomKilled).toBe(true)
    expect(guest.see({ used: 200 }).events?.oomKilled).toBe(false)
  })

  it('is seen between two reports too, by how fast use was growing', () => {
    const guest = new Watched()
    for (const used of [500, 700, 900]) guest.see({ used })
    expect(guest.see({ used: 100 }).events?.oomKilled).toBe(true)
  })

  it.each([
    ['use that falls with room to spare', 800, 200],
    ['use that falls little', 1_010, 985],
    ['a guest that stays full', 1_010, 1_010],
  ])('is not %s', (_, before, now) => {
    const guest = new Watched()
    guest.rest(3, { used: before, cache: 0 })
    expect(guest.see({ used: now, cache: 0 }).events?.oomKilled).toBe(false)
  })

  it('is not a program that grew to the end of its wants and freed all', () => {
    const guest = new Watched()
    for (const used of [700, 750, 800, 850, 900]) guest.see({ used, cache: 0 })
    expect(guest.see({ used: 150, cache: 0 }).events?.oomKilled).toBe(false)
  })
})
