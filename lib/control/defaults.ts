import { MiB } from '../util/units.ts'

/** Bytes that no guest is shrunk below. */
export const guestFloor = 200 * MiB
/** Bytes that every guest keeps above what it uses. */
export const guestMargin = 100 * MiB
/** Bytes of hypervisor memory that every domain is counted with at least; QEMUs were seen to hold 36 to 160 MiB. */
export const domainOverhead = 64 * MiB

/** Bytes that are left to a host with `hostMemory` bytes of memory. */
export function hostMemoryReserve(hostMemory: number): number {
  return Math.max(512 * MiB, 0.05 * hostMemory)
}
