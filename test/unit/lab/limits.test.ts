import { describe, expect, it } from 'vitest'
import { withControl } from '../../lab/cases/disturbance.ts'
import { interval, latestTick } from '../../lab/cases/faults/fault.ts'
import { inequality } from '../../lab/cases/memory-judge.ts'
import { type ControlSample, worstOf } from '../../lab/control-measurement.ts'

describe('the control measurement', () => {
  const timer = (from: number, milliseconds: number): ControlSample => ({
    kind: 'timer',
    from,
    to: from + 25 + milliseconds,
    milliseconds,
  })
  const samples = [
    timer(0, 900),
    timer(925, 3),
    timer(953, 40),
    { kind: 'call', from: 940, to: 1_140, milliseconds: 200 } as const,
  ]

  it('is the worst of what was under way at the time, each kind for itself', () => {
    expect(worstOf(samples, 950, 1_000)).toEqual({ timerLate: 40, call: 200 })
    expect(worstOf(samples, 0, 900)).toEqual({ timerLate: 900, call: 0 })
    expect(worstOf(samples, 2_000, 3_000)).toEqual({ timerLate: 0, call: 0 })
  })

  it('is part of a result, and its excuse where timers were late and something is broken', () => {
    const broken = ['it was late']
    expect(withControl({ broken }, { timerLate: 12.4, call: 3.6 })).toEqual({
      broken,
      disturbed: false,
      timerLateMs: 12,
      bareCallMs: 4,
    })
    const late = withControl({ broken }, { timerLate: 900, call: 3.6 })
    expect(late).toMatchObject({
      disturbed: true,
      broken: ['it was late', expect.stringContaining('900 ms')],
    })
    expect(withControl({ broken: [], disturbed: true }, { timerLate: 1, call: 1 })).toMatchObject({
      disturbed: true,
      broken: [],
    })
  })
})

describe('the latest time of a tick', () => {
  it('is half an interval after its own where timers are in time: none may be skipped', () => {
    expect(latestTick(0)).toBe(1.5 * interval)
    expect(latestTick(5)).toBeLessThan(2 * interval)
  })

  it('grows with how late timers come: ticks that took 2.0 intervals, with timers 250 ms late, say nothing of the loop', () => {
    expect(latestTick(250)).toBeGreaterThan(2 * interval)
  })
})

describe('the inequality of guests that grow alike', () => {
  it('is that of their sizes where their programs hold the same', () => {
    const { most, beyondUse, atEnd } = inequality(
      [
        [500, 500],
        [1_000, 800],
      ],
      [
        [300, 300],
        [600, 600],
      ],
    )
    expect(most).toBeCloseTo(20)
    expect(beyondUse).toBeCloseTo(20)
    expect(atEnd).toBeCloseTo(20)
  })

  it('does not count a guest that is resized some ticks later than the others', () => {
    // Measured on a quiet machine: 11.1 % apart for three ticks, while the programs held the same.
    const used = Array.from({ length: 4 }, () => [800, 800])
    const late = [
      [1_242, 1_104],
      [1_242, 1_104],
      [1_242, 1_104],
      [1_242, 1_230],
    ]
    expect(inequality(late, used).beyondUse).toBeLessThan(2)
    const never = late.map(() => [1_242, 1_104])
    expect(inequality(never, used).beyondUse).toBeCloseTo(11.1, 1)
  })

  it('is less what the programs differ by: a run of M2 whose guests were not equally fast', () => {
    // Measured: sizes 10.8 % apart where the programs held 510 to 581 MiB beside the 110 MiB of a kernel.
    const { most, beyondUse } = inequality([[1_034, 1_057, 1_105, 1_159]], [[671, 680, 620, 691]])
    expect(most).toBeCloseTo(10.8, 1)
    expect(beyondUse).toBeLessThan(1)
  })

  it('goes by the use of the tick before too, which a balloon on its way was asked by', () => {
    const sizes = [
      [500, 400],
      [500, 400],
    ]
    const used = [
      [200, 160],
      [200, 200],
    ]
    expect(inequality(sizes, used).beyondUse).toBeCloseTo(0)
    expect(inequality([...sizes, [500, 400]], [...used, [200, 200]]).beyondUse).toBeCloseTo(20)
  })
})
