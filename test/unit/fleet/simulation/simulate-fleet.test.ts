import { describe, expect, it } from 'vitest'
import { balance } from '../../../../lib/fleet/policies/balance.ts'
import { EventClock } from '../../../../lib/fleet/simulation/event-clock.ts'
import { copyRounds } from '../../../../lib/fleet/simulation/pre-copy.ts'
import type { FleetScenario } from '../../../../lib/fleet/simulation/scenario.ts'
import { simulateFleet } from '../../../../lib/fleet/simulation/simulate-fleet.ts'
import { fleetTickJson } from '../../../../lib/fleet/tick/tick-record.ts'
import { GiB } from '../../../../lib/util/units.ts'
import { lopsided, once, play, wherePlayed } from '../loop/fixtures.ts'

const varied: FleetScenario = {
  seed: 7,
  failures: 0.3,
  hosts: ['a', 'b', 'c'].map((name) => ({ name, pcpus: 4, memory: 64 * GiB })),
  guests: Array.from({ length: 12 }, (_, i) => ({
    name: `g${i}`,
    host: i < 9 ? 'a' : 'b',
    demand:
      i % 3 === 0
        ? { kind: 'random', mean: 0.9, spread: 0.3 }
        : i % 3 === 1
          ? { kind: 'wave', mean: 0.6, height: 0.5, period: 300_000, at: 0.3 }
          : { kind: 'bursts', low: 0.1, high: 1.4, period: 200_000, part: 0.5 },
    memory: 3 * GiB,
    need: 2 * GiB,
  })),
}

describe('a simulated fleet', () => {
  it('is the same to the bit with the same seed, and another with another', async () => {
    const run = async (seed: number) => {
      const { fleet, ticks } = await play({ ...varied, seed }, { rounds: 60 })
      return JSON.stringify([ticks.map(fleetTickJson), fleet.migrations, fleet.truth()])
    }
    const first = await run(7)
    expect(await run(7)).toBe(first)
    expect(await run(8)).not.toBe(first)
  })

  it('has migrations that fail as often as it was told', async () => {
    const { fleet } = await play({ ...varied, failures: 1 }, { rounds: 60 })
    expect(fleet.migrations.length).toBeGreaterThan(0)
    expect(fleet.migrations.every(({ outcome }) => outcome === 'failed')).toBe(true)
  })

  it('gives guests what they need and a fifth more, or what there is', async () => {
    const guests = [0, 1].map((i) => ({
      name: `g${i}`,
      host: 'a',
      demand: { kind: 'steady', demand: 0.1 } as const,
      memory: 6 * GiB,
      need: 4 * GiB,
    }))
    const ample = await play(
      { hosts: [{ name: 'a', pcpus: 4, memory: 20 * GiB }], guests },
      { rounds: 2, policy: once([]) },
    )
    expect(ample.ticks[1]!.view.guests[0]!.report.memory.actual).toBeCloseTo(4.8 * GiB, -1)
    const tight = await play(
      { hosts: [{ name: 'a', pcpus: 4, memory: 10 * GiB }], guests },
      { rounds: 2, policy: once([]) },
    )
    const { actual, swapping } = tight.ticks[1]!.view.guests[0]!.report.memory
    expect(actual).toBeLessThan(4.5 * GiB)
    expect(actual).toBeGreaterThanOrEqual(4 * GiB)
    expect(swapping).toBe(false)
    const short = await play(
      { hosts: [{ name: 'a', pcpus: 4, memory: 8 * GiB }], guests },
      { rounds: 2, policy: once([]) },
    )
    expect(short.ticks[1]!.view.guests[0]!.report.memory.swapping).toBe(true)
    expect(short.fleet.overfilled).toBeGreaterThan(0)
  })

  it('starts and stops guests', async () => {
    const scenario = lopsided({
      changes: [
        { at: 15_000, kind: 'stop', guest: 'a-0' },
        { at: 25_000, kind: 'start', guest: 'late', host: 'b' },
      ],
    })
    const late = { name: 'late', demand: { kind: 'steady', demand: 0.5 } as const, memory: GiB }
    const played = await play(
      { ...scenario, guests: [...scenario.guests, late] },
      { rounds: 5, policy: once([]) },
    )
    expect(wherePlayed(played)).toMatchObject({ 'a-1': 'a', late: 'b' })
    expect(wherePlayed(played)).not.toHaveProperty('a-0')
    expect(played.ticks.map(({ view }) => view.guests.length)).toEqual([6, 6, 5, 6, 6])
  })

  it('says at once what a scenario names that is not there', () => {
    const changes = [{ at: 0, kind: 'drain', host: 'z' }] as const
    expect(() => simulateFleet(lopsided({ changes }))).toThrow('The scenario has no host z')
    expect(() => simulateFleet({ ...lopsided(), guests: [{ ...lopsided().guests[0]!, host: 'y' }] })).toThrow(
      'no host y',
    )
  })

  it('has 30 hosts with 900 guests for 20 rounds', async () => {
    const fleet = simulateFleet({
      hosts: Array.from({ length: 30 }, (_, i) => ({ name: `h${i}`, pcpus: 32, memory: 256 * GiB })),
      guests: Array.from({ length: 900 }, (_, i) => ({
        name: `g${i}`,
        host: `h${i % 30}`,
        demand: { kind: 'random', mean: 0.5, spread: 0.2 },
        memory: 4 * GiB,
      })),
    })
    let ticks = 0
    for await (const tick of fleet.run({ policy: balance(), rounds: 20 }))
      ticks += Number(tick.view.guests.length === 900)
    expect(ticks).toBe(20)
  })
})

describe('the rounds of a migration', () => {
  it('send all memory, then what was written meanwhile, until the rest is sent in a pause', () => {
    const rounds = copyRounds({ memory: 10e9, bandwidth: 1e9, dirtyRate: 0.1e9 })
    expect(rounds.next().value).toEqual({ duration: 10_000, bytes: 10e9, left: 1e9 })
    expect(rounds.next().value).toEqual({ duration: 1_000, bytes: 1e9, left: 0.1e9 })
    expect(rounds.next()).toEqual({ done: true, value: 100 })
  })

  it('have no end when more is written than is sent', () => {
    const rounds = copyRounds({ memory: 10e9, bandwidth: 1e9, dirtyRate: 1e9 })
    for (let i = 0; i < 50; i++) expect(rounds.next().done).toBe(false)
  })
})

describe('the clock of a simulated fleet', () => {
  it('jumps to the earliest sleeper, and wakes those of one moment in their order', async () => {
    const clock = new EventClock()
    const woken: string[] = []
    const sleep = (name: string, time: number) =>
      clock.sleepUntil(time).then(() => woken.push(`${name} ${clock.now()}`))
    await Promise.all([sleep('late', 5_000), sleep('first', 10), sleep('second', 10)])
    expect(woken).toEqual(['first 10', 'second 10', 'late 5000'])
  })

  it('lets a sleeper be aborted, and wakes nobody once it is stopped', async () => {
    const clock = new EventClock()
    const ending = new AbortController()
    const aborted = clock.sleepUntil(1_000, ending.signal)
    ending.abort(new Error('enough'))
    await expect(aborted).rejects.toThrow('enough')
    expect(clock.now()).toBe(0)
    let isAwake = false
    void clock.sleepUntil(1).then(() => {
      isAwake = true
    })
    clock.stop()
    await new Promise((resolve) => setImmediate(resolve))
    expect([isAwake, clock.now()]).toEqual([false, 0])
  })
})
