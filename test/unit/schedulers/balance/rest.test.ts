import { describe, expect, it } from 'vitest'
import { balance } from '../../../../lib/schedulers/balance.ts'
import { gaussian, run, seeded, World } from '../world.ts'
import { settle } from './views.ts'

describe('constant demand with noise', () => {
  const looks = 250
  it.each([
    ['that can be balanced', 8, 4, (uniform: () => number) => 0.1 + 0.15 * uniform()],
    ['that hardly can', 6, 4, (uniform: () => number) => 0.2 + 0.5 * uniform()],
    ['that cannot: five equal', 5, 4, () => 0.8],
    ['that cannot: seven of two sizes', 7, 3, (uniform: () => number) => (uniform() < 0.5 ? 0.3 : 0.7)],
  ])('%s: one round of moves at most, and then none', (_, count, pcpus, demand) => {
    let moved = 0
    for (let seed = 1; seed <= 25; seed++) {
      const uniform = seeded(seed)
      const normal = gaussian(uniform)
      const guests = Array.from({ length: count }, () => {
        return { demand: demand(uniform), on: Math.floor(pcpus * uniform() ** 2) }
      })
      const rounds = run(new World(pcpus, guests), balance(), looks, (wanted) => wanted + 0.02 * normal())
      expect(rounds.length, `seed ${seed}: ${JSON.stringify(rounds)}`).toBeLessThanOrEqual(1)
      moved += rounds.length
    }
    expect(moved).toBeGreaterThan(5)
  })
})

describe('limits', () => {
  const vcpus = Array.from({ length: 8 }, () => ({ demand: 0.3, on: 0 }))
  const host = { shape: { cores: 4 }, vcpus }

  it('no plan moves more than it may, and the rest follows at once', () => {
    const { rounds } = settle(host, balance({ maxMoves: 2 }), 30)
    expect(rounds.map(({ moves }) => moves)).toEqual([2, 2, 2])
    expect(rounds.map(({ look }) => look)).toEqual([1, 2, 3])
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
    expect(first).toBe(1)
    expect(second).toBeLessThan(12)
    // 40 s are 20 looks.
    expect(turnHeavy(40_000)[1]).toBeGreaterThanOrEqual(21)
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
