import { describe, expect, it } from 'vitest'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { sentenceOf } from '../../../lib/policy/reason.ts'
import { pack } from '../../../lib/schedulers/pack.ts'
import { simulate } from '../../../lib/simulation/index.ts'
import { ticksOf } from './ticks.ts'
import { gaussian, run, seeded, World } from './world.ts'

const spread = (demands: readonly number[], pcpus: number) =>
  new World(
    pcpus,
    demands.map((demand, i) => ({ demand, on: i % pcpus })),
  )
const used = (world: World) => new Set(world.guests.map(({ on }) => on)).size

describe('pack', () => {
  it('gathers the load on the fewest pCPUs that hold it, once, and then rests', () => {
    const world = spread(Array(8).fill(0.2), 8)
    const rounds = run(world, pack(), 60)
    expect(rounds).toHaveLength(1)
    expect(
      world
        .loads()
        .filter((load) => load > 0)
        .map((load) => load.toFixed(1)),
    ).toEqual(['0.8', '0.8'])
  })

  it('keeps within the fill that it was given', () => {
    const world = spread([0.5, 0.4, 0.3, 0.3, 0.2, 0.1], 6)
    run(world, pack({ fill: 0.9 }), 30)
    expect(used(world)).toBe(2)
    expect(Math.max(...world.loads())).toBeLessThanOrEqual(0.9 + 1e-6)
  })

  it('does not move a vCPU for a pCPU that it could not empty', () => {
    expect(run(spread([0.6, 0.6, 0.6, 0.3], 4), pack(), 40)).toEqual([])
  })

  it('wakes a pCPU when one is too full, and gathers again when the load has gone', () => {
    const world = spread([0.2, 0.2, 0.2, 0.2], 4)
    const policy = pack()
    run(world, policy, 20)
    expect(used(world)).toBe(1)
    for (const guest of world.guests) guest.demand = 0.5
    run(world, policy, 20)
    expect(Math.max(...world.loads())).toBeLessThanOrEqual(0.8)
    expect(used(world)).toBe(4)
    for (const guest of world.guests) guest.demand = 0.1
    run(world, policy, 60)
    expect(used(world)).toBe(1)
  })

  it('leaves alone what cannot be helped: one that wants a whole pCPU', () => {
    const world = spread([1, 1], 2)
    expect(run(world, pack(), 40)).toEqual([])
  })

  it('comes to rest under noise', () => {
    const noise = gaussian(seeded(3))
    const world = spread(Array(12).fill(0.18), 6)
    const rounds = run(world, pack(), 400, (demand) => demand * (1 + 0.05 * noise()))
    expect(rounds.length).toBeLessThanOrEqual(2)
    expect(rounds.every(({ look }) => look < 100)).toBe(true)
  })

  it('goes only where it may, and off where it may not be', () => {
    const world = spread([0.2, 0.2, 0.2], 3)
    const policy = pack()
    let { initialState: state } = policy
    for (let look = 0; look < 12; look++) {
      const view = world.look()
      const allowed = [CpuSet.of(0), CpuSet.of(1, 2), CpuSet.of(2)]
      const vcpus = view.vcpus.map((vcpu, i) => ({ ...vcpu, allowed: allowed[i]! }))
      const decision = policy.decide({ ...view, vcpus }, state)
      state = decision.state
      world.apply(decision.plan)
    }
    expect(world.guests.map(({ on }) => on)).toEqual([0, 2, 2])
  })

  it('pins what was free together with the first moves, and its reasons are numbers', async () => {
    const domains = Array.from({ length: 4 }, (_, i) => {
      return { name: `guest${i}`, vcpus: [{ load: { kind: 'loop', work: 2, sleep: 18 } as const }] }
    })
    await using host = simulate({ pcpus: 4, domains })
    const ticks = await ticksOf(host, { interval: 2_000, ticks: 40, scheduler: pack() })
    const last = ticks.at(-1)!
    expect(new Set(last.view.vcpus.map(({ affinity }) => `${affinity}`)).size).toBe(1)
    const actions = ticks.flatMap(({ plan }) => plan)
    expect(actions.length).toBe(4)
    for (const { reason } of actions)
      expect(sentenceOf(reason)).toMatch(/^wants \d+\.\d %, (stays on|goes from pCPU \d to) pCPU \d/)
  })

  it('refuses options that are none', () => {
    expect(() => pack({ fill: 0 })).toThrow('`fill`')
    expect(() => pack({ slack: -0.1 })).toThrow('`slack`')
    expect(() => pack({ slack: Number.NaN })).toThrow('`slack`')
  })
})
