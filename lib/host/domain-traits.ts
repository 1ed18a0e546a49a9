import type { CpuSet } from './cpuset.ts'

/** What keeps a domain's memory on the host, whatever its balloon says. */
export type PinnedMemory =
  | 'huge pages' // backed by the host's huge pages, which a balloon cannot give back one by one
  | 'locked' // locked, or encrypted (SEV, TDX), which pins it as well
  | 'passthrough' // a device of the host writes into it: VFIO or vDPA pins all of it

/**
 * Memory devices of the model virtio-mem, all of a domain's together, in bytes. Their owner says how much of them the guest
 * is to have, and its driver plugs it in pieces. It is memory of the guest, and none that its balloon can be asked for.
 */
export interface VirtioMem {
  /** What the guest may be given by them at most: part of its maximum. */
  readonly size: number
  /** What their owner wants it to have, and what it has. */
  readonly requested: number
  readonly current: number
}

/** What one run of a domain is made of, as far as it matters to whoever changes it. A `device` event says that it has changed. */
export interface DomainTraits {
  /** Its balloon device; `none` where its definition has none, undefined where it does not say. */
  readonly balloon: 'virtio' | 'xen' | 'none' | undefined
  /** Seconds between the reports of its memory; undefined: it was not given a period. */
  readonly statsPeriodSeconds: number | undefined
  /** Undefined: what its balloon takes comes back to the host. */
  readonly pinnedMemory: PinnedMemory | undefined
  /** Bytes of its memory that come from the host's pools of huge pages. Default: none. */
  readonly hugePages?: number | undefined
  /** Whether its memory is a file that it shares, so that the host may count it as page cache. Default: it is not. */
  readonly fileBacked?: boolean | undefined
  /** Its virtio-mem devices. Default: it has none. */
  readonly virtioMem?: VirtioMem | undefined
  /** NUMA cells that all its memory is bound to (`<numatune>`, strict or restrictive). Default: it is not. */
  readonly memoryCells?: CpuSet | undefined
}
