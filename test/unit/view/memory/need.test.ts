import { describe, expect, it } from 'vitest'
import { MiB } from '../../../../lib/util/units.ts'
import { kept, Watched } from './guest.ts'

const mib = (bytes: number | undefined) => Math.round(bytes! / MiB)

describe('what is in use', () => {
  it('is what is not usable, with what the kernel keeps out of its total', () => {
    const { need } = new Watched().see({ actual: 1_024, used: 300 })
    expect(need).toEqual({ inUse: 300 * MiB, swapDebt: 0, burst: 0, total: 300 * MiB, growthPerSecond: 0 })
  })

  it('does not count page cache, however much there is', () => {
    const guest = new Watched()
    expect([0, 100, 700, 724].map((cache) => mib(guest.see({ cache }).need?.inUse))).toEqual([
      300, 300, 300, 300,
    ])
  })

  it('counts page cache where the guest does not tell what it could drop', () => {
    const memory = { unused: 500, available: 976 }
    const row = { ...memory, maximum: 2_048, actual: 1_024, usable: Number.NaN }
    expect(mib(new Watched().see({ memory: row }).need?.inUse)).toBe(524)
  })

  it('stays what it is while the balloon moves, whichever way', () => {
    const guest = new Watched()
    guest.rest(3, { actual: 1_024 })
    // The report was made while the balloon was larger than it is by now, then smaller.
    const steps = [
      { actual: 800, memory: { available: 900 - kept, usable: 600, unused: 500 } },
      { actual: 700, memory: { available: 740 - kept, usable: 440, unused: 400 } },
      { actual: 1_000, memory: { available: 800 - kept, usable: 500, unused: 400 } },
      { actual: 1_000 },
    ]
    expect(steps.map((told) => mib(guest.see(told).need?.inUse))).toEqual([300, 300, 300, 300])
  })

  it('does not count the balloon of a guest that has it in its total, as Windows does', () => {
    const guest = new Watched()
    const total = 2_000
    const at = (actual: number, used: number) => ({
      actual,
      memory: { available: total, usable: actual - used, unused: actual - used },
    })
    guest.see(at(2_048, 300))
    const shrinking = [1_600, 1_200, 1_024, 1_024, 1_024].map((actual) => guest.see(at(actual, 300)))
    expect(shrinking.map(({ need, hold }) => need && [mib(need.inUse), hold])).toEqual(
      shrinking.map(() => [300, undefined]),
    )
    expect(mib(guest.see(at(1_024, 500)).need?.inUse)).toBe(500)
  })
})

describe('the reserve for a burst', () => {
  it('is nothing for pages of the balloon that the kernel keeps at hand when it gets them back', () => {
    const guest = new Watched()
    guest.rest(10, { actual: 512, used: 300 })
    const given = [512, 603, 603, 603].map((actual) => guest.see({ actual, used: actual > 512 ? 345 : 300 }))
    expect(given.map(({ need }) => [need!.growthPerSecond, need!.burst])).toEqual(given.map(() => [0, 0]))
    expect(mib(guest.see({ actual: 603, used: 385 }).need!.growthPerSecond)).toBeGreaterThan(0)
  })

  it('is for a rise that is more than the guest was given', () => {
    const guest = new Watched()
    guest.rest(10, { actual: 512, used: 300 })
    expect(mib(guest.see({ actual: 532, used: 345 }).need!.growthPerSecond)).toBeGreaterThan(0)
  })

  it.each([3, 8])('is nothing for noise of %i MiB', (noise) => {
    const guest = new Watched()
    const needs = Array.from(
      { length: 60 },
      (_, i) => guest.see({ used: 300 + noise * Math.sin(i * i) }).need!,
    )
    expect(needs.map(({ burst, growthPerSecond }) => [burst, growthPerSecond])).toEqual(
      needs.map(() => [0, 0]),
    )
  })

  it.each([12, 50, 100])('is what grows in a dead time at %i MiB/s', (rate) => {
    const guest = new Watched()
    guest.rest(5, { actual: 2_000 })
    const needs = [2, 4, 6, 8].map((seconds) => {
      return guest.see({ actual: 2_000, used: 300 + rate * seconds }).need!
    })
    // The age of the report, an interval, and a second for the balloon.
    for (const { growthPerSecond, burst } of needs.slice(1)) {
      expect(mib(growthPerSecond)).toBe(rate)
      expect(mib(burst)).toBe(rate * 4)
    }
    // What has just begun may have begun just now: twice as much.
    expect(mib(needs[0]!.burst)).toBe(rate * 8)
  })

  it('is no new beginning when one report hid the growth, and one when it had rested', () => {
    const afterRest = (ticks: number) => {
      const guest = new Watched()
      guest.rest(5, { actual: 2_000 })
      for (const used of [340, 380, 420]) guest.see({ actual: 2_000, used })
      for (let i = 0; i < ticks; i++) guest.see({ actual: 2_000, used: 420 })
      const { growthPerSecond, burst } = guest.see({ actual: 2_000, used: 460 }).need!
      return burst / growthPerSecond
    }
    expect([afterRest(1), afterRest(4)]).toEqual([4, 8])
  })

  it('grows with the age of the report and with the interval', () => {
    const burst = (period: number, age: number) => {
      const guest = new Watched({}, period)
      for (let i = 0; i < 5; i++) guest.see({ used: 300 }, age)
      const seconds = period / 1_000
      guest.see({ used: 300 + 10 * seconds }, age)
      return mib(guest.see({ used: 300 + 20 * seconds }, age).need?.burst)
    }
    expect([burst(2_000, 1_000), burst(2_000, 3_000), burst(10_000, 1_000)]).toEqual([40, 60, 120])
  })

  it('does not become less when a turn comes early: the next one will not', () => {
    const guest = new Watched()
    guest.rest(5)
    guest.see({ used: 340 })
    guest.period = 500
    // 20 MiB/s: the age of the report, an interval as before, and a second for the balloon.
    expect(mib(guest.see({ used: 350 }).need?.burst)).toBe(20 * 4)
  })

  it('stays at what was seen when growth ends, and fades within minutes', () => {
    const guest = new Watched()
    guest.rest(5)
    for (const used of [400, 500, 600]) guest.see({ used })
    const after = guest.see({ used: 600 }).need!
    expect(after.growthPerSecond).toBe(0)
    expect(mib(after.burst)).toBeGreaterThan(180)
    expect(mib(after.burst)).toBeLessThanOrEqual(200)
    const faded = Array.from({ length: 150 }, () => guest.see({ used: 600 }).need!.burst)
    expect(mib(faded[29]!)).toBe(Math.round(mib(after.burst) / 2))
    expect(faded.every((burst, i) => i === 0 || burst <= faded[i - 1]!)).toBe(true)
    expect(faded.at(-1)).toBe(0)
  })

  it('is no more than what a jump was, once the jump is over', () => {
    const guest = new Watched()
    guest.rest(5)
    guest.see({ used: 400 })
    const needs = [401, 402, 401, 403].map((used) => guest.see({ used }).need!)
    expect(needs.every(({ burst }) => burst <= 105 * MiB)).toBe(true)
    expect(needs.every(({ growthPerSecond }) => growthPerSecond <= 4 * MiB)).toBe(true)
  })

  it('sees growth that goes straight into swap', () => {
    const guest = new Watched()
    guest.rest(5, { actual: 400, used: 380 })
    const needs = [60, 120, 180].map((swapOut) => guest.see({ actual: 400, used: 380, swapOut }).need!)
    expect(mib(needs[2]!.growthPerSecond)).toBe(30)
  })
})

describe('the swap debt', () => {
  it('is what goes out, less what comes back', () => {
    const guest = new Watched()
    guest.rest(2)
    expect(mib(guest.see({ swapOut: 100 }).need?.swapDebt)).toBe(100)
    expect(mib(guest.see({ swapOut: 100, swapIn: 40 }).need?.swapDebt)).toBe(59)
    expect(guest.see({ swapOut: 100, swapIn: 200 }).need?.swapDebt).toBe(0)
  })

  it('keeps the need up where swapping makes memory look free', () => {
    const guest = new Watched()
    guest.rest(2, { actual: 600, used: 560 })
    const { need } = guest.see({ actual: 600, used: 300, swapOut: 260 })
    expect(mib(need?.total)).toBe(560)
  })

  it('is forgotten by half in three minutes', () => {
    const guest = new Watched()
    guest.rest(2)
    guest.see({ swapOut: 200 })
    expect(mib(guest.rest(90, { swapOut: 200 }).need?.swapDebt)).toBe(100)
  })

  it('begins with what is out already, as far as there is room to bring it back', () => {
    const roomy = new Watched().see({ swapOut: 900, swapIn: 300 }).need
    expect(mib(roomy?.swapDebt)).toBe(600)
    const full = new Watched().see({ used: 1_000, cache: 0, swapOut: 900, swapIn: 300 }).need
    expect(mib(full?.total)).toBe(1_024)
  })

  it('is right, and no growth, when a report does not tell the counters', () => {
    const guest = new Watched()
    guest.rest(3, { swapOut: 1_500, used: 900 })
    const silent = { used: 900, memory: { swapOut: Number.NaN, swapIn: Number.NaN } }
    const needs = [silent, { used: 900, swapOut: 1_530 }, silent].map((told) => guest.see(told).need!)
    expect(needs.map(({ growthPerSecond }) => mib(growthPerSecond))).toEqual([0, 15, 0])
    // 124 MiB was the room for what was out at first.
    expect(needs.map(({ swapDebt }) => Math.round(mib(swapDebt) / 10))).toEqual([12, 15, 15])
    const late = new Watched()
    late.rest(3, silent)
    expect(late.rest(3, { used: 900, swapOut: 1_500 }).need).toMatchObject({ swapDebt: 0, burst: 0 })
  })

  it('is gone with a reboot', () => {
    const guest = new Watched()
    guest.rest(2)
    guest.see({ swapOut: 200 })
    expect(guest.see({ majorFaults: 10, swapOut: 0 }).need).toMatchObject({ swapDebt: 0, burst: 0 })
  })
})

it('is of the last report while no newer one comes', () => {
  const guest = new Watched()
  guest.rest(3)
  const first = guest.see({ used: 400, swapOut: 50 })
  const again = guest.see({ used: 700, swapOut: 90 }, 3_000)
  expect(again.age).toBe(3_000)
  expect(again.need).toMatchObject({ inUse: first.need!.inUse, swapDebt: first.need!.swapDebt })
  expect(again.events).toMatchObject({ swappedOut: 50 * MiB })
})
