import { describe, expect, it } from 'vitest'
import { autopilot } from '../../../lib/control/autopilot.ts'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { sentenceOf } from '../../../lib/policy/reason.ts'
import { fair } from '../../../lib/schedulers/fair.ts'
import { simulate } from '../../../lib/simulation/index.ts'
import { served } from '../../../lib/util/max-min-share.ts'
import { defaultSettings } from '../../../lib/view/domain-settings.ts'
import type { DomainView, View } from '../../../lib/view/view.ts'
import { gaussian, run, seeded, World } from './world.ts'

/** The same View with these shares, by guest. */
function withShares(view: View, shares: readonly number[]): View {
  const domains = view.domains.map((domain, i): DomainView => {
    const vcpus: DomainView['vcpus'][number][] = []
    const own = { ...domain, settings: { ...defaultSettings, shares: shares[i]! }, vcpus }
    for (const vcpu of domain.vcpus) vcpus.push({ ...vcpu, domain: own })
    return own
  })
  return { ...view, domains, vcpus: domains.flatMap(({ vcpus }) => vcpus) }
}

/** Lets it run to rest; returns how many rounds it took and what each guest then gets. */
function settle(world: World, shares: readonly number[], looks = 60) {
  const policy = fair()
  let state = policy.initialState
  let rounds = 0
  for (let look = 0; look < looks; look++) {
    const decision = policy.decide(withShares(world.look(), shares), state)
    state = decision.state
    if (decision.plan.length > 0) rounds++
    world.apply(decision.plan)
  }
  const asked = world.loads()
  return { rounds, gets: world.guests.map(({ on, demand }) => demand / Math.max(1, asked[on]!)) }
}

const busy = (count: number, on = 0) => Array.from({ length: count }, () => ({ demand: 1, on }))

describe('fair', () => {
  it('spreads equal guests evenly, once', () => {
    const { rounds, gets } = settle(new World(4, busy(8)), Array(8).fill(1024))
    expect(rounds).toBe(1)
    expect(gets).toEqual(Array(8).fill(0.5))
  })

  it('gives one with many shares a pCPU of its own, and crowds the others', () => {
    const { rounds, gets } = settle(new World(2, busy(4)), [3072, 1024, 1024, 1024])
    expect(gets[0]).toBe(1)
    expect(gets.slice(1).map((part) => part.toFixed(2))).toEqual(['0.33', '0.33', '0.33'])
    expect(rounds).toBeLessThanOrEqual(2)
  })

  it('sets cpu_shares in proportion where no move helps, once, and on the scale that is there', () => {
    for (const usual of [100, 1024]) {
      const world = new World(
        1,
        busy(3).map((guest) => ({ ...guest, cpuShares: usual })),
      )
      const policy = fair()
      let state = policy.initialState
      const plans = []
      for (let look = 0; look < 40; look++) {
        const decision = policy.decide(withShares(world.look(), [3072, 1024, 1024]), state)
        state = decision.state
        world.apply(decision.plan)
        if (decision.plan.length > 0) plans.push(decision.plan)
      }
      expect(plans.map((plan) => plan.length)).toEqual([1])
      expect(plans[0]![0]).toMatchObject({ kind: 'setShares', domain: 'guest0', shares: 3 * usual })
      expect(sentenceOf(plans[0]![0]!.reason)).toBe(
        `has 3072 shares and is served 55.6 % of its due, 100.0 % with ${3 * usual} cpu_shares; no move helps`,
      )
      expect(world.guests.map(({ cpuShares }) => cpuShares)).toEqual([3 * usual, usual, usual])
    }
  })

  it('moves first, and leaves cpu_shares alone where moves are enough, or where they are not known', () => {
    const enough = new World(
      2,
      busy(4).map((guest) => ({ ...guest, cpuShares: 100 })),
    )
    const { gets } = settle(enough, [3072, 1024, 1024, 1024])
    expect(gets[0]).toBe(1)
    expect(enough.guests.every(({ cpuShares }) => cpuShares === 100)).toBe(true)

    const unknown = new World(
      1,
      busy(2).map((guest, i) => ({ ...guest, ...(i === 0 ? { cpuShares: 100 } : {}) })),
    )
    expect(settle(unknown, [3072, 1024]).rounds).toBe(0)
  })

  it('levels two guests on one simulated pCPU by their shares, and then rests', async () => {
    const domain = (name: string) => ({ name, vcpus: [{ load: { kind: 'spin' as const }, affinity: '0' }] })
    const host = simulate({ pcpus: 1, background: 0, domains: [domain('much'), domain('little')] })
    const options = {
      interval: 1_000,
      ticks: 60,
      scheduler: fair(),
      domainRules: { much: { shares: 3072 } },
    }
    const done = []
    let usage: (number | undefined)[] = []
    for await (const tick of autopilot(host, options)) {
      expect(tick.errors).toEqual([])
      done.push(...tick.outcomes.map(({ action, status }) => `${status} ${action.kind} ${action.domain}`))
      usage = tick.view.vcpus.map((vcpu) => vcpu.usage)
    }
    expect(done).toEqual(['applied setShares much'])
    expect(usage[0]).toBeCloseTo(0.75, 1)
    expect(usage[1]).toBeCloseTo(0.25, 1)
  })

  it('rests where placement can do no more, and where all get what they want', () => {
    expect(run(new World(1, busy(2)), fair(), 40)).toEqual([])
    const light = Array.from({ length: 4 }, () => ({ demand: 0.2, on: 0 }))
    expect(run(new World(4, light), fair(), 40)).toEqual([])
    expect(
      run(
        new World(
          4,
          busy(5).map((guest, i) => ({ ...guest, on: i % 4 })),
        ),
        fair(),
        40,
      ),
    ).toEqual([])
  })

  it('helps others when the worst served cannot be helped', () => {
    const world = new World(3, [...busy(3, 0), ...busy(2, 1)])
    const policy = fair()
    let state = policy.initialState
    for (let look = 0; look < 20; look++) {
      const view = world.look()
      const vcpus = view.vcpus.map((vcpu, i) => (i < 3 ? { ...vcpu, allowed: CpuSet.of(0) } : vcpu))
      const decision = policy.decide({ ...view, vcpus }, state)
      state = decision.state
      world.apply(decision.plan)
    }
    expect(world.guests.map(({ on }) => on)).toEqual([0, 0, 0, ...world.guests.slice(3).map(({ on }) => on)])
    expect(new Set(world.guests.slice(3).map(({ on }) => on))).toEqual(new Set([1, 2]))
  })

  it('comes to rest under noise', () => {
    const noise = gaussian(seeded(5))
    const world = new World(
      4,
      Array.from({ length: 10 }, (_, i) => ({ demand: 0.3 + 0.05 * i, on: i % 2 })),
    )
    const rounds = run(world, fair(), 400, (demand) => demand * (1 + 0.05 * noise()))
    expect(rounds.length).toBeGreaterThan(0)
    expect(rounds.length).toBeLessThanOrEqual(4)
    expect(rounds.every(({ look }) => look < 200)).toBe(true)
  })

  it('tells what each is due and gets', () => {
    const policy = fair()
    const view = withShares(new World(2, busy(4)).look(), [3072, 1024, 1024, 1024])
    const { plan } = policy.decide(view, policy.decide(view, policy.initialState).state)
    expect(sentenceOf(plan[0]!.reason)).toMatch(
      /^wants 100\.0 %, is due \d+\.\d % by \d+ shares, goes to pCPU 1 and gets \d+\.\d % there$/,
    )
  })

  it('refuses a tolerance that is none', () => {
    expect(() => fair({ tolerance: 0 })).toThrow('`tolerance`')
  })
})

describe('what each is served', () => {
  it('is in proportion to the weights, and no more than it wants', () => {
    const wishes = [
      { wanted: 1, weight: 3 },
      { wanted: 1, weight: 1 },
      { wanted: 0.1, weight: 1 },
    ]
    expect([...served(wishes, 1)].map((part) => part.toFixed(3))).toEqual(['0.675', '0.225', '0.100'])
    expect([...served(wishes, 5)]).toEqual([1, 1, 0.1])
    expect([...served(wishes, -1)]).toEqual([0, 0, 0])
    expect([...served([], 1)]).toEqual([])
  })
})
