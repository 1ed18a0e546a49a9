import type { Guest } from './guest.ts'
import type { Toll } from './memory-stall.ts'

/** What is really so in a running guest, for tests and judges: nothing that a host could see. */
export interface Truth extends Toll {
  /** Per vCPU: the fraction of one pCPU that it would use, within its quotas, if it had one for itself. */
  readonly demand: readonly number[]
  /** Bytes that the program holds, in memory and swapped out. */
  readonly held: number
  /** Bytes of the program that are swapped out now. */
  readonly swapped: number
  /**
   * Bytes: the smallest balloon with which the program as the scenario has it, had it never waited or been killed, would
   * neither wait nor be killed now.
   */
  readonly needed: number
  /** Size of the balloon now, and the size that it was last asked for, in bytes. */
  readonly actual: number
  readonly target: number
  /** Resident memory of the domain's QEMU in bytes; huge pages are no part of it. */
  readonly rss: number
  /** What of its memory is on huge pages, in bytes. */
  readonly hugePages: number
}

/** What missing memory has done on a host, and how the host itself stands. */
export interface HostToll extends Toll {
  /** Bytes of the host that nothing holds; below 0: what it had to swap out itself. */
  readonly hostFree: number
  /** Milliseconds that the host itself had to swap: every guest waits then. */
  readonly hostSwapped: number
}

/** What is so in this guest now. */
export function truthOf(guest: Guest): Truth {
  return {
    demand: guest.vcpus.demand,
    held: guest.memory.held,
    swapped: guest.memory.swapped,
    needed: guest.memory.needed,
    actual: guest.memory.actual,
    target: guest.memory.target,
    rss: guest.memory.rss,
    hugePages: guest.memory.hugePages,
    ...guest.memory.toll,
  }
}
