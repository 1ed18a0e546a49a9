import { DomainState } from '../../../../lib/host/sample.ts'
import { type TickMetrics, tickMetrics } from '../../../../lib/report/metrics/tick-metrics.ts'
import { MiB } from '../../../../lib/util/units.ts'
import type { View } from '../../../../lib/view/view.ts'
import { viewOf } from '../ticks.ts'
import { seriesIn } from './exposition.ts'

export const config = { version: '1.2.3', interval: 2_000, dryRun: false, scheduler: 'balance' }

/** Metrics with a clock that stands still until it is set. */
export async function fresh(): Promise<{ metrics: TickMetrics; clock: { now: number } }> {
  const clock = { now: 1_000 }
  return { metrics: await tickMetrics(config, () => clock.now), clock }
}

export async function seriesOf(metrics: TickMetrics): Promise<Map<string, number>> {
  return seriesIn(await metrics.text())
}

/** Those of a Map whose names begin so. */
export function starting(series: ReadonlyMap<string, number>, name: string): Record<string, number> {
  return Object.fromEntries([...series].filter(([key]) => key.startsWith(name)))
}

export const view = viewOf(4, [
  {
    name: 'web1',
    vcpus: [
      { on: 1, usage: 0.5, delay: 0.25, demand: 0.75 },
      { on: 2, usage: 0.1, delay: 0, demand: 0.1 },
    ],
    memory: { age: 3_000, target: 640 * MiB, swapIn: 0, swapOut: 7 * MiB, majorFaults: 12 },
  },
  { name: 'db', state: DomainState.paused, memory: { hold: 'stuck', age: undefined, unused: undefined } },
])
export const at = (time: number, more: Partial<View> = {}): View => ({
  ...view,
  time,
  wallTime: 1e12,
  ...more,
})
