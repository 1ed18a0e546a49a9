import { describe, expect, it } from 'vitest'
import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { balance } from '../../../../lib/schedulers/balance.ts'
import { mean, standardDeviation } from '../../../../lib/util/statistics.ts'
import type { DemandRange } from '../../../../lib/view/view.ts'
import { settle, viewOf } from '../../../unit/schedulers/balance/views.ts'
import { gaussian, run, seeded, World } from '../../../unit/schedulers/world.ts'

describe('constant demand with noise', () => {
  const looks = 250
  /** Views after which no estimate is young any more. */
  const settled = 40
  it.each([
    ['that can be balanced', 8, 4, (uniform: () => number) => 0.1 + 0.15 * uniform()],
    ['that hardly can', 6, 4, (uniform: () => number) => 0.2 + 0.5 * uniform()],
    ['that cannot: five equal', 5, 4, () => 0.8],
    ['that cannot: seven of two sizes', 7, 3, (uniform: () => number) => (uniform() < 0.5 ? 0.3 : 0.7)],
  ])(
    '%s: one round of moves, one more where young estimates erred, and then none',
    (_, count, pcpus, demand) => {
      let moved = 0
      let corrected = 0
      for (let seed = 1; seed <= 25; seed++) {
        const uniform = seeded(seed)
        const normal = gaussian(uniform)
        const guests = Array.from({ length: count }, () => {
          return { demand: demand(uniform), on: Math.floor(pcpus * uniform() ** 2) }
        })
        const world = new World(pcpus, guests)
        const deviations = [standardDeviation(world.loads())]
        const rounds = run(
          world,
          balance(),
          looks,
          (wanted) => wanted + 0.02 * normal(),
          () => {
            const now = standardDeviation(world.loads())
            if (Math.abs(now - deviations.at(-1)!) > 1e-9) deviations.push(now)
          },
        )
        const what = `seed ${seed}: ${JSON.stringify(rounds)}`
        expect(rounds.length, what).toBeLessThanOrEqual(2)
        expect(rounds.at(-1)?.look ?? 0, what).toBeLessThan(settled)
        expect(deviations, what).toEqual(deviations.toSorted((a, b) => b - a))
        moved += rounds.length
        corrected += rounds.length > 1 ? 1 : 0
      }
      expect(moved).toBeGreaterThan(5)
      expect(corrected).toBeLessThanOrEqual(8)
    },
  )
})

describe('a first round by estimates that have not settled', () => {
  /** Eight vCPUs that seem to be alike until they were moved, and then are not quite. */
  const rounds = (range?: DemandRange) => {
    let on = [0, 0, 0, 0, 0, 1, 1, 1]
    let demand = on.map(() => 0.3)
    const policy = balance()
    let state = policy.initialState
    const moves: number[] = []
    for (let look = 0; look < 100; look++) {
      const vcpus = on.map((cpu, index) => ({ on: cpu, demand: demand[index]!, ...(range && { range }) }))
      const view = viewOf({ shape: { cores: 2 }, vcpus })
      const decision = policy.decide(view, state)
      state = decision.state
      if (decision.plan.length > 0) moves.push(decision.plan.length)
      for (const { uuid, cpus } of decision.plan) {
        on = on.with(
          view.vcpus.findIndex(({ domain }) => domain.uuid === uuid),
          cpus.first!,
        )
      }
      if (moves.length === 1 && demand[0] === 0.3) demand = on.map((cpu) => (cpu === 0 ? 0.26 : 0.34))
    }
    const loads = [0, 1].map((cpu) =>
      demand.reduce((sum, one, index) => sum + (on[index] === cpu ? one : 0), 0),
    )
    return { moves, deviation: standardDeviation(loads) / mean(loads) }
  }

  it('is followed by one more, which brings the host within tolerance', () => {
    const { moves, deviation } = rounds()
    expect(moves).toEqual([1, 4])
    expect(deviation).toBeLessThanOrEqual(0.05)
  })

  it('is not, where it may be level for all that is known', () => {
    expect(rounds({ low: 0.2, high: 0.35 }).moves).toEqual([1])
  })
})

describe('free vCPUs', () => {
  const free = CpuSet.range(0, 1)
  /** Four of them, where the kernel has them from look to look. */
  const under = (kernel: readonly (readonly number[])[], demand: number) => {
    const world = new World(
      2,
      kernel[0]!.map((on) => ({ demand, on, free })),
    )
    let look = 0
    const shift = () => {
      const places = kernel[++look % kernel.length]!
      for (const [index, guest] of world.guests.entries()) if (guest.free) guest.on = places[index]!
    }
    return { rounds: run(world, balance(), 40, undefined, shift), world }
  }
  const level = [0, 1, 0, 1]
  const other = [1, 0, 0, 1]
  const crowded = [0, 0, 0, 1]

  it('that the kernel spoils the balance with now and then are held at a level moment: no move', () => {
    const { rounds, world } = under([level, level, level, crowded, other, level], 0.4)
    expect(rounds).toEqual([{ look: 4, moves: 0, pins: 4 }])
    expect(standardDeviation(world.loads())).toBeCloseTo(0)
  })

  it('that it shifts without harm are left to it', () => {
    expect(under([level, other], 0.4).rounds).toEqual([])
  })

  it.each([
    ['comes to a host that was levelled is held where it is fine', [0, 0, 0], [1, 0]],
    ['comes to a host that was never touched is left to the kernel', [0, 1, 1], []],
  ])('one that %s', (_, places, moves) => {
    const world = new World(
      2,
      places.map((on) => ({ demand: 0.4, on })),
    )
    const emptiest = () => (world.loads()[0]! < world.loads()[1]! ? 0 : 1)
    let look = 0
    const comes = () => {
      if (++look === 10) world.guests.push({ demand: 0.4, on: emptiest(), free })
    }
    const rounds = run(world, balance(), 40, undefined, comes)
    expect(rounds.map((round) => round.moves)).toEqual(moves)
  })

  it('that hardly want anything are left to it', () => {
    expect(under([level, crowded, other], 0.05).rounds).toEqual([])
  })
})

describe('limits', () => {
  const vcpus = Array.from({ length: 8 }, () => ({ demand: 0.3, on: 0 }))
  const host = { shape: { cores: 4 }, vcpus }

  it('no plan moves more than it may, and the rest follows at once', () => {
    const { rounds } = settle(host, balance({ maxMoves: 2 }), 30)
    expect(rounds.map(({ moves }) => moves)).toEqual([2, 2, 2])
    expect(rounds.map(({ look }) => look)).toEqual([0, 1, 2])
  })

  it('a vCPU that was moved stays for as long as it has to rest, and goes on afterwards', () => {
    const turnHeavy = (cooldown: number) => {
      const world = new World(
        2,
        [0.3, 0.3, 0.3, 0.3].map((demand) => ({ demand, on: 0 })),
      )
      const policy = balance({ cooldown })
      let state = policy.initialState
      const movedAt: number[] = []
      for (let look = 0; look < 40; look++) {
        const decision = policy.decide(world.look(), state)
        state = decision.state
        if (world.apply(decision.plan) > 0) movedAt.push(look)
        // Those that were moved turn heavy, the others are next to nothing: only a moved one can help.
        if (look === 5) for (const guest of world.guests) guest.demand = guest.on === 1 ? 0.9 : 0.02
      }
      return movedAt
    }
    const [first, second] = turnHeavy(0)
    expect(first).toBe(0)
    expect(second).toBeLessThan(12)
    // 40 s are 20 looks.
    expect(turnHeavy(40_000)[1]).toBeGreaterThanOrEqual(20)
  })

  it.each([
    [{ maxMoves: 0 }, /maxMoves/],
    [{ maxMoves: 1.5 }, /maxMoves/],
    [{ cooldown: -1 }, /cooldown/],
    [{ cooldown: Number.NaN }, /cooldown/],
    [{ sibling: 0 }, /sibling/],
    [{ pin: 'core' as 'cpu' }, /pin/],
    [{ cost: { remote: -1 } }, /cost\.remote/],
    [{ cost: { far: 1 } as object }, /cost\.far/],
  ])('%j is refused', (options, message) => {
    expect(() => balance(options)).toThrow(message)
  })
})
