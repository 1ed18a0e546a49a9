import { describe, expect, it } from 'vitest'
import { autopilot } from '../../../lib/control/autopilot.ts'
import { binOf, bins, predictedDelay } from '../../../lib/fleet/cost/predicted-delay.ts'
import { balance } from '../../../lib/schedulers/balance.ts'
import { simulate } from '../../../lib/simulation/index.ts'
import type { Load } from '../../../lib/simulation/scenario.ts'
import { mean } from '../../../lib/util/statistics.ts'

const background = 0.02
const interval = 5_000
/** Ticks until all demands are known and settled, and ticks that are looked at. */
const ticks = { settling: 16, counted: 12 } as const

const spin: Load = { kind: 'spin' }
const loop = (demand: number): Load => ({ kind: 'loop', work: 50 * demand, sleep: 50 * (1 - demand) })
const work = (demand: number): Load => ({ kind: 'work', work: 100 * demand })
const times = (count: number, load: Load) => Array.from({ length: count }, () => load)

interface Seen {
  /** Longest wait of a vCPU: its mean over the ticks, and the mean of each tick's longest. */
  readonly delays: readonly number[]
  readonly predicted: number
}

async function look(pcpus: number, loads: readonly Load[], pins: boolean): Promise<Seen> {
  const domains = loads.map((load, index) => ({ name: `d${index}`, vcpus: [{ load }] }))
  await using host = simulate({ pcpus, background, domains })
  const byVcpu = loads.map((): number[] => [])
  const longest: number[] = []
  let predicted = Number.NaN
  const options = { interval, ticks: ticks.settling + ticks.counted, scheduler: pins ? balance() : undefined }
  for await (const { index, view } of autopilot(host, options)) {
    if (index < ticks.settling) continue
    const delays = view.vcpus.map(({ delay = 0 }) => delay)
    for (const [vcpu, delay] of delays.entries()) byVcpu[vcpu]!.push(delay)
    longest.push(Math.max(...delays))
    const counts = new Float64Array(bins)
    const sums = new Float64Array(bins)
    for (const { demand = 0 } of view.vcpus) {
      counts[binOf(demand)]!++
      sums[binOf(demand)]! += demand
    }
    predicted = predictedDelay(counts, sums, 0, pcpus * (1 - background))
  }
  return { delays: [Math.max(...byVcpu.map(mean)), mean(longest)], predicted }
}

describe('the predicted delay of a host', () => {
  it.each<[string, number, readonly Load[]]>([
    ['4 that compute on 4 pCPUs', 4, times(4, spin)],
    ['5 that compute on 4 pCPUs', 4, times(5, spin)],
    ['6 that compute on 3 pCPUs', 3, times(6, spin)],
    ['12 that compute on 4 pCPUs', 4, times(12, spin)],
    ['8 at a half on 4 pCPUs', 4, times(8, loop(0.5))],
    ['12 at a half on 4 pCPUs', 4, times(12, loop(0.5))],
    ['12 at a quarter on 4 pCPUs', 4, times(12, loop(0.25))],
    ['24 at a quarter on 4 pCPUs', 4, times(24, loop(0.25))],
    ['6 with work for a half on 4 pCPUs', 4, times(6, work(0.5))],
    ['5 at 0.8 on 4 pCPUs', 4, times(5, loop(0.8))],
    ['12 at 0.6 on 8 pCPUs', 8, times(12, loop(0.6))],
    ['4 that compute and 8 at a quarter on 4 pCPUs', 4, [...times(4, spin), ...times(8, loop(0.25))]],
    ['2 that compute and 8 at a quarter on 4 pCPUs', 4, [...times(2, spin), ...times(8, loop(0.25))]],
    ['8 that compute and 16 with work on 8 pCPUs', 8, [...times(8, spin), ...times(16, work(0.2))]],
    [
      'all kinds on 8 pCPUs',
      8,
      [...times(4, spin), ...times(6, loop(0.7)), ...times(8, work(0.3)), ...times(10, loop(0.1))],
    ],
  ])('is within 10 points of what is seen of %s', async (_, pcpus, loads) => {
    const [free, pinned] = [await look(pcpus, loads, false), await look(pcpus, loads, true)]
    const seen = [...free.delays, ...pinned.delays]
    expect(pinned.predicted).toBeGreaterThanOrEqual(Math.min(...seen) - 0.1)
    expect(pinned.predicted).toBeLessThanOrEqual(Math.max(...seen) + 0.1)
  })
})
