import type {
  NativeGuestHardware,
  NativeMigrationJob,
  NativeMigrationOutcome,
  NativeMigrationSettings,
} from './native-migration.ts'

/**
 * All that crosses the border between TypeScript and C++. The C++ side is `native/addon.cc` and what it takes from
 * `native/node/`: connection_wrap with the calls of a connection, file_lock_wrap, watchdog_wrap, to_js. Nothing here
 * blocks the JS thread; every promise rejects with a {@link NativeError}.
 */
export interface NativeAddon {
  open(options: NativeOpenOptions): Promise<NativeConnection>
  /**
   * Sends a datagram to a Unix socket, as `sd_notify` does: `@` at the beginning of its name stands for the abstract
   * namespace. Does not wait; throws an `Error` when it was not taken.
   */
  notify(socket: string, state: string): void
  /**
   * Takes an exclusive lock on the file at `path`, which is created with mode 0600 when it is missing; its content
   * stays as it is. Undefined when another process, another worker or this one holds it. The lock is the open
   * file's (fcntl `F_OFD_SETLK`): the operating system releases it when the process ends, also by `SIGKILL`, and
   * child processes do not inherit it. Does not wait; throws a {@link NativeFileError} for a file that
   * cannot be opened, is a symbolic link or no regular file, or is another user's or writable by others.
   */
  lockFile(path: string): NativeFileLock | undefined
  /**
   * Whether some process holds the lock of `lockFile`; false when there is no file. Takes no lock itself, so it never
   * makes another program's `lockFile` fail. Throws a {@link NativeFileError} where that cannot be told.
   */
  isFileLocked(path: string): boolean
  /**
   * Starts a thread that ends the process, by `farewell` on stderr and SIGABRT, once the object that it gives was not
   * pinged for `limit` milliseconds. Time in which the process is stopped as a whole counts for a quarter at most. Throws
   * an `Error` when there can be no thread.
   */
  watch(limit: number, farewell: string): NativeWatchdog
  /**
   * Takes pages of files (programs, libraries, their data) out of this process, so that those which only its start needed
   * no longer count as its resident memory. The kernel keeps them as cache, and each comes back when it is touched. Takes
   * a few milliseconds, and does nothing where `/proc` cannot be read.
   */
  dropFilePages(): void
}

/** Watches until `stop()`, or until its worker or the process ends; never ended by garbage collection. */
export interface NativeWatchdog {
  /** Says that the thread which calls it does not hang. */
  ping(): void
  /** Further calls do nothing, and neither does a later `ping()`. */
  stop(): void
}

/** A lock that is held until `release()`, or until its worker or the process ends; never by garbage collection. */
export interface NativeFileLock {
  /** Open for reading and writing, for what the owner writes about itself; must not be closed. -1 once released. */
  readonly fd: number
  /** Releases the lock; the file stays. Further calls do nothing. */
  release(): void
}

/** What `lockFile` and `isFileLocked` throw. */
export interface NativeFileError extends Error {
  /** A negative system error number: `util.getSystemErrorName(errno)` gives `EACCES` and such. */
  readonly errno: number
  readonly path: string
}

export interface NativeOpenOptions {
  readonly uri: string
  readonly readOnly: boolean
  /** 0: no keepalive. */
  readonly keepAliveIntervalSeconds: number
  readonly keepAliveCount: number
  /** Milliseconds after which a call's promise is rejected. */
  readonly callDeadline: number
  /** Milliseconds after which one guest's memory statistics are given up. */
  readonly memoryDeadline: number
  /** Read the vCPU threads' files where the host is this machine. */
  readonly useProc: boolean
}

/** One open connection. Methods must not be called after `close()`. */
export interface NativeConnection {
  /** As it was when it was last read: at the start, or by `describeAnew()`. */
  describe(): NativeHostDescription
  /** Reads it anew: pCPUs were switched on or off, or plugged in. */
  describeAnew(): Promise<NativeHostDescription>
  listDomains(): Promise<NativeDomain[]>
  /** The element of this XML namespace in a domain's metadata. */
  domainMetadata(uuid: string, namespace: string): Promise<string | undefined>
  /**
   * Sets it, live, for the run with this id (-1: any), or takes it away where `xml` is undefined. `key` is the prefix that
   * it is written with.
   */
  setDomainMetadata(
    uuid: string,
    id: number,
    namespace: string,
    key: string,
    xml: string | undefined,
  ): Promise<void>
  /** The XML of a domain as it runs. */
  domainXml(uuid: string): Promise<string>
  sampleCpu(): Promise<NativeCpuSample>
  sampleMemory(): Promise<NativeMemorySample>
  /** What libvirt has each vCPU of a running domain pinned to. */
  vcpuPins(uuid: string): Promise<NativeVcpuPins>
  // What changes a domain is for the run with this id, and fails when that is over; -1: for any.
  /** `cpus` is a bitmap of 32-bit words. */
  pinVcpu(uuid: string, id: number, vcpu: number, cpus: Uint32Array): Promise<void>
  setMemory(uuid: string, id: number, memoryKiB: number): Promise<void>
  setMemoryStatsPeriod(uuid: string, id: number, seconds: number): Promise<void>
  cpuTune(uuid: string): Promise<NativeCpuTune>
  setCpuShares(uuid: string, id: number, shares: number): Promise<void>
  /** Undefined: the host has none. */
  ksm(): Promise<NativeKsm | undefined>
  setKsm(pagesToScan: number, sleepMilliseconds: number): Promise<void>
  /** Over a connection of its own; resolves when the guest runs on the target and is gone here. */
  migrate(uuid: string, id: number, settings: NativeMigrationSettings): Promise<NativeMigrationOutcome>
  /** Undefined: none is under way. */
  migrationJob(uuid: string): Promise<NativeMigrationJob | undefined>
  abortMigration(uuid: string): Promise<void>
  /** False: this libvirt or QEMU cannot measure it. */
  startDirtyRate(uuid: string, seconds: number): Promise<boolean>
  /** In MiB per second; undefined while it is measured. */
  dirtyRate(uuid: string): Promise<number | undefined>
  /** Why this host cannot run a guest of such hardware, in libvirt's words; empty: it can. */
  problemWith(hardware: NativeGuestHardware): Promise<string>
  /** Whether it has an active network of this name. */
  hasNetwork(name: string): Promise<boolean>
  hasVolume(pool: string, name: string): Promise<boolean>
  /** Hands every event from now on to `listener`, or to none; replaces the one before. */
  listen(listener: ((event: NativeEvent) => void) | undefined): void
  /**
   * Resolves when the connection is closed, and after a second (or `callDeadline`, if that is shorter) also when the
   * daemon does not answer: then it closes in the background, as soon as the daemon does.
   */
  close(): Promise<void>
}

export interface NativeHostDescription {
  /** XML. */
  readonly capabilities: string
  readonly memoryKiB: number
  readonly cpuCount: number
  /** The node CPU map as a bitmap; empty where the driver has none. */
  readonly online: Uint32Array
  /** Whether it is the machine that we run on. */
  readonly isLocal: boolean
  /** The kernel's list of isolated CPUs; empty: none, or not known. */
  readonly isolated: string
}

/** CPU maps by number of the vCPU, those not plugged in among them, one after the other. */
export interface NativeVcpuPins {
  readonly wordsPerVcpu: number
  readonly words: Uint32Array
}

/** The scheduler parameters of a domain; what the driver does not know is left out. */
export interface NativeCpuTune {
  readonly shares?: number
  /** Microseconds of each period, as libvirt has them: negative and very large ones are no limit. */
  readonly vcpuQuota?: number
  readonly vcpuPeriod?: number
  readonly globalQuota?: number
  readonly globalPeriod?: number
  readonly emulatorQuota?: number
  readonly emulatorPeriod?: number
}

/** Kernel same-page merging. */
export interface NativeKsm {
  readonly pagesToScan: number
  /** Milliseconds. */
  readonly sleep: number
  /** How many pages are saved, each of the host's own page size: see `pageSizeOf`. */
  readonly pagesSharing: number
  /** Left out where it is not known. */
  readonly running?: boolean
}

export interface NativeDomain {
  readonly uuid: string
  readonly name: string
  readonly id: number
  readonly state: number
  /** In samples of a local host whose QEMU process was found: see `DomainIdentity`. */
  readonly run?: string
}

/** The columns of a `CpuSample`, with `domains` only when the set differs from the last one handed over. */
export interface NativeCpuSample {
  readonly domains?: NativeDomain[]
  readonly listAge: number
  readonly time: number
  readonly interval: number
  readonly state: Uint8Array
  readonly source: Uint8Array
  readonly vcpuStart: Uint32Array
  readonly vcpu: Uint32Array
  readonly usage: Float64Array
  readonly delay: Float64Array
  readonly throttled: Float64Array
  readonly pcpu: Int32Array
  readonly affinityWords: number
  readonly affinity: Uint32Array
  readonly pcpuBusy: Float64Array
  readonly cpuset: Uint32Array
  /** The online pCPUs as a bitmap; empty: not known. */
  readonly online: Uint32Array
}

export interface NativeMemorySample {
  readonly domains?: NativeDomain[]
  readonly time: number
  readonly state: Uint8Array
  readonly status: Uint8Array
  /** The columns of {@link memoryColumns} one after the other, each as long as there are domains. */
  readonly values: Float64Array
  readonly hostTotalKiB: number
  readonly hostFreeKiB: number
  readonly hostAvailableKiB: number
  readonly hostPressure: number
  /** Bytes that the ZFS ARC of a local host holds above its minimum; NaN: there is none. */
  readonly hostZfsArc: number
  /** Pools of a local host that hold any page, by cell and size; of any other it is left out. */
  readonly hugePages?: readonly NativeHugePagePool[]
}

/** The huge pages of one size in one NUMA cell, in pages. */
export interface NativeHugePagePool {
  readonly cell: number
  readonly pageKiB: number
  readonly pages: number
  readonly free: number
}

/** The order of `MemoryColumn` in native/virt/memory_reading.h. */
export const memoryColumns = [
  'maximum',
  'actual',
  'available',
  'unused',
  'usable',
  'diskCaches',
  'swapIn',
  'swapOut',
  'rss',
  'majorFaults',
  'lastUpdate',
  'hugePages',
  'rssFile',
] as const

export interface NativeEvent {
  readonly kind:
    | 'lifecycle'
    | 'reboot'
    | 'balloon'
    | 'vcpuPin'
    | 'cpuShares'
    | 'cpuQuota'
    | 'device'
    | 'deviceSize'
    | 'metadata'
    | 'migration'
    | 'closed'
  readonly uuid: string
  readonly name: string
  readonly id: number
  /** lifecycle: virDomainEventType; closed: virConnectCloseReason; vcpuPin: number of the vCPU. */
  readonly detail: number
  /** balloon: its new size. */
  readonly bytes: number
  /** cpuShares: what they are now. */
  readonly shares: number
  /** vcpuPin: CPU list; device, deviceSize: alias; metadata: XML namespace. */
  readonly text: string
  /** device: plugged in, not out. */
  readonly added: boolean
}

/** What native promises reject with. */
export interface NativeError extends Error {
  readonly libvirtCode?: number
  readonly libvirtDomain?: number
  readonly level?: number
  readonly call: string
  readonly domainName?: string
  readonly timedOut?: boolean
}
