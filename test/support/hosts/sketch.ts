/** One pCPU of a host, by what firmware and kernel call it. */
export interface SketchedPcpu {
  readonly id: number
  readonly cell: number
  readonly socket: number
  readonly core: number
  /** CPU list, as `thread_siblings_list` has it while all are online. */
  readonly siblings: string
  /** Default 0. */
  readonly die?: number
  /** Default 65535: none, as x86 has it. */
  readonly cluster?: number
  /** Number of its last-level cache; undefined: libvirt shows none. */
  readonly cache?: number
  readonly isOffline?: boolean
  /** Files of it below `/sys/devices/system/cpu/cpuN`. */
  readonly files?: Readonly<Record<string, number>>
}

export interface SketchedCell {
  readonly id: number
  /** 0: it has none. */
  readonly memoryMiB: number
  /** To each cell in turn, itself among them. */
  readonly distances: readonly number[]
}

/** A host as its firmware has it, from which follows what libvirt and the kernel say of it. */
export interface HostSketch {
  readonly arch: string
  readonly cells: readonly SketchedCell[]
  readonly pcpus: readonly SketchedPcpu[]
  /** Files below `/sys/devices` that are of no single pCPU. */
  readonly files?: Readonly<Record<string, string>>
}

/** What of a core depends on the host. */
type Place = Omit<SketchedPcpu, 'id' | 'core' | 'siblings'> & { readonly core?: number }

/**
 * So many cores with SMT threads. `apart`: numbered as on x86 servers, first the first threads of all cores; otherwise the
 * threads of a core have numbers in a row, as on POWER and on desktops.
 */
export function cores(
  count: number,
  threads: number,
  place: (core: number, thread: number) => Place,
  { apart = false, first = 0 }: { readonly apart?: boolean; readonly first?: number } = {},
): SketchedPcpu[] {
  const idOf = (core: number, thread: number) =>
    first + (apart ? thread * count + core : core * threads + thread)
  const list = (core: number) => {
    const last = idOf(core, threads - 1)
    if (apart) return Array.from({ length: threads }, (_, thread) => idOf(core, thread)).join(',')
    return threads === 1 ? `${last}` : `${idOf(core, 0)}-${last}`
  }
  return Array.from({ length: count * threads }, (_, index) => {
    const core = apart ? index % count : Math.floor(index / threads)
    const thread = apart ? Math.floor(index / count) : index % threads
    return { core, ...place(core, thread), id: first + index, siblings: list(core) }
  })
}

/** Distances of cells as firmware gives them where all that are not the same are equally far. */
export function apart(count: number, remote: number): (id: number) => number[] {
  return (id) => Array.from({ length: count }, (_, other) => (other === id ? 10 : remote))
}
