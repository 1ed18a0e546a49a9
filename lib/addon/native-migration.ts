export interface NativeMigrationSettings {
  readonly targetUri: string
  /** Empty: libvirt chooses. */
  readonly dataUri: string
  /** MiB per second; 0: no limit. */
  readonly bandwidthMiB: number
  /** Milliseconds; 0: libvirt's. */
  readonly downtime: number
}

/** Milliseconds, bytes. */
export interface NativeMigrationOutcome {
  readonly elapsed: number
  readonly downtime?: number
  readonly memoryProcessed?: number
}

/** Milliseconds, bytes; what libvirt does not tell is left out. */
export interface NativeMigrationJob {
  readonly isIncoming: boolean
  readonly elapsed: number
  readonly memoryTotal?: number
  readonly memoryRemaining?: number
  readonly memoryProcessed?: number
  readonly bandwidth?: number
  readonly dirtyRate?: number
  readonly iteration?: number
}

export interface NativeGuestHardware {
  /** The domain's type; empty: whichever the host prefers. */
  readonly virtualization: string
  readonly architecture: string
  readonly machine: string
  /** XML; empty: none. */
  readonly cpu: string
}
