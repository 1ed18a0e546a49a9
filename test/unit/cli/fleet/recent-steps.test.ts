import { describe, expect, it } from 'vitest'
import { RecentSteps } from '../../../../lib/cli/fleet/recent-steps.ts'
import type { FleetTick } from '../../../../lib/fleet/tick/fleet-tick.ts'
import { busyGuests, lopsided, play } from '../../fleet/loop/fixtures.ts'

const stepsOf = (ticks: readonly FleetTick[], count = ticks.length) => {
  const steps = new RecentSteps()
  for (const tick of ticks.slice(0, count)) steps.tick(tick)
  return steps
}

describe('the steps that a leader shows', () => {
  it('are planned, under way, done, and then what they were good for, with the delays before, predicted and seen', async () => {
    const { ticks } = await play(lopsided(), { rounds: 60 })
    const first = ticks.findIndex(({ ordered }) => ordered.length > 0)
    const begun = stepsOf(ticks, first + 1)
    expect(begun.planned).toMatchObject({ steps: [{ state: 'planned' }, { state: 'planned' }], more: 0 })
    expect(begun.past).toMatchObject([
      { state: 'under way', from: 'a', to: 'b', wallTime: ticks[first]!.wallTime },
    ])

    const over = ticks.findIndex(({ outcomes }) => outcomes.length > 0)
    expect(stepsOf(ticks, over + 1).past).toMatchObject([{ state: 'done' }])

    const { past, planned } = stepsOf(ticks)
    expect(planned).toEqual({ steps: [], more: 0 })
    expect(past.map(({ state }) => state)).toEqual(['helped', 'helped', 'helped'])
    const [{ reason, before, predicted, seen }] = past as readonly [(typeof past)[number]]
    expect(reason).toMatch(/^wants 90\.0 % .*/)
    expect(before).toBeGreaterThan(predicted!)
    expect(seen).toBeLessThan(before!)
  })

  it('are the last twelve, and as many planned ones are named', async () => {
    const hosts = ['a', 'b'].map((name) => ({ name, pcpus: 32, memory: 512 * 2 ** 30, mayLead: true }))
    const { ticks } = await play({ hosts, guests: busyGuests(64, 'a') }, { rounds: 150 })
    const first = ticks.findIndex(({ ordered }) => ordered.length > 0)
    const { steps, more } = stepsOf(ticks, first + 1).planned
    expect(steps).toHaveLength(12)
    expect(more).toBeGreaterThan(0)
    const { past } = stepsOf(ticks)
    expect(past).toHaveLength(12)
    const times = past.map(({ wallTime }) => wallTime!)
    expect(times).toEqual(times.toSorted((a, b) => b - a))
    const ordered = ticks.flatMap((tick) => tick.ordered)
    expect(past[0]!.guest).toBe(ordered.at(-1)!.step.guestName)
  })

  it('say why one was denied or failed', async () => {
    const changes = [{ at: 0, kind: 'trouble', guest: 'a-0', with: 'failure' }] as const
    const { ticks } = await play(lopsided({ changes }), { rounds: 40 })
    const failed = stepsOf(ticks).past.find(({ state }) => state === 'failed')
    expect(failed).toMatchObject({ guest: 'a-0', problem: expect.stringMatching(/./) })

    const drain = [{ at: 60_000, kind: 'drain', host: 'b' }] as const
    const { ticks: others } = await play(lopsided({ changes: drain }), { rounds: 40 })
    const denied = stepsOf(others).past.find(({ state }) => state === 'denied')
    expect(denied?.problem).toMatch(/b/)
  })

  it('are forgotten when another leads', async () => {
    const { ticks } = await play(lopsided(), { rounds: 40 })
    const steps = stepsOf(ticks)
    steps.clear()
    expect([steps.past, steps.planned]).toEqual([[], { steps: [], more: 0 }])
  })
})
