import type { CpuSet } from './cpuset.ts'

/** What keeps a domain's memory on the host, whatever its balloon says. */
export type PinnedMemory =
  | 'huge pages' // backed by the host's huge pages, which a balloon cannot give back one by one
  | 'locked' // locked, or encrypted (SEV, TDX), which pins it as well
  | 'passthrough' // a device of the host writes into it: VFIO or vDPA pins all of it

/** What one run of a domain is made of, as far as it matters to whoever changes it. It can change by hot-plug alone. */
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
  /** NUMA cells that all its memory is bound to (`<numatune>`, strict or restrictive). Default: it is not. */
  readonly memoryCells?: CpuSet | undefined
}
