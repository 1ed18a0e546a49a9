import { wrongOption } from '../host/errors.ts'
import { GiB, MiB } from '../util/units.ts'
import { programThatFits } from './guest-kernel.ts'
import { qemuOverhead } from './guest-memory.ts'
import { hostOwnMemory } from './machine.ts'
import type { Change, DomainScenario, Load, Program, Scenario } from './scenario.ts'

/** How large a CPU case is. */
export interface CpuCase {
  /** Guests with one vCPU each. Default 8. */
  readonly guests?: number
  /** Default 4. */
  readonly pcpus?: number
  /** Default 1. */
  readonly seed?: number
}

/** How large a memory case is. */
export interface MemoryCase {
  /** Memory of the host in bytes, at least 3 GiB. Default 4 GiB. */
  readonly memory?: number
  /** Default 1. */
  readonly seed?: number
}

/** About 42 % and 14 % of a pCPU, in small pieces as the classic loads work; two and two of them fit on one with room to spare. */
const heavy: Load = { kind: 'loop', work: 5, sleep: 7 }
const light: Load = { kind: 'loop', work: 2, sleep: 12 }
const idle: Load = { kind: 'idle' }
/** When the light guests of A7 turn heavy. */
const turnAt = 20_000

/** All on pCPU 0, equal load. Right: spread evenly, with no more moves than guests that must leave pCPU 0. */
export function A1(size: CpuCase = {}): Scenario {
  return cpuCase(size, () => ({ affinity: '0', load: heavy }))
}

/** Half on the first pCPU, half on the last, equal load. */
export function A2(size: CpuCase = {}): Scenario {
  return cpuCase(size, (guest, { guests, pcpus }) => {
    return { affinity: guest < guests / 2 ? '0' : `${pcpus - 1}`, load: heavy }
  })
}

/** Spread evenly and pinned, equal load. Right: no change at all. */
export function A3(size: CpuCase = {}): Scenario {
  return cpuCase(size, (guest, { pcpus }) => ({ affinity: `${guest % pcpus}`, load: heavy }))
}

/** Free to run anywhere, equal load. */
export function A4(size: CpuCase = {}): Scenario {
  return cpuCase(size, () => ({ affinity: 'any', load: heavy }))
}

/** Free to run anywhere, heavy and light in turn. Right: one of each per pCPU. */
export function A5(size: CpuCase = {}): Scenario {
  return cpuCase(size, (guest) => ({ affinity: 'any', load: guest % 2 === 0 ? heavy : light }))
}

/** Spread evenly and pinned, no load. Right: no change at all. */
export function A6(size: CpuCase = {}): Scenario {
  return cpuCase(size, (guest, { pcpus }) => ({ affinity: `${guest % pcpus}`, load: idle }))
}

/** Free to run anywhere, all light; the first half turn heavy after 20 s. */
export function A7(size: CpuCase = {}): Scenario {
  const scenario = cpuCase(size, () => ({ affinity: 'any', load: light }))
  const half = scenario.domains.slice(0, scenario.domains.length / 2)
  const changes = half.map(({ name }): Change => ({ at: turnAt, domain: name, kind: 'load', load: heavy }))
  return { ...scenario, changes }
}

/** First guest only: grows until the maximum leaves it little more than 100 MiB, then frees all. */
export function M1(size: MemoryCase = {}): Scenario {
  return memoryCase(size, [{ size: nearMaximum, until: 130_000 }])
}

/** All four grow as far as the host can go with them, then free all. */
export function M2(size: MemoryCase = {}): Scenario {
  const share = programWithin(size, 0, 4)
  return memoryCase(
    size,
    Array.from({ length: 4 }, () => ({ size: share, until: 80_000 })),
  )
}

/** All grow; the first two stop early and free; the last two go on. */
export function M3(size: MemoryCase = {}): Scenario {
  const early = { size: nearMaximum, until: 20_000 }
  const late = { size: programWithin(size, 2, 2), until: 100_000 }
  return memoryCase(size, [early, early, late, late])
}

/** The first stops early, the second goes on, two are idle. */
export function M4(size: MemoryCase = {}): Scenario {
  return memoryCase(size, [
    { size: nearMaximum, until: 25_000 },
    { size: nearMaximum, until: 130_000 },
  ])
}

/** A program that grows as the classic load does, and when it frees all. */
interface Growth {
  readonly size: number
  readonly until: number
}

const guestMaximum = 2 * GiB
const guestStart = 512 * MiB
const growthRate = 22 * MiB
const growthStart = 5_000
/** What a guest must keep unused, and its page cache. */
const beside = (100 + 32) * MiB
/** Leaves a policy some room to see in time that the maximum is needed. */
const nearMaximum = programThatFits(guestMaximum, guestMaximum, beside + 32 * MiB)

/** What each of `growing` guests can hold on a host that keeps a reserve of 512 MiB, beside `idling` small ones. */
function programWithin({ memory = 4 * GiB }: MemoryCase, idling: number, growing: number): number {
  const reserve = Math.max(512 * MiB, memory * 0.05)
  const idle = idling * (300 * MiB + qemuOverhead)
  const share = (memory - reserve - hostOwnMemory - idle) / growing - qemuOverhead
  return programThatFits(share, guestMaximum, beside)
}

/** Four guests of 512 MiB of 2 GiB each on one small host. */
function memoryCase({ memory = 4 * GiB, seed = 1 }: MemoryCase, growths: readonly Growth[]): Scenario {
  if (!(memory >= 3 * GiB)) throw wrongOption('memory', `bytes from ${3 * GiB} on`, memory)
  const domains = Array.from({ length: 4 }, (_, guest): DomainScenario => {
    return { name: `guest${guest + 1}`, memory: { maximum: guestMaximum, actual: guestStart } }
  })
  const run = (at: number, guest: number, program: Program): Change => {
    return { at, domain: domains[guest]!.name, kind: 'program', program }
  }
  const changes = growths.flatMap(({ size, until }, guest) => [
    run(growthStart, guest, { size, rate: growthRate }),
    run(until, guest, { size: 0 }),
  ])
  return { seed, pcpus: 4, memory, domains, changes }
}

function cpuCase(
  { guests = 8, pcpus = 4, seed = 1 }: CpuCase,
  vcpu: (guest: number, size: { guests: number; pcpus: number }) => { affinity: string; load: Load },
): Scenario {
  if (!Number.isInteger(guests) || guests < 1) throw wrongOption('guests', 'a whole number above 0', guests)
  const domains = Array.from({ length: guests }, (_, guest): DomainScenario => {
    return { name: `guest${guest + 1}`, vcpus: [vcpu(guest, { guests, pcpus })] }
  })
  return { seed, pcpus, domains }
}
