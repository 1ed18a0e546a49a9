import { describe, expect, it } from 'vitest'
import { schedulers } from '../../../lib/index.ts'
import { Minutes } from '../../../lib/recording/period/minutes.ts'
import { Period } from '../../../lib/recording/period/period.ts'
import { TimeBins } from '../../../lib/recording/period/time-bins.ts'
import { scenarios, simulate } from '../../../lib/simulation/index.ts'
import { parsed, recorded } from './recorded.ts'

describe('TimeBins', () => {
  it('doubles its bins as time goes on, and keeps least, mean and most', () => {
    const bins = new TimeBins(4)
    const series = bins.series()
    for (const [second, value] of [0, 10, 20, 30, 40, 50].entries())
      series.add(bins.at(10_000 * second + 7), value)
    expect(bins).toMatchObject({ start: 7, step: 20_000, count: 3 })
    expect([0, 1, 2].map((bin) => [series.least[bin], series.mean(bin), series.most[bin]])).toEqual([
      [0, 5, 10],
      [20, 25, 30],
      [40, 45, 50],
    ])
    expect(series.total()).toEqual({ mean: 25, least: 0, most: 50 })
  })

  it('takes what is not known for nothing, and a time before the first for the first', () => {
    const bins = new TimeBins(4)
    const series = bins.series()
    series.add(bins.at(50_000), undefined)
    series.add(bins.at(60_000), Number.NaN)
    expect(series.total().mean).toBeNaN()
    expect(bins.at(1)).toBe(0)
  })
})

describe('Minutes', () => {
  it('tells the worst first, and none in which nobody lacked anything', () => {
    const minutes = new Minutes()
    for (const [minute, points] of [100, 80, 95, 80].entries()) {
      minutes.score(60_000 * minute + 5, points, `guest${minute}, CPU`)
      minutes.score(60_000 * minute + 9, 100, 'other, CPU')
      minutes.delay(60_000 * minute, minute / 100, 'guest0 vCPU 0')
    }
    expect(minutes.worst(2)).toMatchObject([
      { wallTime: 180_000, lowestScore: 80, scoreOf: 'guest3, CPU', longestDelay: 0.03 },
      { wallTime: 60_000, lowestScore: 80, scoreOf: 'guest1, CPU' },
    ])
    expect(minutes.worst(10)).toHaveLength(3)
    expect(minutes.below(90)).toBe(2)
    expect(minutes.count).toBe(4)
  })
})

describe('Period', async () => {
  const options = { interval: 2_000, scheduler: schedulers.balance() }
  const { ticks, lines } = await recorded(simulate(scenarios.A1()), options, 40)
  const taken = async (from?: number, to?: number) => {
    const period = new Period(from, to)
    await period.take(parsed(lines))
    return period
  }

  it('has the load, the waits and the scores that the Ticks had', async () => {
    const period = await taken()
    expect(period).toMatchObject({ ticks: 40, begin: ticks[0]!.wallTime, end: ticks[39]!.wallTime })
    const busy = ticks.flatMap(({ view }) => view.pcpus.flatMap((pcpu) => pcpu.busy ?? []))
    expect(period.busiest.total().most).toBeCloseTo(Math.max(...busy), 3)
    const delays = ticks.flatMap(({ view }) => view.vcpus.flatMap(({ delay }) => delay ?? []))
    expect(period.longestDelay.total().most).toBeCloseTo(Math.max(...delays), 3)
    const scores = ticks.flatMap((tick) => [...tick.scores.cpu].filter((points) => !Number.isNaN(points)))
    expect(period.lowestCpu.total().least).toBe(Math.min(...scores))
    expect(period.interval.value).toBeCloseTo(2_000, 0)
  })

  it('has the guests and their changes', async () => {
    const period = await taken()
    const pins = ticks.flatMap(({ outcomes }) => outcomes)
    expect(period.changes).toHaveLength(pins.length)
    const guests = Array.from(period.guests.values(), (guest) => guest.figures())
    expect(guests.map(({ name }) => name)).toEqual(ticks[0]!.view.domains.map(({ name }) => name))
    expect(guests.reduce((sum, guest) => sum + guest.pins, 0)).toBe(pins.length)
    for (const guest of guests) {
      expect(guest).toMatchObject({ vcpus: 1, resizes: 0 })
      expect(guest.mostSize).toBe(ticks[39]!.view.domains[0]!.memory.actual)
    }
  })

  it('is of the ticks between two times alone', async () => {
    const period = await taken(ticks[10]!.wallTime, ticks[19]!.wallTime)
    expect(period).toMatchObject({ ticks: 10, begin: ticks[10]!.wallTime, end: ticks[19]!.wallTime })
    for (const { tick } of period.changes) expect(tick >= 10 && tick < 20).toBe(true)
  })
})
