import { expect, it } from 'vitest'
import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { type Change, type Load, simulate } from '../../../../lib/simulation/index.ts'
import { Observer } from '../../../../lib/view/observer.ts'
import type { VcpuView } from '../../../../lib/view/view.ts'

const spin: Load = { kind: 'spin' }
const closed = (percent: number): Load => ({ kind: 'loop', work: percent / 10, sleep: 10 - percent / 10 })
const open = (percent: number): Load => ({ kind: 'work', work: percent })

/** What is looked at, and its demand: what it uses alone, in percent of a pCPU. */
const loads: readonly (readonly [name: string, load: Load, alone: number])[] = [
  ['open loop, 17 %', open(16.7), 16.7],
  ['open loop, 31 %', open(31.3), 31.3],
  ['open loop, 50 %', open(50), 50],
  ['closed loop, 17 %', closed(17), 17],
  ['closed loop, 42 %', closed(42), 42],
  ['closed loop, 76 %', closed(76), 76],
  ['closed loop, 40 ms of 100', { kind: 'loop', work: 40, sleep: 60 }, 40],
  ['spinning', spin, 100],
  ['idle', { kind: 'idle' }, 1.5],
]
const crowds: readonly (readonly [name: string, crowd: readonly Load[]])[] = [
  ['two of 76 %', [closed(76), closed(76)]],
  ['one that spins', [spin]],
  ['three that spin', [spin, spin, spin]],
  ['open loops of 150 %', [open(50), open(40), open(60)]],
]
const samples = 10
/** Points of a pCPU. */
const mostError = 10

class Watch {
  readonly host
  readonly #observer
  readonly #interval: number

  constructor(load: Load, crowd: readonly Load[], interval: number, changes: readonly Change[] = []) {
    this.#interval = interval
    this.host = simulate({
      pcpus: 2,
      domains: [load, ...crowd].map((load, i) => ({ name: `guest${i}`, vcpus: [{ affinity: '0', load }] })),
      changes,
    })
    this.#observer = new Observer(this.host.topology, { hostMemoryReserve: 0, domainOverhead: 0 })
  }

  /** What is known of the first guest after so many samples. */
  async after(count: number): Promise<VcpuView> {
    for (let i = 1; ; i++) {
      const { clock } = this.host
      await clock.sleepUntil(clock.now() + this.#interval)
      const cpu = await this.host.sampleCpu()
      const view = this.#observer.observe({ cpu, memory: undefined, targets: new Map() })
      if (i === count) return view.vcpus[0]!
    }
  }

  async moveTo(pcpu: number): Promise<void> {
    const guest = await this.host.domain('guest0')
    await guest.pinVcpu(0, CpuSet.of(pcpu))
  }
}

const percent = (fraction: number) => `${(100 * fraction).toFixed(1)} %`.padStart(8)

it.each([1_000, 2_000])(
  'is known within 10 points after one change of contention, at %i ms',
  async (interval) => {
    const lines = []
    const far = []
    for (const [crowdName, crowd] of crowds) {
      for (const [name, load, alone] of loads) {
        const watch = new Watch(load, crowd, interval)
        const crowded = await watch.after(samples)
        await watch.moveTo(1)
        const moved = await watch.after(samples)
        await watch.moveTo(0)
        const back = await watch.after(samples)
        const errors = [crowded, moved, back].map(({ demand }) => 100 * demand! - alone)
        const line = [
          `${name}, beside ${crowdName}`.padEnd(48),
          `u${percent(back.usage!)}  d${percent(back.delay!)}`,
          ...errors.map((error) => error.toFixed(1).padStart(6)),
        ].join('  ')
        lines.push(line)
        const isInside = [crowded, moved, back].every(
          ({ demandRange }) =>
            demandRange!.low < alone / 100 + 0.03 && demandRange!.high > alone / 100 - 0.03,
        )
        if (!isInside || errors.slice(1).some((error) => Math.abs(error) > mostError)) far.push(line)
      }
    }
    console.log(`errors in points: at first, then moved to a pCPU of its own, then back\n${lines.join('\n')}`)
    expect(far).toEqual([])
  },
)

it('is known as well when it is the others who come and go', async () => {
  const idle: Load = { kind: 'idle' }
  for (const [name, load, alone] of loads) {
    const become = (at: number, load: Load): Change[] =>
      [1, 2, 3].map((i) => ({ at, domain: `guest${i}`, kind: 'load', load }))
    const changes = [...become(20_000, spin), ...become(40_000, idle), ...become(60_000, spin)]
    const watch = new Watch(load, [idle, idle, idle], 2_000, changes)
    for (const count of [10, 10, 10, 10]) {
      const { demand } = await watch.after(count)
      expect.soft(Math.abs(100 * demand! - alone), name).toBeLessThan(mostError)
    }
  }
})

it('does not take a guest that has less to do at times for an open loop', async () => {
  const light = closed(22)
  const changes: Change[] = [20_000, 40_000, 60_000].map((at, i) => {
    return { at, domain: 'guest0', kind: 'load', load: i % 2 === 0 ? light : spin }
  })
  const watch = new Watch(spin, [spin, spin, spin], 2_000, changes)
  const demands = []
  for (const count of [10, 10, 10, 10]) demands.push((await watch.after(count)).demand!)
  console.log(`spins, 22 %, spins, 22 %: ${demands.map(percent).join('')}`)
  expect(demands[2]).toBeCloseTo(1, 1)
  expect(demands[1]).toBeCloseTo(0.22, 1)
  expect(demands[3]).toBeCloseTo(0.22, 1)
})

it('follows a guest that changes within three samples, crowded or not', async () => {
  const kinds = loads.filter(([name]) => !name.startsWith('open'))
  for (const crowd of [[], [closed(76), closed(76)], [spin, spin, spin]]) {
    for (const [from, before] of kinds) {
      for (const [to, after, alone] of kinds) {
        const changes: Change[] = [{ at: 20_500, domain: 'guest0', kind: 'load', load: after }]
        const watch = new Watch(before, crowd, 2_000, changes)
        await watch.after(10)
        const { demand } = await watch.after(3)
        const what = `${from} to ${to}, beside ${crowd.length}`
        expect.soft(Math.abs(100 * demand! - alone), what).toBeLessThan(mostError)
      }
    }
  }
})
