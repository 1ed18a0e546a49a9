import { describe, expect, it } from 'vitest'
import { type Change, type MemoryScenario, type Program, simulate } from '../../../lib/simulation/index.ts'
import { GiB, MiB } from '../../../lib/util/units.ts'

/** One guest, named `guest`, that reports each second, on a host of `hostMemory` bytes. */
async function oneGuest(memory: MemoryScenario, changes: readonly Change[] = [], hostMemory = 16 * GiB) {
  const host = simulate({ pcpus: 2, memory: hostMemory, domains: [{ name: 'guest', memory }], changes })
  const guest = await host.domain('guest')
  await guest.setMemoryStatsPeriod(1)
  const truth = () => host.truth(guest.uuid)!
  return { host, guest, truth, sleep: (ms: number) => host.clock.sleepUntil(ms) }
}

const program = (at: number, what: Program): Change => ({
  at,
  domain: 'guest',
  kind: 'program',
  program: what,
})

describe('the toll of missing memory', () => {
  it('is nothing where there is enough, and what a balloon moved', async () => {
    const { host, guest, truth, sleep } = await oneGuest({
      program: { size: 400 * MiB, rate: 50 * MiB, touch: 100 * MiB },
    })
    await guest.setMemory(768 * MiB)
    await sleep(10_000)
    await guest.setMemory(1 * GiB)
    await sleep(20_000)
    expect(truth()).toMatchObject({ stalled: 0, swappedIn: 0, swappedOut: 0, programsKilled: 0 })
    expect(truth().moved).toBe(512 * MiB)
    expect(host.toll).toMatchObject({ stalled: 0, moved: 512 * MiB, hostSwapped: 0 })
  })

  it('counts the time that a program waits for room to grow', async () => {
    const { truth, sleep } = await oneGuest({ maximum: 512 * MiB, swap: 'disk' }, [
      program(1_000, { size: 900 * MiB, rate: 128 * MiB }),
    ])
    await sleep(30_000)
    const { held, stalled } = truth()
    expect(held).toBeLessThan(900 * MiB + 1)
    const asItGrew = 1_000 * (900 / 128)
    expect(stalled).toBeGreaterThan(1_000)
    expect(stalled).toBeLessThan(30_000 - asItGrew)
  })

  it('counts the time that what was swapped out takes to come back, 32 MiB/s', async () => {
    const { guest, truth, sleep } = await oneGuest({ swap: 'disk', program: { size: 440 * MiB } }, [
      program(20_000, { size: 440 * MiB, touch: 64 * MiB }),
    ])
    await guest.setMemory(300 * MiB)
    await sleep(20_000)
    const quiet = truth()
    await sleep(30_000)
    const swapped = quiet.swapped / quiet.held
    const waiting = (64 * swapped) / 32
    expect((truth().stalled - quiet.stalled) / 10_000).toBeCloseTo(waiting / (1 + waiting), 1)
    expect(truth().swappedIn - quiet.swappedIn).toBeCloseTo(10 * 64 * swapped * MiB, -8)
  })

  it('a killed program waits until the guest ends, and is still what the guest needs', async () => {
    const { host, guest, truth, sleep } = await oneGuest({ maximum: 512 * MiB }, [
      program(1_000, { size: 900 * MiB, rate: 512 * MiB }),
      { at: 21_000, domain: 'guest', kind: 'stop' },
    ])
    await sleep(20_000)
    expect(truth()).toMatchObject({ programsKilled: 1, held: 0 })
    expect(truth().stalled).toBeGreaterThan(17_000)
    expect(truth().needed).toBeGreaterThan(900 * MiB)
    await sleep(30_000)
    expect(host.truth(guest.uuid)).toBeUndefined()
    expect(host.toll.programsKilled).toBe(1)
    expect(host.toll.stalled).toBeLessThan(20_500)
  })

  it('needs what its program would hold, had it never waited', async () => {
    const { truth, sleep } = await oneGuest({ maximum: 512 * MiB, swap: 'disk' }, [
      program(1_000, { size: 1 * GiB, rate: 100 * MiB }),
      program(20_000, { size: 0 }),
    ])
    await sleep(6_000)
    const rest = truth().needed - 500 * MiB
    expect(rest / MiB).toBeCloseTo(48 + 16, -1)
    await sleep(19_000)
    expect(truth().needed).toBe(rest + 1 * GiB)
    await sleep(21_000)
    expect(truth().needed).toBe(rest)
  })

  it('a host that holds more than it has swaps, and its guests wait', async () => {
    const { host, truth, sleep } = await oneGuest(
      { maximum: 2 * GiB, program: { size: 1800 * MiB, rate: 200 * MiB } },
      [],
      2 * GiB,
    )
    await sleep(5_000)
    expect(host.toll).toMatchObject({ hostSwapped: 0, stalled: 0 })
    await sleep(30_000)
    expect(host.toll.hostFree).toBeLessThan(0)
    expect(host.toll.hostSwapped).toBeGreaterThan(15_000)
    expect(truth().stalled).toBeCloseTo(host.toll.hostSwapped, 3)
  })
})

describe('files', () => {
  it('are read sooner from the page cache, which gives way to programs', async () => {
    const files = { size: 0, files: 400 * MiB }
    const { host, guest, truth, sleep } = await oneGuest({ maximum: 1 * GiB, program: files })
    const reads = async (from: number, to: number) => {
      await sleep(from)
      const before = truth().diskReads
      await sleep(to)
      return (truth().diskReads - before) / (to - from)
    }
    const cold = await reads(0, 2_000)
    const warm = await reads(60_000, 62_000)
    expect(warm).toBeGreaterThan(10 * cold)
    expect((await host.sampleMemory()).diskCaches[0]! / MiB).toBeCloseTo(400, 1)
    await guest.setMemory(300 * MiB)
    expect(await reads(70_000, 72_000)).toBeLessThan(warm / 5)
    expect((await host.sampleMemory()).diskCaches[0]).toBeLessThan(250 * MiB)
    expect(truth()).toMatchObject({ stalled: 0, swappedOut: 0 })
  })
})

describe('a guest that is odd', () => {
  it('reports, accepts and does not move when it refuses', async () => {
    const { host, guest, sleep } = await oneGuest({ balloon: 'refuses' })
    await guest.setMemory(300 * MiB)
    await sleep(20_000)
    const sample = await host.sampleMemory()
    expect(sample.actual[0]).toBe(1 * GiB)
    expect(host.clock.wallTime() - sample.lastUpdate[0]!).toBeLessThan(2_000)
  })

  it('moves as much slower as it is said to', async () => {
    const usual = await oneGuest({ maximum: 4 * GiB })
    const slow = await oneGuest({ maximum: 4 * GiB, balloonSpeed: 0.1 })
    for (const { guest, sleep } of [usual, slow]) {
      await guest.setMemory(1 * GiB)
      await sleep(2_000)
    }
    expect(slow.truth().moved / usual.truth().moved).toBeCloseTo(0.1, 1)
  })

  it('lies as it is said to, and in nothing else', async () => {
    const memory: MemoryScenario = {
      swap: 'disk',
      program: { size: 900 * MiB, rate: 100 * MiB },
      actual: 512 * MiB,
    }
    const levels = async (lie: MemoryScenario['lie']) => {
      const { host, truth, sleep } = await oneGuest(lie ? { ...memory, lie } : memory)
      await sleep(20_500)
      const { available, unused, usable, swapOut, lastUpdate } = await host.sampleMemory()
      expect(host.clock.wallTime() - lastUpdate[0]!).toBeLessThan(2_000)
      expect(truth().swapped).toBeGreaterThan(100 * MiB)
      return { available: available[0]!, unused: unused[0]!, usable: usable[0]!, swapOut: swapOut[0]! }
    }
    const true_ = await levels(undefined)
    expect(true_.swapOut).toBeGreaterThan(100 * MiB)
    expect(await levels('all free')).toEqual({ ...true_, unused: true_.available, usable: true_.available })
    expect(await levels('all used')).toEqual({ ...true_, unused: 0, usable: 0 })
    expect(await levels('no swap')).toEqual({ ...true_, swapOut: 0 })
    expect((await levels('same again')).unused).toBeGreaterThan(true_.unused + 100 * MiB)
  })

  it('reports late, and says when it made the report', async () => {
    const { host, sleep } = await oneGuest({ reportDelay: 8_000 })
    await sleep(8_900)
    expect((await host.sampleMemory()).unused[0]).toBeNaN()
    await sleep(30_500)
    const { lastUpdate, unused } = await host.sampleMemory()
    expect(unused[0]).toBeGreaterThan(0)
    const age = host.clock.wallTime() - lastUpdate[0]!
    expect(age).toBeGreaterThanOrEqual(8_000)
    expect(age).toBeLessThan(10_000)
  })

  it.each([
    [{ balloonSpeed: 0 }, /balloonSpeed/],
    [{ balloonSpeed: 2 }, /balloonSpeed/],
    [{ reportDelay: -1 }, /reportDelay/],
    [{ lie: 'sometimes' as 'all free' }, /lie/],
    [{ balloon: 'refuse' as 'refuses' }, /balloon/],
    [{ program: { size: 0, files: -1 } }, /files/],
  ] satisfies [MemoryScenario, RegExp][])('is a TypeError where it makes no sense: %j', (memory, what) => {
    expect(() => simulate({ pcpus: 1, domains: [{ name: 'guest', memory }] })).toThrow(what)
  })
})
