import { describe, expect, it } from 'vitest'
import {
  ballooning,
  type Load,
  MiB,
  type Scenario,
  scenarios,
  schedulers,
  simulate,
} from '../../../lib/index.ts'
import type { FittedRecording } from '../../../lib/whatif/fit.ts'
import { fitRecording } from '../../../lib/whatif/fit.ts'
import { missOf } from '../../../lib/whatif/miss.ts'
import { type Pilot, play } from '../../../lib/whatif/play.ts'
import { whatIf } from '../../../lib/whatif/what-if.ts'
import { parsed, recorded } from '../../unit/recording/recorded.ts'
import { fitted, measured } from './recorded.ts'

const watched = { interval: 2_000 }
const reserve = { hostMemoryReserve: 512 * MiB }
/** What an answer may be off: moves, points of a pCPU, part of a size. */
const limits = { moves: 1, points: 0.05, size: 0.05 }

async function answer({ load }: FittedRecording, pilot: Pilot) {
  return (await play(load, pilot)).figures
}

describe('the load of a recording, played', () => {
  it.each<[string, Scenario]>([
    ['A1', scenarios.A1()],
    ['A2', scenarios.A2()],
    ['A7', scenarios.A7()],
  ])('under the policies that were recorded comes to what was measured: %s', async (_, scenario) => {
    const options = { ...watched, scheduler: schedulers.balance() }
    const recording = await fitted(scenario, options, 20)
    const miss = missOf(await answer(recording, options), recording.figures.record())
    expect(Math.abs(miss.moves)).toBeLessThanOrEqual(limits.moves)
    for (const off of [miss.deviation, miss.worstDelay, miss.usage, miss.delay]) {
      expect(Math.abs(off)).toBeLessThan(limits.points)
    }
  })

  it.each([
    ['balance', () => schedulers.balance()],
    ['lpt', () => schedulers.lpt()],
    ['one-move', () => schedulers.oneMove()],
  ] as const)(
    'under %s comes to what that makes of the same guests, when nothing was done then',
    async (_, policy) => {
      const scenario = scenarios.A1()
      const recording = await fitted(scenario, watched, 20)
      const truth = await measured(scenario, { ...watched, scheduler: policy() }, 20)
      const miss = missOf(await answer(recording, { ...watched, scheduler: policy() }), truth)
      expect(Math.abs(miss.moves)).toBeLessThanOrEqual(limits.moves)
      for (const off of [miss.deviation, miss.worstDelay]) expect(Math.abs(off)).toBeLessThan(limits.points)
    },
  )

  it('has guests grow as they did, so that another ballooning policy sizes them as it would have', async () => {
    const scenario = scenarios.M4()
    const options = { ...watched, ...reserve, ballooning: ballooning.shares() }
    const recording = await fitted(scenario, options, 40)
    const asked = { ...options, ballooning: ballooning.watermark() }
    const truth = await measured(scenario, asked, 40)
    expect(missOf(await answer(recording, options), recording.figures.record()).largestSize).toBeLessThan(
      limits.size,
    )
    expect(missOf(await answer(recording, asked), truth).largestSize).toBeLessThan(limits.size)
  })

  it('has guests keep what theirs kept, and the host as much less as other programs came to hold', async () => {
    const growing = scenarios.M1()
    const scenario: Scenario = {
      ...growing,
      domains: growing.domains.map((one) => ({ ...one, memory: { ...one.memory, reserve: 70 * MiB } })),
      changes: [...growing.changes!, { at: 20_000, kind: 'hostPrograms', bytes: 1_024 * MiB }],
    }
    const options = { ...watched, ...reserve, ballooning: ballooning.shares() }
    const recording = await fitted(scenario, options, 40)
    const asked = { ...options, ballooning: ballooning.watermark() }
    const truth = await measured(scenario, asked, 40)
    expect(missOf(await answer(recording, asked), truth).largestSize).toBeLessThan(limits.size)
  })

  it('has all of the memory of a host that does not report what is available', async () => {
    const { lines } = await recorded(simulate(scenarios.M1()), watched, 10)
    const silent = lines.map((line) => line.replace(/("host":\{[^}]*"available":)[^,}]+/, '$1null'))
    expect(silent).not.toEqual(lines)
    const { load } = await fitRecording(parsed(silent))
    expect(load.scenario.memory).toBe(load.hostMemory)
  })
})

describe('a fitted load', () => {
  const pinned = (name: string, pcpu: number) => ({
    name,
    vcpus: [{ affinity: String(pcpu), load: { kind: 'loop', work: 5, sleep: 7 } as const }],
  })

  it('has guests that come and go, quotas, pauses and pins of other programs when they were', async () => {
    const scenario: Scenario = {
      pcpus: 4,
      domains: [
        { ...pinned('stays', 0), cpuQuota: { vcpu: 0.25 } },
        pinned('goes', 1),
        { ...pinned('comes', 2), running: false },
        pinned('pauses', 3),
      ],
      changes: [
        { at: 9_000, domain: 'goes', kind: 'leave' },
        { at: 11_000, domain: 'comes', kind: 'arrive' },
        { at: 13_000, domain: 'pauses', kind: 'pause' },
        { at: 17_000, domain: 'pauses', kind: 'resume' },
        { at: 15_000, domain: 'stays', kind: 'pin', vcpu: 0, affinity: '2-3' },
        { at: 5_000, kind: 'background', pcpu: 1, part: 0.5 },
      ],
    }
    const { load } = await fitted(scenario, watched, 14)
    const { changes = [], domains } = load.scenario
    expect(domains[0]?.cpuQuota).toEqual({ vcpu: 0.25 })
    const what = changes
      .filter(({ kind }) => kind !== 'load' && kind !== 'program')
      .map(({ at, kind, ...rest }) => [kind, 'domain' in rest ? rest.domain : rest, at - load.lead])
    // Each is seen at the tick after it, and happened somewhere in between.
    expect(what).toContainEqual(['leave', 'goes', 9_000])
    expect(what).toContainEqual(['arrive', 'comes', 11_000])
    expect(what).toContainEqual(['pause', 'pauses', 13_000])
    expect(what).toContainEqual(['resume', 'pauses', 17_000])
    expect(changes).toContainEqual(expect.objectContaining({ kind: 'pin', domain: 'stays', affinity: '2-3' }))
    expect(changes).toContainEqual(expect.objectContaining({ kind: 'background', pcpu: 1 }))
    expect(() => simulate(load.scenario)).not.toThrow()
  })

  it('changes what a vCPU wants at the beginning of the interval in which it was seen to', async () => {
    const { load } = await fitted(scenarios.A7(), watched, 14)
    const heavier = (load.scenario.changes ?? []).flatMap((change) =>
      change.kind === 'load' && change.load.kind === 'loop' && change.load.work > 3 ? [change] : [],
    )
    expect(heavier.map(({ domain, at }) => [domain, at - load.lead])).toEqual(
      ['guest1', 'guest2', 'guest3', 'guest4'].map((name) => [name, 20_000]),
    )
  })

  it.each([2, 60])(
    'has vCPUs wait as long as they did, with pieces of work of %i ms as well',
    async (period) => {
      const domains = [0.4, 0.4, 0.2, 0.2, 0.5].map((part, guest) => ({
        name: `guest${guest}`,
        vcpus: [
          { affinity: '0', load: { kind: 'loop', work: part * period, sleep: (1 - part) * period } as const },
        ],
      }))
      const recording = await fitted({ pcpus: 2, domains }, watched, 12)
      const miss = missOf(await answer(recording, watched), recording.figures.record())
      expect(miss.delay).toBeLessThan(0.02)
      expect(miss.usage).toBeLessThan(0.01)
    },
  )

  it('has a balloon that never moved when it was asked refuse, and the cpuset of all guests', async () => {
    const memory = { maximum: 1_024 * MiB, program: { size: 200 * MiB } }
    const scenario: Scenario = {
      pcpus: 4,
      memory: 3_072 * MiB,
      cpuset: '0-1',
      domains: [
        { name: 'refuses', memory: { ...memory, balloon: 'refuses' } },
        { name: 'works', memory },
        { name: 'too', memory },
      ],
      changes: [{ at: 9_000, kind: 'cpuset', cpus: '0-2' }],
    }
    const { load } = await fitted(scenario, { ...watched, ...reserve, ballooning: ballooning.shares() }, 16)
    const { domains, cpuset, changes = [] } = load.scenario
    expect(domains.map((domain) => domain.memory?.balloon)).toEqual(['refuses', undefined, undefined])
    expect(cpuset).toBe('0-1')
    const later = changes.filter(({ kind }) => kind === 'cpuset' || kind === 'pin')
    expect(later.filter(({ at }) => at > load.lead)).toEqual([
      { at: load.lead + 9_000, kind: 'cpuset', cpus: '0-2' },
    ])
  })

  it('has loops want as much on a slow pCPU, and beside a busy sibling, as on one of their own', async () => {
    const loop = { kind: 'loop', work: 3, sleep: 17 } as const
    const on = (affinity: string, load: Load = loop) => ({
      name: `on ${affinity}`,
      vcpus: [{ affinity, load }],
    })
    const partOf = async (scenario: Scenario, name: string) => {
      const { load } = await fitted({ ...scenario, background: 0 }, watched, 8)
      const own = load.scenario.domains.find((domain) => domain.name === name)?.vcpus?.[0]?.load
      return own?.kind === 'loop' ? own.work / (own.work + own.sleep) : Number.NaN
    }
    const slow = { pcpus: { cores: 2, capacities: [1, 0.5] }, domains: [on('0'), on('1')] }
    expect(await partOf(slow, 'on 1')).toBeCloseTo(0.15, 2)
    expect(await partOf(slow, 'on 0')).toBeCloseTo(0.15, 2)
    const threads = { pcpus: { cores: 1, threads: 2 }, domains: [on('0'), on('1', { kind: 'spin' })] }
    expect(await partOf(threads, 'on 0')).toBeCloseTo(0.15, 2)
  })

  it('follows pCPUs that go offline', async () => {
    const scenario: Scenario = {
      pcpus: 4,
      offline: '3',
      domains: [pinned('one', 0)],
      changes: [
        { at: 5_000, kind: 'online', pcpu: 3 },
        { at: 9_000, kind: 'offline', pcpu: 1 },
      ],
    }
    const { load } = await fitted(scenario, watched, 8)
    const { offline, changes = [] } = load.scenario
    expect(offline).toBe('3')
    expect(
      changes.filter(({ kind }) => kind.endsWith('line')).map(({ kind, at }) => [kind, at - load.lead]),
    ).toEqual([
      ['online', 5_000],
      ['offline', 9_000],
    ])
  })

  it('says of whom it cannot know what they would have used', async () => {
    const { load } = await fitted(scenarios.M1(), { ...watched, ballooning: () => [] }, 20)
    expect(load.notes).toEqual([expect.stringMatching(/^a program was killed .+: guest1$/)])
  })

  it('takes the part that is asked for, and needs three ticks', async () => {
    const epoch = Date.UTC(2026, 0, 1)
    const { lines } = await recorded(simulate(scenarios.A1()), watched, 12)
    const { load } = await fitRecording(parsed(lines), { from: epoch + 10_000, to: epoch + 18_000 })
    expect(load.ticks).toBe(5)
    await expect(fitRecording(parsed(lines), { from: epoch + 22_000 })).rejects.toMatchObject({
      code: 'ERR_RECORDING',
      message: expect.stringContaining('There are 1 ticks'),
    })
  })
})

describe('what-if', () => {
  it('puts policies beside each other, with what each gives away of what there was to gain', async () => {
    const { load } = await fitted(scenarios.A1(), watched, 20)
    const seen: number[] = []
    const asked = [
      { name: 'balance', pilot: { ...watched, scheduler: schedulers.balance() } },
      { name: 'one-move', pilot: { ...watched, scheduler: schedulers.oneMove() } },
    ]
    const { answers, none, speed } = await whatIf(load, asked, {
      progress: (done, total) => seen.push(done / total),
    })
    const [balance, oneMove] = answers
    expect(answers.map(({ name }) => name)).toEqual(['balance', 'one-move'])
    expect(none.figures.moves).toBe(0)
    expect(balance!.regret.cpu).toBeGreaterThan(0)
    expect(balance!.regret.cpu).toBeLessThan(oneMove!.regret.cpu!)
    expect(oneMove!.regret.cpu).toBeLessThan(1)
    expect(balance!.regret.memory).toBeUndefined()
    expect(seen.at(-1)).toBe(1)
    expect(seen).toEqual(seen.toSorted((a, b) => a - b))
    expect(speed).toBeGreaterThan(0)
  })

  it('ends when it is told to', async () => {
    const { load } = await fitted(scenarios.A1(), watched, 6)
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(whatIf(load, [], { signal })).rejects.toThrow('enough')
  })
})
