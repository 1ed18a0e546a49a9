import { setImmediate as otherWork } from 'node:timers/promises'
import type PromClient from 'prom-client'
import type { Tick } from '../../control/tick.ts'
import type { FleetFigures } from '../fleet-figures.ts'
import { isSampled } from '../sampled.ts'
import { durationBuckets, EventCounts, eventMetrics } from './event-metrics.ts'
import type { Families, Family, Metric } from './family.ts'
import { fleetMetrics } from './fleet-metrics.ts'
import { guestMetrics, libvirtGuestMetrics } from './guest-metrics.ts'
import { GuestTotals } from './guest-totals.ts'
import { configMetrics, hostMetrics, type MetricsConfig, type Moment } from './host-metrics.ts'
import { liveFigures, liveMetrics } from './live-metrics.ts'

export type { MetricsConfig } from './host-metrics.ts'

/** `Content-Type` of {@link TickMetrics.text}. */
export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8'

/** Every metric; docs/metrics.md has them too. */
export const allMetrics: Readonly<Record<string, Metric>> = {
  ...libvirtGuestMetrics,
  ...guestMetrics,
  ...hostMetrics,
  ...eventMetrics,
  ...configMetrics,
  ...fleetMetrics,
  ...liveMetrics,
}

/**
 * Metrics of a run, made from its Ticks. Nothing is asked of a host: a scrape takes the same time whatever state the host is
 * in. `now` is a clock in milliseconds, by default the machine's.
 *
 * Rejects when prom-client is not installed: it is loaded here, and nowhere else.
 *
 * @example
 * const metrics = await tickMetrics({ version: '1.0', interval: 2_000, dryRun: false, scheduler: 'balance' })
 * createServer(async (_, response) => response.end(await metrics.text())).listen('/run/ballast.sock')
 * for await (const tick of autopilot(host, options)) metrics.observe(tick)
 */
export async function tickMetrics(
  config: MetricsConfig,
  now: () => number = () => performance.now(),
): Promise<TickMetrics> {
  const { default: client } = await import('prom-client')
  return new TickMetrics(client, config, now)
}

/** See {@link tickMetrics}. */
export class TickMetrics {
  readonly #client: typeof PromClient
  readonly #registry: PromClient.Registry
  readonly #metrics = new Map<string, ClientMetric>()
  readonly #now: () => number
  readonly #guests = new GuestTotals()
  readonly #events: EventCounts
  #config: MetricsConfig
  #fleet: (() => FleetFigures) | undefined
  #moment: Moment | undefined
  /** When the last Tick began, or this was made, in milliseconds of `now`. */
  #since: number
  /** What was made of the last Tick. */
  #rendered: Promise<Buffer> | undefined

  constructor(client: typeof PromClient, config: MetricsConfig, now: () => number) {
    this.#client = client
    this.#registry = new client.Registry()
    this.#config = config
    this.#now = now
    this.#since = now()
    for (const [name, metric] of Object.entries(allMetrics)) this.#define(name, metric)
    this.#events = new EventCounts((name, labels, by = 1) => {
      const metric = this.#metrics.get(name)!
      if ('observe' in metric) metric.observe(labels, by)
      else metric.inc(labels, by)
    })
  }

  /** Milliseconds since the last Tick began; before the first, since this was made. */
  get age(): number {
    return this.#now() - this.#since
  }

  /** The loop is run with this from now on. */
  configure(config: MetricsConfig): void {
    this.#config = config
    this.#rendered = undefined
  }

  /** The host is a member of a fleet, whose figures are asked at each scrape. */
  watchFleet(figures: () => FleetFigures): void {
    this.#fleet = figures
  }

  /** Takes in a Tick: each one, in their order. */
  observe(tick: Tick): void {
    const before = this.#moment
    this.#since = this.#now() - tick.timing.total
    this.#guests.observe(tick)
    this.#events.observe(tick)
    const explanation = tick.explanation ?? before?.explanation
    this.#moment = { tick, isSampled: isSampled(tick, before), explanation }
    this.#rendered = undefined
  }

  /** All metrics in Prometheus's text format. */
  async text(): Promise<string> {
    return Buffer.concat(await this.body()).toString()
  }

  /** The same in UTF-8, in parts. The largest is made once for a Tick, and is one and the same for all who ask. */
  async body(): Promise<readonly Buffer[]> {
    this.#rendered ??= this.#render()
    const rendered = await this.#rendered
    const fleet = this.#fleet ? await this.#families(fleetMetrics, this.#fleet()) : ''
    return [rendered, Buffer.from(fleet + (await this.#families(liveMetrics, liveFigures(this.age))))]
  }

  async #render(): Promise<Buffer> {
    const { moment, guests, counted } = await this.#counted()
    const parts = [await this.#families(configMetrics, this.#config), ...counted]
    if (moment) {
      parts.push(await this.#families(hostMetrics, moment))
      parts.push(await this.#families(libvirtGuestMetrics, guests))
      parts.push(await this.#families(guestMetrics, guests))
    }
    return Buffer.from(parts.join(''))
  }

  /** The last Tick, and what was counted up to it: counters are read anew when another Tick came meanwhile. */
  async #counted() {
    for (;;) {
      const moment = this.#moment
      const guests = moment ? this.#guests.rows(moment.tick) : []
      const counted = await Promise.all(Object.keys(eventMetrics).map((name) => this.#textOf(name)))
      if (moment === this.#moment) return { moment, guests, counted }
    }
  }

  /** A thousand guests have tens of thousands of series: after each family other work comes first. */
  async #families<Source>(families: Families<Source>, source: Source): Promise<string> {
    const parts: string[] = []
    for (const [name, family] of Object.entries(families)) {
      const text = this.#familyText(name, family, source)
      if (text) parts.push(await text)
      await otherWork()
    }
    return parts.join('')
  }

  /**
   * The text of a family; undefined: nothing is known of it. Another scrape may be at the same metric in between two
   * families, not within one.
   */
  #familyText<Source>(
    name: string,
    { type, series }: Family<Source>,
    source: Source,
  ): Promise<string> | undefined {
    const metric = this.#metrics.get(name) as PromClient.Gauge | PromClient.Counter
    let isKnown = false
    series(source, (labels, value) => {
      if (value === undefined || !Number.isFinite(value)) return
      isKnown = true
      if (type === 'gauge') (metric as PromClient.Gauge).set(labels, value)
      else metric.inc(labels, value)
    })
    const text = isKnown ? this.#textOf(name) : undefined
    metric.reset()
    return text
  }

  /** The values are those of the moment of the call. */
  async #textOf(name: string): Promise<string> {
    return `${await this.#registry.getSingleMetricAsString(name)}\n`
  }

  #define(name: string, { type, help, labels: labelNames }: Metric): void {
    const { Counter, Gauge, Histogram, Summary } = this.#client
    const options = { name, help, labelNames, registers: [this.#registry] }
    const make: { readonly [Type in Metric['type']]: () => ClientMetric } = {
      gauge: () => new Gauge(options),
      counter: () => new Counter(options),
      histogram: () => new Histogram({ ...options, buckets: durationBuckets }),
      // Sum and count alone: a quantile of one process cannot be added to those of others.
      summary: () => new Summary({ ...options, percentiles: [] }),
    }
    this.#metrics.set(name, make[type]())
  }
}

type ClientMetric = PromClient.Gauge | PromClient.Counter | PromClient.Histogram | PromClient.Summary
