import fc from 'fast-check'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { DomainState } from '../../../lib/host/sample.ts'
import type { Action } from '../../../lib/policy/plan.ts'
import { GiB, MiB } from '../../../lib/util/units.ts'
import { type DomainSettings, defaultSettings } from '../../../lib/view/domain-settings.ts'
import { commitment } from '../../../lib/view/memory/commitment.ts'
import type { DomainMemoryView, DomainView, MemoryHold, VcpuView, View } from '../../../lib/view/view.ts'
import { topologyOf } from './fake-host.ts'

export const domainOverhead = 64 * MiB

export interface DomainShape {
  name: string
  id?: number
  run?: string
  state?: DomainState
  managed?: boolean
  settings?: Partial<DomainSettings>
  vcpus?: (Partial<Pick<VcpuView, 'affinity' | 'allowed' | 'pcpu'>> | undefined)[]
  memory?: Partial<DomainMemoryView>
}

export interface ViewShape {
  domains: DomainShape[]
  pcpus?: number
  online?: CpuSet
  total?: number
  available?: number | undefined
  reserve?: number
  reserved?: number
}

export const uuidOf = (name: string) => `uuid-of-${name}`

/** A View of domains with 1 GiB, of which 800 MiB are free, on a host of four pCPUs and 16 GiB, unless told otherwise. */
export function viewOf(shape: ViewShape): View {
  const total = shape.total ?? 16 * GiB
  const whole = topologyOf(shape.pcpus ?? 4, total)
  const online = shape.online ?? whole.online
  const topology = { ...whole, online, pcpus: whole.pcpus.filter(({ id }) => online.has(id)) }
  const domains = shape.domains.map((one, index): DomainView => {
    const vcpus: VcpuView[] = []
    const domain: DomainView = {
      uuid: uuidOf(one.name),
      name: one.name,
      id: one.id ?? index + 1,
      run: one.run,
      state: one.state ?? DomainState.running,
      settings: { ...defaultSettings, managed: one.managed ?? true, ...one.settings },
      homeCell: 0,
      vcpus,
      memory: {
        age: 1_000,
        hold: undefined,
        maximum: 4 * GiB,
        actual: GiB,
        target: undefined,
        available: GiB,
        unused: 800 * MiB,
        usable: 800 * MiB,
        diskCaches: 0,
        swappedOut: 0,
        swappedIn: 0,
        need: undefined,
        events: undefined,
        progress: 'resting',
        rss: GiB,
        ...one.memory,
      },
    }
    for (const [vcpu, change] of (one.vcpus ?? [{}]).entries()) {
      if (!change) continue
      vcpus.push({
        domain,
        vcpu,
        affinity: online,
        allowed: online,
        pcpu: 0,
        usage: 0.5,
        delay: 0,
        demand: 0.5,
        demandRange: { low: 0.5, high: 0.5 },
        ...change,
      })
    }
    return domain
  })
  const { reserve = GiB, reserved = 0 } = shape
  return {
    time: 0,
    wallTime: 0,
    interval: 1_000,
    topology,
    online,
    pcpus: [],
    domains,
    vcpus: domains.flatMap(({ vcpus }) => vcpus),
    memory: {
      total,
      free: shape.available,
      available: shape.available,
      state: 'high',
      pressure: undefined,
      reserve,
      reserved,
      budget: Math.max(0, total - reserve - reserved),
      committed: domains.reduce((sum, domain) => sum + commitment(domain, domainOverhead), 0),
    },
  }
}

const names = ['a', 'b', 'web-1', 'web-2', 'db']
const holds: (MemoryHold | undefined)[] = [
  undefined,
  undefined,
  undefined,
  undefined,
  undefined,
  undefined,
  'not running',
  'stuck',
  'failed',
  'booting',
  'no device',
  'no driver',
  'memory is pinned',
  'no statistics',
  'stale statistics',
  'contradictory statistics',
]
const bytes = fc.integer({ min: 0, max: 4096 * 1024 }).map((kib) => kib * 1024)
const perhaps = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 8 })
const cpus = fc.uniqueArray(fc.integer({ min: 0, max: 9 })).map((list) => CpuSet.from(list))

const domain = (name: string): fc.Arbitrary<DomainShape> =>
  fc.record({
    name: fc.constant(name),
    managed: fc.constant(name !== 'db'),
    settings: fc.record({
      memoryFloor: fc.option(bytes, { nil: undefined, freq: 2 }),
      memoryCeiling: fc.option(bytes, { nil: undefined, freq: 2 }),
    }),
    state: fc.constantFrom(DomainState.running, DomainState.running, DomainState.blocked, DomainState.paused),
    vcpus: fc.array(fc.record({ affinity: perhaps(cpus), allowed: cpus, pcpu: perhaps(fc.nat(7)) }), {
      maxLength: 3,
    }),
    memory: fc.record({
      hold: fc.constantFrom(...holds),
      maximum: perhaps(bytes),
      actual: perhaps(bytes),
      target: fc.option(bytes, { nil: undefined }),
      available: perhaps(bytes),
      unused: perhaps(bytes),
      usable: perhaps(bytes),
      rss: perhaps(bytes),
      progress: fc.constantFrom('resting', 'following', 'refusing'),
    }),
  })

/** Views of everything that can be wrong with up to five domains. */
export const anyView: fc.Arbitrary<View> = fc
  .record({
    domains: fc.tuple(...names.map((name) => fc.option(domain(name), { nil: undefined, freq: 4 }))),
    online: fc.uniqueArray(fc.integer({ min: 0, max: 7 }), { minLength: 1 }).map((list) => CpuSet.from(list)),
    total: fc.integer({ min: 1, max: 24 }).map((gib) => gib * GiB),
    available: perhaps(fc.integer({ min: 0, max: 8 * 1024 }).map((mib) => mib * MiB)),
    reserve: fc.integer({ min: 0, max: 2048 }).map((mib) => mib * MiB),
    reserved: fc.oneof(
      fc.constant(0),
      fc.integer({ min: 0, max: 4096 }).map((mib) => mib * MiB),
    ),
  })
  .map(({ domains, ...host }) => {
    return viewOf({ ...host, pcpus: 8, domains: domains.filter((one) => one !== undefined) })
  })

const names2 = fc.constantFrom(...names, 'nobody')
const sizes = fc.oneof(
  { weight: 8, arbitrary: bytes },
  { weight: 2, arbitrary: fc.double() },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, 0, -1, Number.POSITIVE_INFINITY, 1e300) },
)
const numbers = fc.oneof(
  { weight: 8, arbitrary: fc.nat(3) },
  { weight: 1, arbitrary: fc.constantFrom(-1, 0.5, Number.NaN, 1e9) },
)

/** Actions that a policy out of its mind may want. */
export const anyPlan: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    fc.record({ name: names2, vcpu: numbers, cpus }).map(
      ({ name, ...rest }): Action => ({
        kind: 'pin',
        uuid: uuidOf(name),
        domain: name,
        reason: { kind: 'custom', text: 'any' },
        ...rest,
      }),
    ),
    fc.record({ name: names2, bytes: sizes }).map(
      ({ name, ...rest }): Action => ({
        kind: 'setMemory',
        uuid: uuidOf(name),
        domain: name,
        reason: { kind: 'custom', text: 'any' },
        ...rest,
      }),
    ),
  ),
  { maxLength: 12 },
)
