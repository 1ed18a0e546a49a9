import { describe, expect, it } from 'vitest'
import { BallastError } from '../../../../lib/host/errors.ts'
import { allMetrics } from '../../../../lib/report/metrics/tick-metrics.ts'
import { tickOf } from '../ticks.ts'
import { seriesIn } from './exposition.ts'
import { at, config, fresh, seriesOf } from './observed.ts'

describe('a scrape', () => {
  it('before the first Tick shows what there is, and how long there has been none', async () => {
    const { metrics, clock } = await fresh()
    clock.now += 4_500
    const series = await seriesOf(metrics)
    expect(series.get('ballast_tick_age_seconds')).toBe(4.5)
    expect([...series.keys()].filter((name) => /^libvirt_/.test(name))).toEqual([])
  })

  it('shows the age of the last Tick, which began before it was handed over', async () => {
    const { metrics, clock } = await fresh()
    metrics.observe(tickOf(0, at(1_000)))
    expect((await seriesOf(metrics)).get('ballast_tick_age_seconds')).toBe(0.006)
    clock.now += 60_000
    expect((await seriesOf(metrics)).get('ballast_tick_age_seconds')).toBe(60.006)
    expect(metrics.age).toBe(60_006)
  })

  it('shows that the host cannot be sampled, and its guests as they were', async () => {
    const { metrics } = await fresh()
    metrics.observe(tickOf(0, at(1_000)))
    metrics.observe(tickOf(1, at(1_000), { errors: [new BallastError('ERR_DISCONNECTED', 'lost')] }))
    const series = await seriesOf(metrics)
    expect(series.get('libvirt_up')).toBe(0)
    expect(series.get('libvirt_domain_timed_out{domain="web1"}')).toBe(0)
    metrics.observe(tickOf(2, at(3_000)))
    expect((await seriesOf(metrics)).get('libvirt_up')).toBe(1)
  })

  it('makes the text of a Tick once, however many ask', async () => {
    const { metrics } = await fresh()
    metrics.observe(tickOf(0, at(1_000)))
    const bodies = await Promise.all([metrics.body(), metrics.body(), metrics.body()])
    expect(new Set(bodies.map(([most]) => most)).size).toBe(1)
    metrics.observe(tickOf(1, at(2_000)))
    expect((await metrics.body())[0]).not.toBe(bodies[0]![0])
  })

  it.each([
    ['at once', () => {}],
    ['in the same turn of the event loop', () => Promise.resolve()],
    ['later', () => new Promise(setImmediate)],
  ])('is whole, and of one Tick, when another comes in the middle of it: %s', async (_, between) => {
    const { metrics } = await fresh()
    metrics.observe(tickOf(0, at(1_000)))
    const before = metrics.text()
    await between()
    metrics.observe(tickOf(1, at(2_000)))
    const texts = await Promise.all([before, metrics.text()])
    for (const text of texts) {
      const names = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name))
      for (const name of names) expect(text.split(`# TYPE ${name} `)).toHaveLength(2)
      const series = seriesIn(text)
      const ticks = series.get('ballast_ticks_total{cause="interval"}')!
      expect(series.get('libvirt_domain_vcpu_time_seconds_total{domain="web1",vcpu="0"}')).toBe(0.5 * ticks)
    }
    expect(seriesIn(texts[1]).get('ballast_ticks_total{cause="interval"}')).toBe(2)
  })

  it('shows what the loop is run with now', async () => {
    const { metrics } = await fresh()
    metrics.configure({ ...config, interval: 5_000, scheduler: 'pack' })
    const series = await seriesOf(metrics)
    expect(series.get('ballast_interval_seconds')).toBe(5)
    expect([...series.keys()].join()).toContain('scheduler="pack"')
  })

  it('has a type and a help for all of it', async () => {
    const { metrics } = await fresh()
    metrics.observe(tickOf(0, at(1_000)))
    const text = await metrics.text()
    for (const [, name, type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
      expect(allMetrics[name!], name).toMatchObject({ type })
    }
    for (const name of seriesIn(text).keys()) {
      const family = name
        .replace(/\{.*/, '')
        .replace(/^(ballast_(?:tick_duration_seconds|prediction_error_[a-z]+))_\w+$/, '$1')
      expect(text).toContain(`# HELP ${family} `)
    }
  })
})
