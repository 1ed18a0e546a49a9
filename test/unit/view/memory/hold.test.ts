import { describe, expect, it } from 'vitest'
import type { DomainTraits } from '../../../../lib/host/domain-traits.ts'
import { DomainState, MemoryStatus } from '../../../../lib/host/sample.ts'
import { MiB } from '../../../../lib/util/units.ts'
import { epoch } from '../samples.ts'
import { kept, type Told, Watched } from './guest.ts'

const silent: Told = {
  memory: { available: Number.NaN, usable: Number.NaN, unused: Number.NaN, lastUpdate: Number.NaN },
}
const traits = (told: Partial<DomainTraits>) => () => {
  return { balloon: 'virtio', statsPeriodSeconds: undefined, pinnedMemory: undefined, ...told } as const
}

describe('what cannot be managed', () => {
  it.each<[string, Partial<DomainTraits>]>([
    ['no device', { balloon: 'none' }],
    ['memory is pinned', { pinnedMemory: 'huge pages' }],
    ['memory is pinned', { pinnedMemory: 'passthrough' }],
  ])('is said by its definition: %s, %o', (hold, told) => {
    const memory = new Watched({ traits: traits(told) }).see()
    expect(memory).toMatchObject({ hold, need: undefined, events: undefined })
    expect(memory.actual).toBeGreaterThan(0)
  })

  it('is stuck first of all, since then nothing of it may be touched', () => {
    const guest = new Watched({ traits: traits({ balloon: 'none' }) })
    expect(guest.see({ status: MemoryStatus.stuck }).hold).toBe('stuck')
    expect(guest.see({ state: DomainState.paused }).hold).toBe('not running')
  })
})

describe('a guest that has never reported', () => {
  it('may never have been asked to, which is said where it is known', () => {
    expect(new Watched({ traits: traits({}) }).rest(100, silent).hold).toBe('no statistics period')
    expect(new Watched().rest(100, silent).hold).toBe('no statistics')
    // Its definition has no device that could be asked.
    expect(new Watched({ traits: traits({ balloon: undefined }) }).rest(100, silent).hold).toBe('no device')
  })

  it('or made one report when its driver was loaded, and none since', () => {
    const guest = new Watched({ traits: traits({}) })
    expect(guest.see({}, 1_000).hold).toBeUndefined()
    expect(guest.see({}, 12_000).hold).toBe('no statistics period')
    const larger = { maximum: 2_048, actual: 1_024, available: 3_000, unused: 100, lastUpdate: epoch }
    const shrunk = new Watched({ traits: traits({}) })
    expect(shrunk.see({ memory: larger }).hold).toBe('no statistics period')
    expect(new Watched({ traits: traits({ statsPeriodSeconds: 1 }) }).see({}, 12_000).hold).toBe(
      'stale statistics',
    )
  })

  it('has no driver when it was asked to and had the time', () => {
    const guest = new Watched({ traits: traits({ statsPeriodSeconds: 1 }) })
    expect(guest.rest(7, silent).hold).toBe('no statistics')
    expect(guest.rest(3, silent).hold).toBe('no driver')
    expect(guest.see().hold).toBeUndefined()
  })

  it('has the same time when it was asked late', () => {
    let present = traits({})
    const guest = new Watched({ traits: () => present() })
    guest.rest(100, silent)
    present = traits({ statsPeriodSeconds: 1 })
    expect(guest.rest(7, silent).hold).toBe('no statistics')
    expect(guest.rest(3, silent).hold).toBe('no driver')
  })

  it('is booting for a minute when it started meanwhile', () => {
    const guest = new Watched({ traits: traits({ statsPeriodSeconds: 1 }) })
    guest.see()
    const started = { ...silent, id: 2 }
    expect(guest.rest(30, started).hold).toBe('booting')
    expect(guest.rest(2, started).hold).toBe('no driver')
  })
})

describe('numbers that cannot be true', () => {
  const contradicts = (before: readonly Told[], now: Told, age?: number) => {
    const guest = new Watched()
    guest.rest(3)
    for (const told of before) guest.see(told)
    const memory = guest.see(now, age)
    expect(memory).toMatchObject({ hold: 'contradictory statistics', need: undefined, events: undefined })
    return guest
  }

  it.each<[string, Told['memory']]>([
    ['a total above the maximum', { available: 2_049 }],
    ['more usable than the total', { usable: 977 }],
    ['all of it usable: a kernel without a kernel', { usable: 976 }],
    ['all of it free', { unused: 976 }],
    ['more cache than the total', { diskCaches: 977 }],
    ['something infinite', { available: Number.POSITIVE_INFINITY }],
    ['a negative counter', { swapOut: -1 }],
    ['a time before time', { lastUpdate: -1 }],
    ['a total that does not go with the balloon', { available: 500, usable: 400, unused: 300 }],
    ['a total above the balloon', { available: 1_500, usable: 1_400, unused: 300 }],
    ['a swap faster than any disk', { swapOut: 1e9 }],
  ])('are %s', (_, memory) => {
    contradicts([], { memory })
  })

  it('are a report that is older than the one before', () => {
    const guest = contradicts([], { memory: { lastUpdate: epoch } })
    expect(guest.see().hold).toBeUndefined()
  })

  it('are a total that jumps more than the balloon while that moves', () => {
    const moving = { actual: 800, target: 600 }
    contradicts([{ actual: 1_000, target: 600 }], {
      ...moving,
      memory: { available: 300, usable: 200, unused: 100 },
    })
    const guest = new Watched()
    guest.rest(3)
    guest.see({ actual: 1_000, target: 600, memory: { available: 1_024 - kept, usable: 724 } })
    expect(guest.see({ ...moving, memory: { available: 900 - kept, usable: 600 } }).hold).toBeUndefined()
  })

  it('are more usable than the balloon leaves a guest that counts it as use', () => {
    const guest = new Watched()
    const with2000 = (actual: number, usable: number) => {
      return guest.see({ actual, memory: { available: 2_000, usable, unused: 100 } })
    }
    with2000(2_048, 1_700)
    expect([1_024, 1_024, 1_024].map((actual) => with2000(actual, 700).hold)).toEqual(
      Array(3).fill(undefined),
    )
    expect(with2000(1_024, 1_100).hold).toBe('contradictory statistics')
  })

  it('are the same numbers again, when the balloon has moved', () => {
    const guest = new Watched()
    const memory = { available: 976, usable: 700, unused: 600 }
    guest.rest(3, { memory })
    const moved = { actual: 900, memory }
    expect(Array.from({ length: 10 }, () => guest.see(moved).hold).slice(1)).toEqual(
      Array(9).fill('contradictory statistics'),
    )
    expect(guest.see({ actual: 900 }).hold).toBeUndefined()
  })

  it('are nothing left, for ever, whatever the guest is given', () => {
    const full = (actual: number, majorFaults: number) => {
      return { actual, majorFaults, memory: { unused: 0, usable: 0, diskCaches: 0 } }
    }
    const liar = new Watched()
    const sizes = [512, 512, 512, 576, 640, 640, 704]
    expect(sizes.map((actual) => liar.see(full(actual, 1_000)).hold)).toEqual([
      ...Array(4).fill(undefined),
      ...Array(3).fill('contradictory statistics'),
    ])
    const thrashing = new Watched()
    expect(new Set(sizes.map((actual, i) => thrashing.see(full(actual, 1_000 * i)).hold))).toEqual(
      new Set([undefined]),
    )
    expect(liar.see({ actual: 704 }).hold).toBeUndefined()
  })

  it('are a balloon seen first while it moves, until both can be compared', () => {
    const guest = new Watched()
    const shrinking = { actual: 900, memory: { available: 976, usable: 700, unused: 600 } }
    expect(guest.see(shrinking).hold).toBe('contradictory statistics')
    expect(guest.see({ actual: 900 })).toMatchObject({ hold: undefined })
  })

  it('become the truth when five reports agree', () => {
    const guest = new Watched()
    guest.rest(3)
    const grown = { memory: { available: 800, usable: 700, unused: 600 } }
    expect(guest.rest(4, grown).hold).toBe('contradictory statistics')
    expect(guest.see(grown).hold).toBeUndefined()
  })

  it('are forgotten when the next report is right', () => {
    const guest = contradicts([], { memory: { usable: 977 } })
    expect(guest.see()).toMatchObject({ hold: undefined, need: { burst: 0 } })
  })

  it('are forgiven: one report without a total, one of no balloon at all, then true ones', () => {
    const { NaN: unknown } = Number
    const guest = new Watched()
    guest.see()
    guest.see({ memory: { available: unknown } })
    guest.see({
      memory: {
        maximum: unknown,
        actual: 0,
        available: 0,
        unused: 0,
        usable: 0,
        diskCaches: 0,
        swapIn: unknown,
        swapOut: unknown,
        majorFaults: 0,
        lastUpdate: unknown,
      },
    })
    expect(guest.rest(7)).toMatchObject({ hold: undefined, need: { inUse: 300 * MiB } })
  })

  it('do not make a guest with a rising or falling use, or a reboot, a liar', () => {
    const guest = new Watched()
    const holds = [300, 900, 100, 100].map((used) => guest.see({ used, cache: 0 }).hold)
    holds.push(guest.see({ majorFaults: 3, used: 150 }).hold)
    holds.push(guest.see({ majorFaults: 30, used: 250 }).hold)
    expect(holds).toEqual(holds.map(() => undefined))
  })
})

describe('a guest that boots anew', () => {
  const rebooted = (report: Told['memory'], samples = 3) => {
    const guest = new Watched({ traits: traits({ statsPeriodSeconds: 1 }) })
    guest.rest(3)
    return [guest, Array.from({ length: samples }, () => guest.see({ memory: report }))] as const
  }
  const dropped = silent.memory

  it('is booting when QEMU has dropped its report, and has all of its memory', () => {
    const [guest, seen] = rebooted(dropped)
    for (const memory of seen) {
      expect(memory).toMatchObject({ hold: 'booting', actual: 2_048 * MiB, need: undefined })
    }
    // The first report of the new boot is there before the balloon has moved.
    const early = { available: 2_000, usable: 1_900, unused: 1_800 }
    expect(guest.see({ memory: early })).toMatchObject({ hold: 'booting', actual: 2_048 * MiB })
    expect(guest.see()).toMatchObject({ hold: undefined, actual: 1_024 * MiB, need: { inUse: 300 * MiB } })
  })

  it('has no driver when it has not reported for a minute, and keeps all of its memory', () => {
    const [, seen] = rebooted(dropped, 40)
    expect(seen.at(-1)).toMatchObject({ hold: 'no driver', actual: 2_048 * MiB })
  })
})
