import type { DomainMemoryView } from '../view.ts'

type Levels = Pick<DomainMemoryView, 'virtioMem'>

/** Bytes of a guest's memory that its virtio-mem devices have plugged: its balloon cannot be asked for them. */
export function pluggedMemory({ virtioMem }: Levels): number {
  return virtioMem?.current ?? 0
}

/** Bytes that its owner wants it to have of these devices, and that it does not have yet: the host owes them. */
export function memoryToPlug({ virtioMem }: Levels): number {
  return virtioMem === undefined ? 0 : Math.max(0, virtioMem.requested - virtioMem.current)
}

/** The size of its balloon with which a guest has `bytes` in all. */
export function balloonSize(memory: Levels, bytes: number): number {
  return bytes - pluggedMemory(memory)
}

/** What a guest has in all with a balloon of `bytes`. */
export function guestSize(memory: Levels, bytes: number): number {
  return bytes + pluggedMemory(memory)
}
