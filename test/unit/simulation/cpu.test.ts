import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { type Load, type Scenario, scenarios, simulate } from '../../../lib/simulation/index.ts'
import { runs } from '../../support/runs.ts'
import { between } from './spans.ts'

const spin: Load = { kind: 'spin' }
const rounding = 1e-9

const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0)

const load: fc.Arbitrary<Load> = fc.oneof(
  fc.constant<Load>({ kind: 'idle' }),
  fc.constant<Load>(spin),
  fc.record({
    kind: fc.constant('loop' as const),
    work: fc.integer({ min: 1, max: 80 }),
    sleep: fc.integer({ min: 1, max: 80 }),
  }),
  fc.record({ kind: fc.constant('work' as const), work: fc.integer({ min: 1, max: 90 }) }),
)

/** Hosts of up to 6 pCPUs with up to 8 guests of up to 3 vCPUs, pinned or free. */
const scenario: fc.Arbitrary<Scenario> = fc
  .record({
    cores: fc.integer({ min: 1, max: 3 }),
    threads: fc.integer({ min: 1, max: 2 }),
    seed: fc.nat(99),
  })
  .chain(({ cores, threads, seed }) => {
    const pcpus = cores * threads
    const affinity = fc.oneof(
      fc.constant('any'),
      fc.uniqueArray(fc.integer({ min: 0, max: pcpus - 1 }), { minLength: 1 }).map(String),
    )
    const vcpus = fc.array(fc.record({ affinity, load }), { minLength: 1, maxLength: 3 })
    return fc.array(vcpus, { minLength: 1, maxLength: 8 }).map((guests) => ({
      seed,
      pcpus: { cores, threads },
      domains: guests.map((each, i) => ({ name: `guest${i}`, vcpus: each })),
    }))
  })

describe('physical CPUs', () => {
  it('hand out no more than they have, and every task is served or waits', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (given) => {
        const host = simulate(given)
        const sample = await between(host, 700, 3_700)
        const count = host.topology.pcpus.length
        for (const busy of sample.pcpuBusy) expect(busy).toBeLessThanOrEqual(1 + rounding)
        expect(sum(sample.usage)).toBeLessThanOrEqual(sum(sample.pcpuBusy) + rounding)
        for (const [row, usage] of sample.usage.entries()) {
          expect(usage).toBeGreaterThanOrEqual(0)
          expect(sample.delay[row]).toBeGreaterThanOrEqual(0)
          expect(usage + sample.delay[row]!).toBeLessThanOrEqual(1 + rounding)
        }
        const { vcpus } = { vcpus: given.domains.flatMap((domain) => domain.vcpus ?? []) }
        for (let pcpu = 0; pcpu < count; pcpu++) {
          const pinnedHere = [...sample.usage].filter((_, row) => vcpus[row]!.affinity === `${pcpu}`)
          expect(sum(pinnedHere)).toBeLessThanOrEqual(1 + rounding)
        }
      }),
      { numRuns: runs(60) },
    )
  })

  it('keep to affinities', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (given) => {
        const host = simulate(given)
        const vcpus = given.domains.flatMap((domain) => domain.vcpus ?? [])
        for (let time = 500; time <= 1_500; time += 250) {
          await host.clock.sleepUntil(time)
          const sample = await host.sampleCpu()
          for (const [row, pcpu] of sample.pcpu.entries()) {
            const { affinity = 'any' } = vcpus[row]!
            if (affinity !== 'any') expect(CpuSet.parse(affinity).has(pcpu)).toBe(true)
          }
        }
      }),
      { numRuns: runs(30) },
    )
  })

  it('leave nothing undone while one of them is idle', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 0, max: 6 }),
        async (pcpus, more) => {
          const domains = Array.from({ length: pcpus + more }, (_, i) => ({
            name: `g${i}`,
            vcpus: [{ load: spin }],
          }))
          const sample = await between(simulate({ pcpus, domains }), 500, 5_500)
          for (const busy of sample.pcpuBusy) expect(busy).toBeGreaterThan(0.98)
        },
      ),
      { numRuns: runs(20) },
    )
  })

  it('serve by cpu_shares, from when they are set until the restart', async () => {
    const domain = (name: string) => ({ name, vcpus: [{ load: spin, affinity: '0' }] })
    const host = simulate({
      pcpus: 1,
      background: 0,
      domains: [domain('a'), domain('b')],
      changes: [{ at: 40_000, domain: 'a', kind: 'restart' }],
    })
    const { uuid } = await host.domain('a')
    const before = await between(host, 500, 10_500)
    expect(before.usage[0]).toBeCloseTo(0.5, 1)
    await host.setCpuShares(uuid, 3 * 1_024)
    const after = await between(host, 11_000, 31_000)
    expect(after.usage[0]).toBeCloseTo(0.75, 2)
    expect(after.usage[1]).toBeCloseTo(0.25, 2)
    await expect(host.setCpuShares(uuid, 1)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
    await host.clock.sleepUntil(41_000)
    expect(await host.cpuShares(uuid)).toBe(1_024)
  })

  it('serve equals equally, whoever else is pinned there', async () => {
    const equal = Array.from({ length: 5 }, (_, i) => ({
      name: `g${i}`,
      vcpus: [{ affinity: '1', load: spin }],
    }))
    const small = { name: 'small', vcpus: [{ affinity: '1', load: { kind: 'work', work: 10 } as const }] }
    const sample = await between(simulate({ pcpus: 2, domains: [...equal, small] }), 500, 10_500)
    const fair = (1 - 0.1 - 0.02) / 5
    for (const usage of sample.usage.subarray(0, 5)) expect(Math.abs(usage - fair)).toBeLessThan(0.01)
    expect(sample.usage[5]).toBeCloseTo(0.1, 2)
  })

  it('give a load alone what it asks for, without delay', async () => {
    const loads: Load[] = [{ kind: 'loop', work: 5, sleep: 7 }, { kind: 'work', work: 31.3 }, spin]
    for (const each of loads) {
      const host = simulate({ pcpus: 1, background: 0, domains: [{ name: 'g', vcpus: [{ load: each }] }] })
      const sample = await between(host, 1_000, 31_000)
      const { uuid } = sample.domains[0]!
      expect(Math.abs(sample.usage[0]! - host.truth(uuid)!.demand[0]!)).toBeLessThan(0.01)
      expect(sample.delay[0]).toBeLessThan(rounding)
    }
  })

  it('show no two seconds of a real load that are quite the same', async () => {
    const host = simulate({
      pcpus: 1,
      background: 0,
      domains: [{ name: 'g', vcpus: [{ load: { kind: 'loop', work: 40, sleep: 60 } }] }],
    })
    const seen = new Set<number>()
    for (let time = 0; time < 20_000; time += 1_000) {
      seen.add(Math.round((await between(host, time, time + 1_000)).usage[0]! * 1_000))
    }
    expect(seen.size).toBeGreaterThan(10)
  })

  it('show no more than 3 % of an idle guest', async () => {
    const host = simulate(scenarios.A6())
    await host.clock.sleepUntil(1_000)
    await host.sampleCpu()
    const seen: number[] = []
    for (let time = 2_000; time <= 30_000; time += 1_000) {
      await host.clock.sleepUntil(time)
      seen.push(...(await host.sampleCpu()).usage)
    }
    expect(Math.max(...seen)).toBeLessThanOrEqual(0.031)
    expect(Math.max(...seen) - Math.min(...seen)).toBeGreaterThan(0.02)
  })

  it('do less work with both threads of a core busy', async () => {
    const work: Load = { kind: 'work', work: 70 }
    const host = (second: string) =>
      simulate({
        pcpus: { cores: 2, threads: 2 },
        domains: [
          { name: 'a', vcpus: [{ affinity: '0', load: work }] },
          { name: 'b', vcpus: [{ affinity: second, load: spin }] },
        ],
      })
    const onOneCore = await between(host('2'), 3_000, 13_000)
    const onTwoCores = await between(host('1'), 3_000, 13_000)
    expect(onTwoCores.usage[0]).toBeCloseTo(0.7, 1)
    expect(onOneCore.usage[0]).toBeGreaterThan(0.95)
  })

  it('spread free vCPUs over idle cores first, and over all', async () => {
    for (let seed = 1; seed <= 8; seed++) {
      const domains = Array.from({ length: 2 }, (_, i) => ({ name: `g${i}` }))
      const [a, b] = (await simulate({ seed, pcpus: { cores: 2, threads: 2 }, domains }).sampleCpu()).pcpu
      expect(a! % 2).not.toBe(b! % 2)
    }

    // Threads 0+3, 1+4 and 2+5 of three cores; the last core is the idle one.
    let [onIdleCore, looks] = [0, 0]
    for (let seed = 1; seed <= 8; seed++) {
      const host = simulate({
        seed,
        background: 0,
        pcpus: { cores: 3, threads: 2 },
        domains: [
          { name: 'a', vcpus: [{ affinity: '1', load: spin }] },
          { name: 'b', vcpus: [{ affinity: '3', load: spin }] },
          { name: 'free', vcpus: [{ affinity: '3', load: { kind: 'loop', work: 1, sleep: 50 } }] },
        ],
      })
      await host.clock.sleepUntil(1_000)
      await (await host.domain('free')).pinVcpu(0, host.topology.online)
      for (let time = 2_000; time <= 6_000; time += 500) {
        await host.clock.sleepUntil(time)
        if ((await host.sampleCpu()).pcpu[2]! % 3 === 2) onIdleCore++
        looks++
      }
    }
    expect(onIdleCore / looks).toBeGreaterThan(0.8)

    const many = Array.from({ length: 8 }, (_, i) => ({ name: `g${i}`, vcpus: [{ load: spin }] }))
    const sample = await between(simulate({ pcpus: 4, domains: many }), 1_000, 21_000)
    for (const usage of sample.usage) expect(Math.abs(usage - 0.49)).toBeLessThan(0.06)
  })

  it('follow a pin at once, and even out what was freed', async () => {
    const domains = Array.from({ length: 6 }, (_, i) => ({
      name: `g${i}`,
      vcpus: [{ affinity: '0', load: spin }],
    }))
    const there = { name: 'there', vcpus: [{ affinity: '1', load: spin }] }
    const host = simulate({ pcpus: 2, domains: [...domains, there] })
    await host.clock.sleepUntil(1_000)
    const guests = await host.domains()
    await guests[0]!.pinVcpu(0, CpuSet.of(1))
    expect((await host.sampleCpu()).pcpu[0]).toBe(1)
    const moved = await between(host, 1_000, 2_000)
    expect(moved.pcpu[0]).toBe(1)
    for (const row of [0, 6]) expect(moved.usage[row]).toBeCloseTo(0.49, 1)

    for (const guest of guests) await guest.pinVcpu(0, host.topology.online)
    const freed = await between(host, 4_000, 34_000)
    for (const usage of freed.usage) expect(Math.abs(usage - 1.96 / 7)).toBeLessThan(0.06)
  })

  it('keep a second of an open load that was not served, and no more', async () => {
    const host = simulate({
      pcpus: 1,
      background: 0,
      domains: [
        { name: 'open', vcpus: [{ load: { kind: 'work', work: 50 } }] },
        { name: 'other', vcpus: [{ load: { kind: 'idle' } }] },
        ...Array.from({ length: 9 }, (_, i) => ({ name: `g${i}`, vcpus: [{ load: spin }] })),
      ],
      changes: Array.from({ length: 9 }, (_, i) => ({ at: 20_000, domain: `g${i}`, kind: 'stop' as const })),
    })
    const squeezed = await between(host, 5_000, 20_000)
    expect(squeezed.usage[0]).toBeLessThan(0.12)
    await host.clock.sleepUntil(22_000)
    const after = await host.sampleCpu()
    // 500 ms were left over, and twice 500 ms are asked for in 2 s.
    expect(after.usage[0]! * 2_000).toBeGreaterThan(1_400)
    expect(after.usage[0]! * 2_000).toBeLessThan(1_600)
    await host.clock.sleepUntil(30_000)
    expect((await host.sampleCpu()).usage[0]).toBeCloseTo(0.5, 1)
  })
})

describe('the same seed', () => {
  const run = async (given: Scenario) => {
    const host = simulate(given)
    const samples: unknown[] = []
    for (let time = 1_000; time <= 8_000; time += 1_000) {
      await host.clock.sleepUntil(time)
      if (time === 3_000) await host.pinVcpu((await host.domain('guest2')).uuid, 0, CpuSet.of(1))
      samples.push(await host.sampleCpu(), await host.sampleMemory())
    }
    return samples
  }

  it('gives the same samples, and another one others', async () => {
    const first = await run(scenarios.A5({ seed: 7 }))
    expect(await run(scenarios.A5({ seed: 7 }))).toEqual(first)
    expect(await run(scenarios.A5({ seed: 8 }))).not.toEqual(first)
  })

  it('gives the same however time is cut up', async () => {
    const [coarse, fine] = [simulate(scenarios.A4()), simulate(scenarios.A4())]
    for (let time = 137; time < 10_000; time += 137) await fine.clock.sleepUntil(time)
    for (const host of [coarse, fine]) await host.clock.sleepUntil(10_000)
    for (const host of [coarse, fine]) await host.sampleCpu()
    const [a, b] = [await between(coarse, 10_000, 11_000), await between(fine, 10_000, 11_000)]
    expect(b.usage).toEqual(a.usage)
    expect(b.pcpu).toEqual(a.pcpu)
  })
})

describe("the host's own work", () => {
  it('takes what it is said to take of each pCPU, and what a change says from then on', async () => {
    const changes = [{ at: 20_000, kind: 'background', pcpu: 1, part: 0.3 } as const]
    const host = simulate({ pcpus: 3, background: [0, 0.1, 0.4], domains: [], changes })
    expect(host.background).toEqual([0, 0.1, 0.4])
    const before = [...(await between(host, 0, 20_000)).pcpuBusy]
    for (const [pcpu, part] of [0, 0.1, 0.4].entries()) expect(before[pcpu]).toBeCloseTo(part, 1)
    const after = [...(await between(host, 21_000, 41_000)).pcpuBusy]
    for (const [pcpu, part] of [0, 0.3, 0.4].entries()) expect(after[pcpu]).toBeCloseTo(part, 1)
    expect(host.background).toEqual([0, 0.3, 0.4])
  })
})
