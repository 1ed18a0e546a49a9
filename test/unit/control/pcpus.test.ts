import { describe, expect, it } from 'vitest'
import { autopilot } from '../../../lib/control/autopilot.ts'
import { memoryJournal } from '../../../lib/control/journal/journal.ts'
import { RefusedCpus } from '../../../lib/control/ledger/refused-cpus.ts'
import { restore } from '../../../lib/control/restore/restore.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import type { Host } from '../../../lib/host/host.ts'
import type { DomainIdentity } from '../../../lib/host/sample.ts'
import { isMove } from '../../../lib/policy/plan.ts'
import { balance } from '../../../lib/schedulers/index.ts'
import { type Change, type Scenario, simulate } from '../../../lib/simulation/index.ts'
import { placeOf } from '../../../lib/view/cpu/placement.ts'

const interval = 1_000

/** One run of the controller on a simulated host, of which each pin is counted. */
class Run {
  readonly host: Host
  readonly journal = memoryJournal()
  readonly ticks: Tick[] = []
  /** Pins that the host was asked for, and those of them that it refused: `g0 0 3`. */
  readonly asked: string[] = []
  readonly refused: string[] = []
  readonly #options: { readonly respectPins?: boolean }

  /** Guests that spin, pinned as told, on four pCPUs. */
  constructor(
    affinities: readonly string[],
    scenario: Partial<Scenario>,
    options: { readonly respectPins?: boolean } = {},
  ) {
    const domains = affinities.map((affinity, i) => ({
      name: `g${i}`,
      vcpus: [{ affinity, load: { kind: 'spin' } as const }],
    }))
    const host = simulate({ pcpus: 4, domains, ...scenario })
    const pinVcpu = host.pinVcpu.bind(host)
    this.#options = options
    this.host = Object.assign(host, {
      pinVcpu: async (...[domain, vcpu, cpus]: Parameters<Host['pinVcpu']>) => {
        const { uuid } = typeof domain === 'string' ? { uuid: domain } : domain
        const call = `${(await host.domain(uuid)).name} ${vcpu} ${cpus}`
        this.asked.push(call)
        await pinVcpu(domain, vcpu, cpus).catch((error) => {
          this.refused.push(call)
          throw error
        })
      },
    })
  }

  /** So many ticks of the same loop or, once it has ended, of another. */
  async run(ticks: number): Promise<this> {
    const options = { interval, ticks, scheduler: balance(), journal: this.journal, ...this.#options }
    for await (const tick of autopilot(this.host, options)) this.ticks.push(tick)
    return this
  }

  get last(): Tick {
    return this.ticks.at(-1)!
  }

  /** How many vCPUs each pCPU had in the last tick, by number. */
  get crowd(): number[] {
    const crowd = [0, 0, 0, 0]
    for (const vcpu of this.last.view.vcpus) crowd[placeOf(vcpu) ?? Number.NaN]!++
    return crowd
  }

  /** Moves in ticks from `index` on, and pins that failed. */
  movesSince(index: number): number {
    const since = this.ticks.slice(index)
    const counts = since.flatMap(({ outcomes, view }) =>
      outcomes.filter(({ action, status }) => status === 'failed' || isMove(action, view)),
    )
    return counts.length
  }

  get externals(): unknown[] {
    return this.ticks.flatMap(({ skipped }) => skipped.filter(({ rule }) => rule === 'external-change'))
  }

  /** What each guest may run on by the kernel, and what libvirt has it pinned to, at `time`. */
  async settings(time: number): Promise<[affinity: string, pin: string][]> {
    await this.host.clock.sleepUntil(time)
    const { affinity, domains } = await this.host.sampleCpu()
    return Promise.all(
      domains.map(async ({ uuid }, row) => {
        const pins = await this.host.vcpuPins(uuid)
        return [`${CpuSet.fromWords(affinity.subarray(row, row + 1))}`, `${pins.get(0)}`]
      }),
    )
  }
}

const off = (at: number): Change => ({ at, kind: 'offline', pcpu: 3 })
const on = (at: number): Change => ({ at, kind: 'online', pcpu: 3 })
const cpuset = (at: number, cpus: string): Change => ({ at, kind: 'cpuset', cpus })
const same = (list: string, count: number) => new Array<[string, string]>(count).fill([list, list])

describe('a pCPU that goes offline while it is used', () => {
  it("is not tried again, and what the kernel moves is nobody's change", async () => {
    const run = await new Run(['0', '0', '0', '0', '0', '0'], { changes: [off(8_500)] }).run(40)
    expect(run.crowd).toEqual([2, 2, 2, 0])
    expect(run.refused).toEqual([])
    const after = run.ticks.slice(9).flatMap(({ outcomes }) => outcomes.map(({ action }) => action))
    for (const action of after) expect(action).not.toMatchObject({ cpus: CpuSet.of(3) })
    expect(run.externals).toEqual([])
    expect(run.movesSince(20)).toBe(0)
    expect(`${run.last.view.online}`).toBe('0-2')
  })

  it('is used again when it is back, and all that was before can be restored', async () => {
    const run = await new Run(['any', '0', '0', '0', '0', '3'], { changes: [off(8_500), on(30_500)] }).run(60)
    expect(run.crowd.toSorted()).toEqual([1, 1, 2, 2])
    expect(run.externals).toEqual([])
    expect((await restore(run.host, run.journal)).notRestored).toEqual([])
    expect(await run.settings(70_000)).toEqual([['0-3', '0-3'], ...same('0', 4), ['3', '3']])
  })

  it('is waited for when it is all that a guest was pinned to', async () => {
    const run = await new Run(['0', '0', '0', '0', '3'], { changes: [off(8_500), on(70_000)] }).run(30)
    const { notRestored, external } = await restore(run.host, run.journal)
    expect(external).toEqual([])
    // It may never have been moved: then there is nothing to restore.
    for (const { entry } of notRestored)
      expect(entry).toMatchObject({ kind: 'affinity', original: CpuSet.of(3) })
    await run.host.clock.sleepUntil(70_001)
    expect((await restore(run.host, run.journal)).notRestored).toEqual([])
    expect((await run.settings(80_000)).at(-1)).toEqual(['3', '3'])
  })
})

describe('a pCPU that comes after the start', () => {
  it('is used', async () => {
    const run = await new Run(['0', '0', '0', '0'], { offline: '3', changes: [on(20_500)] }).run(40)
    expect(run.crowd).toEqual([1, 1, 1, 1])
  })

  it('is left to the guest that its owner had pinned to it, also where the kernel says otherwise now', async () => {
    const scenario = { offline: '3', changes: [on(20_500)] }
    const run = await new Run(['3', '2-3', 'any', '0', '0', '0'], scenario, { respectPins: true }).run(50)
    const entries = await run.journal.entries()
    const originals = entries.map(({ name, original }) => [name, `${original}`])
    for (const [name, original] of originals) expect([name, original]).not.toEqual(['g0', '0-2'])
    expect(placeOf(run.last.view.vcpus[0]!)).toBe(3)
    await restore(run.host, run.journal)
    expect(await run.settings(60_000)).toEqual([['3', '3'], ['2-3', '2-3'], ['0-3', '0-3'], ...same('0', 3)])
  })

  it('is in what is written down of a guest that is free to run anywhere', async () => {
    const run = await new Run(['any', '0', '0', '0'], { offline: '3', changes: [on(40_500)] }).run(30)
    await restore(run.host, run.journal)
    expect((await run.settings(41_000))[0]).toEqual(['0-3', '0-3'])
  })
})

describe('a cpuset that can be read', () => {
  it('is levelled within, without a pin that is refused', async () => {
    const run = await new Run(['0', '0', '0', '0'], { cpuset: '0-1' }).run(30)
    expect(run.crowd).toEqual([2, 2, 0, 0])
    expect(run.refused).toEqual([])
    expect(run.movesSince(10)).toBe(0)
    const { view } = run.last
    expect(`${view.online}`).toBe('0-1')
    expect(view.pcpus.map(({ unusable }) => unusable?.kind)).toEqual([
      undefined,
      undefined,
      'pcpu-outside-cpuset',
      'pcpu-outside-cpuset',
    ])
  })

  it.each(['v1', 'v2'] as const)('is followed while it changes, under %s', async (cgroups) => {
    const changes = [cpuset(15_500, '0-1'), cpuset(30_500, 'any')]
    const run = new Run(['0', '0', '0', '0', 'any', 'any', 'any', 'any'], { cgroups, changes })
    await run.run(15)
    expect(run.crowd).toEqual([2, 2, 2, 2])
    await run.run(15)
    expect(run.crowd).toEqual([4, 4, 0, 0])
    await run.run(25)
    expect(run.crowd).toEqual([2, 2, 2, 2])
    expect(run.externals).toEqual([])
    expect(run.refused).toEqual([])
    await restore(run.host, run.journal)
    expect(await run.settings(60_000)).toEqual([...same('0', 4), ...same('0-3', 4)])
  })
})

describe('a cpuset that cannot be read', () => {
  it.each(['v1', 'v2'] as const)('is learned by one refused pin for each pCPU, under %s', async (cgroups) => {
    const run = await new Run(new Array(8).fill('0'), { cpuset: '0-1', remote: true, cgroups }).run(120)
    expect(run.crowd).toEqual([4, 4, 0, 0])
    const refusedOn = run.refused.map((call) => call.split(' ')[2]!)
    expect(new Set(refusedOn).size).toBe(refusedOn.length)
    expect(run.movesSince(20)).toBe(0)
    expect(run.last.view.pcpus.map(({ unusable }) => unusable?.kind)).toEqual([
      undefined,
      undefined,
      ...refusedOn.map(() => 'pcpu-refused'),
    ])
  })

  it('leaves nothing behind that bites when it is widened after the end', async () => {
    const changes = [cpuset(100_000, 'any')]
    const scenario = { cpuset: '0-1', remote: true, changes }
    const run = await new Run(['0', '0', '0', '0', '0', '0'], scenario).run(10)
    expect(run.refused).not.toEqual([])
    const { notRestored } = await restore(run.host, run.journal)
    expect(notRestored).toEqual([])
    expect(await run.settings(100_001)).toEqual(same('0', 6))
  })

  it('leaves nothing behind by a pin that was refused just before a crash', async () => {
    const scenario = { cpuset: '0-1', remote: true, changes: [cpuset(100_000, 'any')] }
    const run = new Run(['0'], scenario)
    const { uuid, name, id } = await run.host.domain('g0')
    const [zero, three] = [CpuSet.of(0), CpuSet.of(3)]
    const requested = [{ wallTime: 0, from: zero, to: three }]
    await run.journal.record([
      { wallTime: 0, uuid, name, id, kind: 'affinity', vcpu: 0, original: zero, requested },
    ])
    await run.host.pinVcpu(uuid, 0, three).catch(() => undefined)
    await restore(run.host, run.journal)
    expect(await run.settings(100_001)).toEqual(same('0', 1))
  })

  it("that is narrowed and widened again is nobody's change", async () => {
    const changes = [cpuset(15_500, '0-1'), cpuset(30_500, 'any')]
    const run = await new Run(['0', '0', 'any', 'any', 'any', 'any'], { remote: true, changes }).run(60)
    expect(run.externals).toEqual([])
    expect(new Set(run.refused).size).toBe(run.refused.length)
    await restore(run.host, run.journal)
    expect(await run.settings(70_000)).toEqual([...same('0', 2), ...same('0-3', 4)])
  })
})

it('a pin refused before a readable cpuset was read again is forgotten once that tells, and the pCPU used when it is widened', () => {
  const refused = new RefusedCpus()
  const [one, two] = ['g0', 'g1'].map((name, i) => ({ uuid: name, name, id: i + 1 })) as [
    DomainIdentity,
    DomainIdentity,
  ]
  refused.refused(3, one, 0)
  const all = CpuSet.range(0, 3)
  expect(`${refused.of(one, 1, all)}`).toBe('3')
  // What can be read of another domain is the truth about that.
  expect(`${refused.of(two, 1, all)}`).toBe('')
  expect(`${refused.of(two, 1, undefined)}`).toBe('3')
  refused.of(one, 2, CpuSet.range(0, 1))
  expect(`${refused.of(one, 3, all)}`).toBe('')
})

it('what another program pins stays its change, whatever the kernel does', async () => {
  const taken: Change = { at: 15_500, kind: 'pin', domain: 'g1', vcpu: 0, affinity: '2' }
  for (const remote of [false, true]) {
    const run = await new Run(['0', '0', '0', '0'], { remote, changes: [taken, off(20_500)] }).run(30)
    const g1 = run.ticks[15]!.view.vcpus[1]!
    if (`${g1.affinity}` === '2') continue
    expect(run.externals).not.toEqual([])
    expect((await restore(run.host, run.journal)).external).toHaveLength(1)
  }
})

it('under v1 a pCPU that is lost to all guests is not used, and originals are restored as far as they can be', async () => {
  const changes = [off(8_500), on(20_500)]
  const run = await new Run(['0', '0', '0', '0', 'any', '2-3'], { cgroups: 'v1', changes }).run(40)
  expect(run.crowd).toEqual([2, 2, 2, 0])
  expect(run.refused).toEqual([])
  expect(run.externals).toEqual([])
  expect((await restore(run.host, run.journal)).notRestored).toEqual([])
  expect((await run.settings(50_000)).map(([affinity]) => affinity)).toEqual(['0', '0', '0', '0', '0-2', '2'])
})
