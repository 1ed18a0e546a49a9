import type { Spread } from '../spread.ts'
import type { MetricsFigures, Stuck } from './metrics.ts'

/** The figures of the scrapes for people. */
export function metricsTable({ turns, rounds, ratioLimit, stuck }: MetricsFigures): string {
  return [
    `A scrape in milliseconds, median and middle half of ${turns} turns`,
    ...rounds.flatMap(({ guests, ballast, exporter, ratio, passed }) => [
      `  ${guests} paused guests`,
      `    ballast run                  ${spread(ballast)}`,
      `    prometheus-libvirt-exporter  ${spread(exporter)}`,
      `    ratio                        ${ratio.toFixed(4)}, at most ${ratioLimit}: ${passed ? 'met' : 'MISSED'}`,
    ]),
    'With one QEMU stopped',
    `    ballast run                  ${answer(stuck.ballast, stuck.limit)}`,
    `    prometheus-libvirt-exporter  ${answer(stuck.exporter, stuck.limit)}`,
  ].join('\n')
}

function spread({ median, lowerQuartile, upperQuartile }: Spread): string {
  return `${median.toFixed(1)} (${lowerQuartile.toFixed(1)} to ${upperQuartile.toFixed(1)})`
}

function answer({ ms, guests }: Stuck, limit: number): string {
  return ms === null ? `no answer within ${limit / 1_000} s` : `${ms.toFixed(1)} ms, ${guests} guests`
}
