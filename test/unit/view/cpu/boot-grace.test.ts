import { describe, expect, it } from 'vitest'
import { DomainState } from '../../../../lib/host/sample.ts'
import { type Load, simulate } from '../../../../lib/simulation/index.ts'
import { bootGrace } from '../../../../lib/view/cpu/boot-grace.ts'
import { Observer } from '../../../../lib/view/observer.ts'
import { topologyOf } from '../../schedulers/world.ts'
import { cpuSample, type Row } from '../samples.ts'

const interval = 2_000
const none = { hostMemoryReserve: 0, domainOverhead: 0 }

/** Demand of the one vCPU of domain a, by sample. */
function demands(samples: readonly (readonly Row[])[]): (number | undefined)[] {
  const observer = new Observer(topologyOf(4), none)
  return samples.map((rows, i) => {
    const cpu = cpuSample(interval * i, rows)
    const view = observer.observe({ cpu, memory: undefined, targets: new Map() })
    return view.domains.find(({ uuid }) => uuid === 'a')?.vcpus[0]?.demand
  })
}

const a = (usage: number, more: Partial<Row> = {}): Row[] => [
  { uuid: 'a', ...more, vcpus: [{ usage, delay: 0, pcpu: 0, affinity: '0' }] },
]

describe('a domain that starts', () => {
  it('is no load until it has become less busy', () => {
    expect(demands([[], a(Number.NaN), a(1), a(0.9), a(0.4), a(0.2), a(0.2)])).toEqual([
      ...Array(5).fill(undefined),
      0.2,
      0.2,
    ])
    expect(demands([a(0.2), a(1, { id: 2 }), a(0.3, { id: 2 }), a(0.3, { id: 2 })])).toEqual([
      0.2,
      undefined,
      undefined,
      0.3,
    ])
  })

  it('is load when it has been busy for too long', () => {
    const samples = [[], ...Array(20).fill(a(1))]
    const since = demands(samples).indexOf(1)
    expect(since * interval).toBe(interval + bootGrace)
  })

  it('is starting still when it was paused meanwhile', () => {
    const paused = a(0, { state: DomainState.paused })
    expect(demands([[], a(1), paused, paused, a(1), a(0.1), a(0.1)])).toEqual([
      ...Array(6).fill(undefined),
      0.1,
    ])
  })

  it('is not starting when it was there at the first sample, or becomes busy later', () => {
    expect(demands([a(1), a(1)])).toEqual([1, 1])
    expect(demands([[], a(0.1), a(0.1), a(1), a(1)]).at(-1)).toBe(1)
  })
})

it('does not take the starting of simulated guests for load', async () => {
  const guest = (name: string, load: Load, running: boolean) => ({ name, running, vcpus: [{ load }, {}] })
  const host = simulate({
    pcpus: 2,
    domains: [
      guest('there', { kind: 'spin' }, true),
      guest('idle', { kind: 'idle' }, false),
      guest('busy', { kind: 'spin' }, false),
    ],
    changes: ['idle', 'busy'].map((domain) => ({ at: 9_000, domain, kind: 'start' as const })),
  })
  const observer = new Observer(host.topology, none)
  const highest = new Map<string, number>()
  let busySince: number | undefined
  for (let time = 0; time < 60_000; time += interval) {
    await host.clock.sleepUntil(time)
    const view = observer.observe({ cpu: await host.sampleCpu(), memory: undefined, targets: new Map() })
    for (const { name, vcpus } of view.domains) {
      highest.set(name, Math.max(highest.get(name) ?? 0, vcpus[0]!.demand ?? 0))
      if (name === 'busy' && vcpus[0]!.demand !== undefined) busySince ??= time
    }
  }
  expect(highest.get('idle')).toBeLessThan(0.1)
  expect(highest.get('there')).toBeCloseTo(1, 1)
  expect(highest.get('busy')).toBeCloseTo(1, 1)
  expect(busySince).toBeGreaterThan(9_000 + bootGrace - interval)
})
