import { describe, expect, it } from 'vitest'
import { autopilot } from '../../../lib/control/autopilot.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import type { Scheduler } from '../../../lib/policy/plan.ts'
import { balance, fair } from '../../../lib/schedulers/index.ts'
import { type Load, simulate } from '../../../lib/simulation/index.ts'

/** Two pCPUs of full speed and two that do half of the work. */
const pcpus = { cores: 4, capacities: [1, 1, 0.5, 0.5] }

async function ticksOf(places: readonly number[], load: Load, scheduler: () => Scheduler) {
  const domains = places.map((pcpu, i) => ({ name: `g${i}`, vcpus: [{ affinity: `${pcpu}`, load }] }))
  const host = simulate({ pcpus, domains, background: 0 })
  const ticks: Tick[] = []
  const pilot = autopilot(host, { interval: 1_000, ticks: 24, scheduler: scheduler() })
  for await (const tick of pilot) ticks.push(tick)
  return ticks
}

/** By pCPU: how many vCPUs are pinned there. */
function crowds({ view }: Tick): number[] {
  return view.pcpus.map(({ id }) => view.vcpus.filter(({ affinity }) => affinity?.has(id)).length)
}

describe('pCPUs that do not do the same work', () => {
  it.each([
    ['balance', balance],
    ['fair', fair],
  ] as const)('%s gives them load in proportion', async (_, scheduler) => {
    const spin: Load = { kind: 'spin' }
    const ticks = await ticksOf([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3], spin, scheduler)
    expect(ticks[0]!.view.pcpus.map(({ capacity }) => capacity)).toEqual([1, 1, 0.5, 0.5])
    expect(crowds(ticks.at(-1)!)).toEqual([4, 4, 2, 2])
  })

  it('demand is the same wherever a guest runs', async () => {
    const ticks = await ticksOf([0, 2], { kind: 'loop', work: 4, sleep: 16 }, () => () => [])
    const [onLarge, onSmall] = ticks.at(-1)!.view.vcpus
    // 4 ms of work take 8 there: it runs a third of the time, and a fifth of the large one's time would do.
    expect(onSmall!.usage).toBeCloseTo(0.33, 1)
    expect(onLarge!.demand).toBeCloseTo(0.2, 1)
    expect(onSmall!.demand).toBeCloseTo(0.17, 1)
  })
})
