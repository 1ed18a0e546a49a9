import type { CpuSet } from '../host/cpuset.ts'
import { programThatUses, usualReserve } from '../simulation/guest-kernel.ts'
import { qemuOverhead } from '../simulation/guest-memory.ts'
import type {
  Change,
  DomainScenario,
  Load,
  MemoryScenario,
  Program,
  QuotaScenario,
  VcpuScenario,
} from '../simulation/scenario.ts'
import { GiB, KiB, MiB } from '../util/units.ts'
import type { DomainLife, SeenMemory, SeenPin } from './domain-life.ts'
import { loadThatWants } from './scenario-load.ts'
import { stretches } from './stretches.ts'

/** How what was seen of domains becomes what happens to them. */
export interface FitRules {
  readonly clock: FitClock
  /** The pCPUs of the host. */
  readonly all: CpuSet
  /** Milliseconds of a piece of work and the sleep after it. */
  readonly period: number
  /** Whether vCPUs are pinned as Ballast did, for a playback without it. */
  readonly placed: boolean
}

/** When things happened, in virtual milliseconds of the simulated host. */
export interface FitClock {
  /** The moment of a tick, and half-way from the one before. */
  readonly at: (tick: number) => number
  readonly between: (tick: number) => number
  /** Ticks in all. */
  readonly ticks: number
}

/** What a vCPU's demand may be off its mean and be noise: as a fraction of a pCPU, and of the mean. */
const demandSlack = (mean: number) => 0.005 + 0.08 * mean
/** What a guest's use of memory may be off and be noise. */
const memorySlack = (bytes: number) => Math.max(4 * MiB, bytes / 200)
/** Bytes per second that a program grows by at least. */
const leastRate = MiB
const defaultMaximum = GiB

/** A load from the sample `index` of a life on. */
interface TimedLoad {
  readonly index: number
  readonly load: Load
}

/** A domain as it began. */
export function domainScenario(life: DomainLife, name: string, rules: FitRules): DomainScenario {
  const { quota, metadata } = life
  const cpuQuota: QuotaScenario = {
    ...(quota?.vcpu !== undefined && { vcpu: quota.vcpu }),
    ...(quota?.global !== undefined && { global: quota.global }),
  }
  return {
    name,
    ...(life.first > 0 && { running: false }),
    vcpus: Array.from({ length: Math.max(1, life.vcpus[0]!) }, (_, number) =>
      vcpuScenario(life, number, rules),
    ),
    memory: memoryScenario(life),
    ...(Object.keys(cpuQuota).length > 0 && { cpuQuota }),
    ...(metadata && { metadata }),
  }
}

/** What happens to a domain in all its runs. */
export function lifeChanges(lives: readonly DomainLife[], name: string, rules: FitRules): Change[] {
  const { clock, all, placed } = rules
  const [first] = lives
  return lives.flatMap((life) => {
    const isFirst = life === first
    const begins = life.first === 0 ? 0 : clock.between(life.first)
    const of = { domain: name }
    return [
      ...(life.first > 0 ? [{ at: begins, ...of, kind: 'arrive' } as const] : []),
      ...(isFirst ? [] : plugs(first!.vcpus[0]!, life.vcpus[0]!, begins, of, life, rules)),
      ...places(life, begins, of, all),
      ...(isFirst ? [] : sizes(life, begins, of)),
      ...inOrder([
        ...loads(life, isFirst, begins, rules, of),
        ...programs(life, isFirst, begins, clock, of),
        ...pauses(life, begins, clock, of),
        ...pins(life.foreignPins, clock.between, of, all),
        ...(placed ? pins(life.ownPins, (tick) => clock.at(tick) + 1, of, all) : []),
        ...hotPlugs(life, rules, of),
      ]),
      ...(life.end < clock.ticks ? [{ at: clock.between(life.end), ...of, kind: 'leave' } as const] : []),
    ]
  })
}

function inOrder(changes: readonly Change[]): Change[] {
  return changes.toSorted((a, b) => a.at - b.at)
}

type Of = { readonly domain: string }

/** A vCPU that may run on several pCPUs begins on the one that it was on, and is let go then. */
function vcpuScenario(life: DomainLife, number: number, { all, period }: FitRules): VcpuScenario {
  const { affinity, place } = life.begins[number] ?? {}
  const [first] = timedLoads(life, number, period)
  const only = affinity?.size === 1 ? affinity.first : place
  return {
    affinity: only !== undefined && all.has(only) ? String(only) : listOf(affinity, all),
    load: first?.load ?? loadThatWants(0, 1),
  }
}

function places(life: DomainLife, begins: number, of: Of, all: CpuSet): Change[] {
  return life.begins.slice(0, Math.max(1, life.vcpus[0]!)).flatMap(({ affinity, place }, vcpu): Change[] => {
    if (affinity?.size === 1 || place === undefined || !all.has(place)) return []
    return [{ at: begins + 1, ...of, kind: 'pin', vcpu, affinity: listOf(affinity, all) }]
  })
}

function listOf(affinity: CpuSet | undefined, all: CpuSet): string {
  const within = affinity?.and(all)
  return !within || within.isEmpty || within.equals(all) ? 'any' : within.toString()
}

function timedLoads(life: DomainLife, number: number, period: number): TimedLoad[] {
  const trace = life.traces[number]
  if (!trace) return []
  const begin = life.begins[number]?.index ?? 0
  const wanted = trace.wanted().map((part, index) => (life.runs[begin + index] === false ? Number.NaN : part))
  return stretches(wanted, demandSlack).map(({ first, mean }) => ({
    index: begin + first,
    load: loadThatWants(mean, trace.elasticity, period),
  }))
}

/** A sample tells of the interval before it. */
function loads(
  life: DomainLife,
  isFirst: boolean,
  begins: number,
  { clock: { at }, period }: FitRules,
  of: Of,
): Change[] {
  return life.traces.flatMap((_, vcpu) => {
    const [first, ...later] = timedLoads(life, vcpu, period)
    const begin = isFirst || !first ? [] : [first]
    const isThere = vcpu < life.vcpus[0]!
    const change = ({ index, load }: TimedLoad): Change[] => {
      const had = life.vcpus[index]
      if (had === undefined || vcpu >= had) return []
      const time = Math.max(begins, at(life.first + index - 1))
      return isThere || index > 0 ? [{ at: time, ...of, kind: 'load', vcpu, load }] : []
    }
    return isThere ? [...begin, ...later].flatMap(change) : later.flatMap(change)
  })
}

function memoryScenario(life: DomainLife): MemoryScenario {
  const maximum = wholeKiB(known(life.memory, 'maximum') ?? defaultMaximum)
  const actual = wholeKiB(known(life.memory, 'actual') ?? maximum)
  const program = programAt(life)
  const plugged = life.traits?.virtioMem
  const cache = known(life.memory, 'cache')
  const own = Math.min(maximum, Math.max(KiB, actual - (plugged?.current ?? 0)))
  return {
    maximum: Math.max(own, maximum - (plugged?.current ?? 0)),
    actual: own,
    program: { size: program(0), touch: touched(life) },
    ...(cache !== undefined && { cache }),
    reserve: reserveOf(life),
    ...(plugged && { virtioMem: { size: plugged.size, requested: plugged.requested } }),
    swap: life.memory.some(({ swappedOut, swapped }) => swappedOut > 0 || swapped > 0) ? 'disk' : 'none',
    ...(life.refuses && { balloon: 'refuses' as const }),
    ...(life.hold === 'no device' && { balloon: 'no-device' as const }),
    ...(life.hold === 'no driver' && { balloon: 'no-driver' as const }),
    ...(life.pinned && { pinned: life.pinned }),
  }
}

/**
 * By tick of a life: the size of a program with which the simulated guest uses as much; a tick that says nothing is as
 * the next that does.
 */
function programAt(life: DomainLife): (index: number) => number {
  const { memory } = life
  const reserve = reserveOf(life)
  const sizes = memory.map(({ used, swapped, maximum }) =>
    Number.isNaN(used) || Number.isNaN(maximum)
      ? Number.NaN
      : programThatUses(used, maximum, reserve) + swapped,
  )
  if (sizes.every(Number.isNaN)) {
    const rss = known(memory, 'rss') ?? 0
    const maximum = known(memory, 'maximum') ?? defaultMaximum
    return () => programThatUses(Math.max(0, rss - qemuOverhead), maximum, reserve)
  }
  for (let index = sizes.length - 2; index >= 0; index--) {
    if (Number.isNaN(sizes[index]!)) sizes[index] = sizes[index + 1]!
  }
  for (let index = 1; index < sizes.length; index++) {
    if (Number.isNaN(sizes[index]!)) sizes[index] = sizes[index - 1]!
  }
  return (index) => sizes[Math.min(index, sizes.length - 1)]!
}

/** Bytes: the least, since what of the page cache a guest counts as usable differs from time to time. */
function reserveOf({ memory }: DomainLife): number {
  const seen = memory.flatMap(({ reserve }) => (Number.isNaN(reserve) ? [] : [reserve]))
  return seen.length === 0 ? usualReserve : Math.max(0, Math.min(...seen))
}

/** Bytes that its program touches each second, by what came back of what was swapped out; 0 where nothing did. */
function touched({ memory }: DomainLife): number {
  const rates = memory.flatMap(({ swapped, swappedIn, used }) =>
    swapped > 0 && swappedIn > 0 ? [(swappedIn * (used + swapped)) / swapped] : [],
  )
  return rates.length === 0 ? 0 : rates.reduce((sum, rate) => sum + rate, 0) / rates.length
}

/** One that frees more than half is taken for another program, which begins even where the one before was killed. */
function programs(life: DomainLife, isFirst: boolean, begins: number, { at }: FitClock, of: Of): Change[] {
  const size = programAt(life)
  const touch = touched(life)
  const changes: Change[] = []
  const run = (time: number, program: Program) =>
    changes.push({ at: Math.max(begins, time), ...of, kind: 'program', program: { ...program, touch } })
  let holds = size(0)
  if (!isFirst) run(begins, { size: holds })
  for (let index = 1; index < life.runs.length; index++) {
    const next = size(index)
    if (Math.abs(next - holds) <= memorySlack(holds)) continue
    const from = at(life.first + index - 1)
    const seconds = (at(life.first + index) - from) / 1_000
    const goesOn = next > holds / 2
    run(from, { size: next, rate: Math.max(leastRate, (next - holds) / seconds), goesOn })
    holds = next
  }
  return changes
}

/** A later run begins with the balloon that it had. */
function sizes({ memory }: DomainLife, at: number, of: Of): Change[] {
  const actual = known(memory, 'actual')
  return actual === undefined ? [] : [{ at, ...of, kind: 'balloon', bytes: wholeKiB(actual) }]
}

function pauses(life: DomainLife, begins: number, { between }: FitClock, of: Of): Change[] {
  return life.runs.flatMap((runs, index): Change[] => {
    if (runs === (life.runs[index - 1] ?? true)) return []
    const at = index === 0 ? begins + 1 : between(life.first + index)
    return [{ at, ...of, kind: runs ? 'resume' : 'pause' }]
  })
}

function pins(seen: readonly SeenPin[], at: (tick: number) => number, of: Of, all: CpuSet): Change[] {
  return seen.flatMap(({ index, vcpu, cpus }): Change[] =>
    vcpu < 0 ? [] : [{ at: at(index), ...of, kind: 'pin', vcpu, affinity: listOf(cpus, all) }],
  )
}

function hotPlugs(life: DomainLife, rules: FitRules, of: Of): Change[] {
  return life.vcpus.flatMap((count, index) => {
    const before = life.vcpus[index - 1] ?? count
    return plugs(
      Math.max(1, before),
      Math.max(1, count),
      rules.clock.between(life.first + index),
      of,
      life,
      rules,
    )
  })
}

function plugs(from: number, to: number, at: number, of: Of, life: DomainLife, rules: FitRules): Change[] {
  const less = Array.from({ length: Math.max(0, from - to) }, (): Change => ({ at, ...of, kind: 'unplug' }))
  const more = Array.from({ length: Math.max(0, to - from) }, (_, index): Change => {
    return { at, ...of, kind: 'plug', vcpu: vcpuScenario(life, from + index, rules) }
  })
  return [...less, ...more]
}

function known(memory: readonly SeenMemory[], what: keyof SeenMemory): number | undefined {
  return memory.find((seen) => !Number.isNaN(seen[what]))?.[what]
}

function wholeKiB(bytes: number): number {
  return Math.max(KiB, Math.floor(bytes / KiB) * KiB)
}
