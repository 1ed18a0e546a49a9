import { expect } from 'vitest'
import { CpuSet } from '../../lib/host/cpuset.ts'
import type { Host } from '../../lib/host/host.ts'
import type { CpuSample, MemorySample } from '../../lib/host/sample.ts'

/** What a Host under test really has behind it: what it has not, the suite skips. */
export interface Abilities {
  /** vCPU times are true: usage is known from the second sample on. */
  readonly usage: boolean
  /** So is the run-queue delay. */
  readonly delay: boolean
  /** The guest reports its memory once it was given a period. */
  readonly statistics: boolean
  /** `actual` comes to what `setMemory` asked for. */
  readonly balloon: boolean
  /** A pin is told as an event. */
  readonly pinEvents: boolean
  /** A moving balloon is told as an event. */
  readonly balloonEvents: boolean
  /** Domains have `cpu_shares`: there are cgroups. */
  readonly cpuShares: boolean
  /** The pace of same-page ksm is ours to set. */
  readonly ksm: boolean
}

/** A Host and what the suite may do with it. */
export interface Subject {
  readonly host: Host
  /** Name of a running domain that the suite may pin, resize by 16 MiB, restart and stop. */
  readonly domain: string
  /** Name of a running domain whose metadata says `<settings shares='2000'/>`; leave out where there is none. */
  readonly described?: string
  readonly can: Abilities
  /** Lets so many milliseconds of the host's time pass. */
  pass(milliseconds: number): Promise<void>
  /** Restarts {@link domain}; leave out where that cannot be done. */
  restart?(): Promise<void>
  /** Ends {@link domain}; leave out where that cannot be done. */
  stop?(): Promise<void>
  /** Hot-plugs one vCPU into {@link domain}; leave out where that cannot be done. */
  plug?(): Promise<void>
  /** Called after each test, with the host open or closed: puts back what the next subject relies on. */
  release(): Promise<void>
}

const generousLimit = 30_000
const pause = 200

/** Waits, in the host's time, until `check` no longer throws, and returns what it returned; throws as it did last when that takes too long. */
export async function eventually<T>(subject: Subject, check: () => T | Promise<T>): Promise<T> {
  const { clock } = subject.host
  const deadline = clock.now() + generousLimit
  for (;;) {
    try {
      return await check()
    } catch (error) {
      if (clock.now() >= deadline) throw error
    }
    await subject.pass(pause)
  }
}

/** The index of a domain in a sample; fails the test when it is not there. */
export function rowOf(subject: Subject, sample: CpuSample | MemorySample): number {
  const row = sample.domains.findIndex(({ name }) => name === subject.domain)
  expect(row, `${subject.domain} in the sample`).toBeGreaterThanOrEqual(0)
  return row
}

/** The vCPU rows of the subject's domain. */
export function vcpuRows(subject: Subject, sample: CpuSample): number[] {
  const domain = rowOf(subject, sample)
  const first = sample.vcpuStart[domain]!
  return Array.from({ length: sample.vcpuStart[domain + 1]! - first }, (_, i) => first + i)
}

/** The affinity of the first vCPU of the subject's domain. */
export function affinityOf(subject: Subject, sample: CpuSample): CpuSet {
  const row = vcpuRows(subject, sample)[0]!
  const { affinity, affinityWords } = sample
  return CpuSet.fromWords(affinity.subarray(row * affinityWords, (row + 1) * affinityWords))
}

/** Expects a rejection with one of these codes. */
export async function expectCode(call: Promise<unknown>, ...codes: string[]): Promise<void> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(Error)
  expect(codes).toContain((error as { code?: unknown }).code)
}
