import { describe, expect, it } from 'vitest'
import { FollowedSteps } from '../../../../lib/fleet/loop/followed-steps.ts'
import { type Sight, verdictOf } from '../../../../lib/fleet/loop/verdict.ts'
import type { HostFigures, Step } from '../../../../lib/fleet/plan/step.ts'
import { emptyMemory, fleetView } from '../../../../lib/fleet/view/make-view.ts'
import { body } from '../agent/fixtures.ts'

const figures = (delay: number | undefined, load = 0.5): HostFigures => ({ delay, load, committed: 0 })

const step: Step = {
  guest: 'guest-1',
  guestName: 'web',
  from: 'host-a',
  fromName: 'a',
  to: 'host-b',
  toName: 'b',
  after: [],
  cost: { bytes: 1, duration: 1, downtime: 1 },
  predicted: { from: figures(0), to: figures(0) },
  reason: { kind: 'level-load', demand: 1, from: 1, to: 0, deviation: 0 },
}

const sight = (from: HostFigures, to: HostFigures, own?: number): Sight => ({ figures: { from, to }, own })

/** A view in which host a has sent report number `a`, with a guest that waits so long; b number `b`. */
function viewOf(time: number, a: number, b: number, delay: number) {
  const [guest] = body.guests
  const report = (host: string, sequence: number) => ({
    ...body,
    version: 1 as const,
    host,
    name: host,
    instance: host,
    sequence,
    answers: {},
    guests: host === 'host-a' ? [{ ...guest!, cpu: { vcpus: 2, demand: 1, delay } }] : [],
  })
  return fleetView(
    {
      time,
      wallTime: time,
      reports: [report('host-a', a), report('host-b', b)].map((one) => ({ report: one, age: 0 })),
      rules: {},
      settings: { draining: {} },
      open: [],
      past: [],
    },
    emptyMemory,
  ).view
}

describe('a step that is done', () => {
  const before = sight(figures(0.6, 1.5), figures(0, 0))

  it('is looked at over two reports of both hosts, and not in the first, which still has the migration in it', () => {
    const followed = new FollowedSteps()
    followed.follow('o1', step, before, viewOf(0, 7, 3, 0.6))
    expect(followed.look(viewOf(10_000, 8, 4, 0.9))).toEqual([])
    expect(followed.look(viewOf(20_000, 9, 5, 0.1))).toEqual([])
    const [result] = followed.look(viewOf(30_000, 10, 6, 0.3))
    expect(result).toMatchObject({ order: 'o1', before: before.figures, verdict: 'helped' })
    expect(result!.seen.from.delay).toBeCloseTo(0.2, 9)
    expect(followed.isEmpty).toBe(true)
  })

  it('is looked at further while reports disagree that it did not help', () => {
    const relieving: Step = {
      ...step,
      reason: { kind: 'relieve-delay', demand: 1, delay: 0.6, left: 0, there: 0 },
    }
    const lookedAt = (delays: readonly number[]) => {
      const followed = new FollowedSteps()
      followed.follow('o1', relieving, before, viewOf(0, 0, 0, 0.6))
      const results = [0.6, ...delays].map((delay, i) =>
        followed.look(viewOf(10_000 * (i + 1), i + 1, i + 1, delay)),
      )
      return results.slice(1).map(([result]) => result?.verdict)
    }
    expect(lookedAt([0.4, 0.25, 0.2])).toEqual([undefined, undefined, 'helped'])
    expect(lookedAt([0.4, 0.35])).toEqual([undefined, 'no-help'])
    const turns = [0.5, 0.2, 0.5, 0.2, 0.5, 0.2]
    expect(lookedAt(turns)).toEqual([...Array(5).fill(undefined), 'no-help'])
  })

  it('waits for the reports of both', () => {
    const followed = new FollowedSteps()
    followed.follow('o1', step, before, viewOf(0, 1, 1, 0.6))
    for (let i = 1; i < 10; i++) expect(followed.look(viewOf(10_000 * i, 1 + i, 1, 0))).toEqual([])
    expect([followed.isAbout('host-a'), followed.isAbout('host-b'), followed.isAbout('host-c')]).toEqual([
      true,
      true,
      false,
    ])
  })

  it('is given up after five minutes without them', () => {
    const followed = new FollowedSteps()
    followed.follow('o1', step, before, viewOf(0, 1, 1, 0.6))
    followed.look(viewOf(299_000, 1, 1, 0.6))
    expect(followed.isEmpty).toBe(false)
    followed.look(viewOf(300_000, 1, 1, 0.6))
    expect(followed.isEmpty).toBe(true)
  })
})

describe('the verdict on a step', () => {
  const relieves: Partial<Step> = {
    reason: { kind: 'relieve-delay', demand: 1, delay: 0.6, left: 0, there: 0 },
  }
  const cases: readonly [string, Partial<Step>, Sight, Sight, string][] = [
    [
      'came as predicted',
      relieves,
      sight(figures(0.6), figures(0)),
      sight(figures(0.04), figures(0)),
      'helped',
    ],
    [
      'came half of the way',
      relieves,
      sight(figures(0.6), figures(0)),
      sight(figures(0.3), figures(0)),
      'helped',
    ],
    [
      'came less than that',
      relieves,
      sight(figures(0.6), figures(0)),
      sight(figures(0.35), figures(0)),
      'no-help',
    ],
    [
      'left the worst-served waiting, and the guest not',
      relieves,
      sight(figures(0.6), figures(0), 0.6),
      sight(figures(0.6), figures(0), 0.1),
      'helped',
    ],
    [
      'left both waiting',
      relieves,
      sight(figures(0.6), figures(0), 0.6),
      sight(figures(0.6), figures(0), 0.4),
      'no-help',
    ],
    [
      'has a guest that never waited',
      relieves,
      sight(figures(0.6), figures(0), 0),
      sight(figures(0.6), figures(0), 0),
      'no-help',
    ],
    [
      'made the target wait',
      relieves,
      sight(figures(0.1), figures(0)),
      sight(figures(0), figures(0.3)),
      'harm',
    ],
    [
      'made it wait, as was said before',
      { predicted: { from: figures(0), to: figures(0.2) } },
      sight(figures(0.1), figures(0)),
      sight(figures(0), figures(0.3)),
      'no-help',
    ],
    [
      'levelled the loads',
      {},
      sight(figures(0, 0.9), figures(0, 0.1)),
      sight(figures(0, 0.5), figures(0, 0.5)),
      'helped',
    ],
    [
      'levelled nothing',
      { predicted: { from: figures(0, 0.5), to: figures(0, 0.5) } },
      sight(figures(0, 0.9), figures(0, 0.1)),
      sight(figures(0, 0.85), figures(0, 0.2)),
      'no-help',
    ],
    [
      'had to be',
      { reason: { kind: 'leave-host', host: 'a' } },
      sight(figures(0.6), figures(0)),
      sight(figures(0.6), figures(0)),
      'helped',
    ],
    [
      'had to be, and did harm',
      { reason: { kind: 'leave-host', host: 'a' } },
      sight(figures(0), figures(0)),
      sight(figures(0), figures(0.5)),
      'harm',
    ],
  ]

  it.each(cases)('that %s', (_, part, before, seen, verdict) => {
    const predicted = { from: figures(0, 0.5), to: figures(0, 0.5) }
    expect(verdictOf({ ...step, predicted, ...part }, before, seen)).toBe(verdict)
  })
})
