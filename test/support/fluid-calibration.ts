import { autopilot } from '../../lib/control/autopilot.ts'
import { fluidDelays } from '../../lib/fleet/simulation/fluid-cpu.ts'
import { balance } from '../../lib/schedulers/balance.ts'
import { simulate } from '../../lib/simulation/index.ts'
import { Random } from '../../lib/util/random.ts'
import { GiB } from '../../lib/util/units.ts'

export interface CalibrationCase {
  readonly seed: number
  readonly pcpus: number
  /** What guests want, by the pCPUs. */
  readonly load: number
  /** Range of what one vCPU wants. */
  readonly demand: readonly [least: number, most: number]
}

/** The wait of the worst-served vCPU: in the simulation of one host under `balance`, and in the fluid model. */
export async function compareFluid({ seed, pcpus, load, demand: [least, most] }: CalibrationCase) {
  const random = new Random(seed, 'calibration')
  const guests: { readonly vcpus: number; readonly demand: number; readonly period: number }[] = []
  for (let sum = 0; sum < load * pcpus; ) {
    const vcpus = 1 + random.below(2)
    const demand = least + (most - least) * random.next()
    guests.push({ vcpus, demand, period: 5 + 60 * random.next() })
    sum += vcpus * demand
  }
  const host = simulate({
    seed,
    pcpus,
    memory: 64 * GiB,
    domains: guests.map(({ vcpus, demand, period }, i) => ({
      name: `g${i}`,
      vcpus: Array.from({ length: vcpus }, () => ({
        load: { kind: 'loop' as const, work: demand * period, sleep: (1 - demand) * period },
      })),
      memory: { maximum: GiB / 4 },
    })),
  })
  const delays: number[] = []
  let ticks = 0
  for await (const { index, view } of autopilot(host, { interval: 2_000, ticks: 30, scheduler: balance() })) {
    if (index < 14) continue
    ticks++
    for (const [i, { delay = 0 }] of view.vcpus.entries()) delays[i] = (delays[i] ?? 0) + delay
  }
  return { simulated: Math.max(...delays) / ticks, fluid: Math.max(...fluidDelays(guests, pcpus)) }
}
