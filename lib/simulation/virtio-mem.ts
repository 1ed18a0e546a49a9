import { MiB } from '../util/units.ts'
import type { MemoryScenario } from './scenario.ts'

/** Bytes a second by which a guest plugs and unplugs memory. */
const speed = 512 * MiB
/** Bytes: it plugs whole blocks. */
export const block = 2 * MiB

/** The virtio-mem device of a guest, in bytes: none is one of no size. */
export class VirtioMemDevice {
  readonly size: number
  /** What its owner wants plugged. */
  requested: number
  /** What is. */
  plugged: number

  constructor({ size, requested }: NonNullable<MemoryScenario['virtioMem']> = { size: 0, requested: 0 }) {
    this.size = size
    this.requested = requested
    this.plugged = requested
  }

  /** The guest's driver comes closer to what is wanted; it has `free` bytes that it can do without. */
  step(seconds: number, free: number): void {
    const most = Math.floor((speed * seconds) / block) * block
    const given = Math.floor(Math.max(0, free) / block) * block
    const more = Math.max(-most, -given, Math.min(most, this.requested - this.plugged))
    this.plugged += more
  }
}
