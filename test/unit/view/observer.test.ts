import { describe, expect, it } from 'vitest'
import { DomainState } from '../../../lib/host/sample.ts'
import { MiB } from '../../../lib/util/units.ts'
import { Observer } from '../../../lib/view/observer.ts'
import { topologyOf } from '../schedulers/world.ts'
import { cpuSample, type Row } from './samples.ts'

const targets = new Map<string, number>()

function observer(pcpus = 4): Observer {
  return new Observer(topologyOf(pcpus), { hostMemoryReserve: 1_024 * MiB, domainOverhead: 64 * MiB })
}

describe('the CPU side of a View', () => {
  const look = (rows: readonly Row[], pcpus = 4) =>
    observer(pcpus).observe({ cpu: cpuSample(2_000, rows, pcpus), memory: undefined, targets })

  it('has every vCPU once, in its domain and in the list of all', () => {
    const view = look([
      { uuid: 'a', vcpus: [{ usage: 0.5, delay: 0.5, pcpu: 3, affinity: '0-3' }, { vcpu: 4 }] },
      { uuid: 'b' },
      { uuid: 'c', vcpus: [{}] },
    ])
    expect(view.domains.map((domain) => domain.vcpus.map((vcpu) => vcpu.vcpu))).toEqual([[0, 4], [], [0]])
    expect(view.vcpus).toEqual(view.domains.flatMap((domain) => domain.vcpus))
    expect(view.vcpus.every((vcpu) => vcpu.domain.vcpus.includes(vcpu))).toBe(true)
    expect(view.vcpus[0]).toMatchObject({ usage: 0.5, delay: 0.5, pcpu: 3, demand: 1 })
    expect(`${view.vcpus[0]!.affinity}`).toBe('0-3')
  })

  it('counts of a wait that began before the interval only what fits into it', () => {
    expect(look([{ uuid: 'a', vcpus: [{ usage: 0.1, delay: 1.07 }] }]).vcpus[0]).toMatchObject({ delay: 1 })
  })

  it('says undefined of what a sample does not know', () => {
    const [vcpu] = look([{ uuid: 'a', vcpus: [{}] }]).vcpus
    expect(vcpu).toMatchObject({
      affinity: undefined,
      pcpu: undefined,
      usage: undefined,
      delay: undefined,
      demand: undefined,
    })
    const cpu = { ...cpuSample(0, []), interval: Number.NaN }
    expect(observer().observe({ cpu, memory: undefined, targets }).interval).toBeUndefined()
  })

  it('has the pCPUs with what they were busy', () => {
    expect(look([]).pcpus.map((pcpu) => [pcpu.id, pcpu.busy])).toEqual([
      [0, 0],
      [1, undefined],
      [2, 0.5],
      [3, 0.75],
    ])
  })

  it.each([1, 8, 9, 64, 65, 1_000])('reads affinities on a host of %i pCPUs', (pcpus) => {
    const affinity = pcpus === 1 ? '0' : `0-${pcpus - 1},^${pcpus >> 1}`
    const view = look(
      [{ uuid: 'a', vcpus: [{ affinity }, { affinity: `${pcpus - 1}` }, { affinity }] }],
      pcpus,
    )
    expect(view.vcpus.map((vcpu) => vcpu.affinity?.size)).toEqual([
      Math.max(1, pcpus - 1),
      1,
      Math.max(1, pcpus - 1),
    ])
    expect(view.vcpus[0]!.affinity!.has(pcpus >> 1)).toBe(pcpus === 1)
    expect(view.vcpus[2]!.affinity).toBe(view.vcpus[0]!.affinity)
  })

  it('gives equal affinities as one object, at 16,384 vCPUs too', () => {
    const pcpus = 512
    const vcpus = Array.from({ length: 16_384 }, (_, i) => ({ affinity: `${i % pcpus}` }))
    const view = look([{ uuid: 'a', vcpus }], pcpus)
    expect(new Set(view.vcpus.map((vcpu) => vcpu.affinity)).size).toBe(pcpus)
    expect(view.vcpus.every((vcpu, i) => vcpu.affinity!.has(i % pcpus))).toBe(true)
  })
})

describe('demand over ticks', () => {
  const vcpus = (usage: number) => [{ usage, delay: 0, pcpu: 0, affinity: '0' }]
  const demands = (rows: readonly (readonly Row[])[]) => {
    const eye = observer()
    return rows.map((row, i) => {
      const view = eye.observe({ cpu: cpuSample(2_000 * (i + 1), row), memory: undefined, targets })
      return view.vcpus.map((vcpu) => vcpu.demand)
    })
  }

  it('is smoothed for each vCPU of its own', () => {
    const levels = demands([
      [
        { uuid: 'a', vcpus: vcpus(0.2) },
        { uuid: 'b', vcpus: vcpus(0.5) },
      ],
      [
        { uuid: 'b', vcpus: vcpus(0.54) },
        { uuid: 'a', vcpus: vcpus(0.22) },
      ],
    ])
    expect(levels[1]![0]).toBeCloseTo(0.52, 10)
    expect(levels[1]![1]).toBeCloseTo(0.21, 10)
  })

  it('begins anew when the domain restarts', () => {
    const again: Row[] = [{ uuid: 'a', id: 2, vcpus: vcpus(0.23) }]
    expect(demands([[{ uuid: 'a', id: 1, vcpus: vcpus(0.2) }], again, again])).toEqual([
      [0.2],
      [undefined],
      [0.23],
    ])
  })

  it('is unknown while the domain is paused, and then goes on where it was', () => {
    const paused = { uuid: 'a', state: DomainState.paused, vcpus: vcpus(0) }
    const levels = demands([
      [{ uuid: 'a', vcpus: vcpus(0.2) }],
      [paused],
      [paused],
      [paused],
      [{ uuid: 'a', vcpus: vcpus(0.22) }],
    ])
    expect(levels.slice(1, 4)).toEqual([[undefined], [undefined], [undefined]])
    expect(levels[4]![0]).toBeCloseTo(0.21, 10)
  })
})

describe('its options', () => {
  it.each([
    ['hostMemoryReserve', { hostMemoryReserve: -1, domainOverhead: 0 }],
    ['domainOverhead', { hostMemoryReserve: 0, domainOverhead: Number.NaN }],
  ])('refuse a wrong %s', (name, options) => {
    expect(() => new Observer(topologyOf(1), options)).toThrow(`Expected \`${name}\``)
  })
})
