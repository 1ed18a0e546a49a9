import type { DomainRef } from './host.ts'

/**
 * What a guest needs of the host that it runs on: all that decides whether another host can take it, and nothing that
 * changes while it runs. Plain data, so that one host can ask it of another.
 */
export interface GuestRequirement {
  /** The domain's type, `kvm` or `qemu`. Default: whichever the host prefers. */
  readonly virtualization?: string | undefined
  /** Architecture and machine type, as the guest's definition has them: `x86_64`, `pc-q35-7.2`. */
  readonly architecture: string
  readonly machine: string
  /**
   * The `<cpu>` element as it runs, for libvirt's own comparison; of a guest that has the host's own CPU
   * (`host-passthrough`), that of the host that it runs on. Undefined: the hypervisor's default.
   */
  readonly cpu: string | undefined
  /**
   * What the target must reach: paths of files and block devices of its disks, kernel and firmware, and `volume POOL/NAME`.
   * Disks that are reached by a network protocol are not among them: QEMU itself connects.
   */
  readonly storage: readonly string[]
  /** What its interfaces are in, as `network NAME` (libvirt's), `bridge NAME` or `device NAME`. */
  readonly networks: readonly string[]
  /** Bytes of its memory that come from pools of huge pages. */
  readonly hugePages: number
  /** What of it cannot move, in words: passed-through devices, a disk on a local device. Empty: nothing. */
  readonly immovable: readonly string[]
}

/** A running job of a domain, as libvirt reports it. Bytes; unknown figures are left out. */
export interface MigrationProgress {
  /** Whether the guest comes to this host or leaves it. Default: it leaves. */
  readonly direction?: 'in' | 'out' | undefined
  /** Milliseconds since it began. */
  readonly elapsed: number
  readonly memoryTotal?: number | undefined
  readonly memoryRemaining?: number | undefined
  readonly memoryProcessed?: number | undefined
  /** Bytes per second. */
  readonly bandwidth?: number | undefined
  readonly dirtyRate?: number | undefined
  /** How often all memory was gone through. */
  readonly iteration?: number | undefined
}

export interface MigrateOptions {
  /** libvirt's URI of the target, as the source's daemon, or this process, reaches it. */
  readonly targetUri: string
  /** Where the guest's memory goes, such as `tcp://10.0.0.2`; undefined: libvirt chooses. */
  readonly dataUri?: string | undefined
  /** Bytes per second at most. Default: no limit. */
  readonly bandwidth?: number | undefined
  /** Milliseconds that the guest may be paused at the end. Default: libvirt's. */
  readonly downtime?: number | undefined
  /** Aborts it: the guest stays. */
  readonly signal?: AbortSignal | undefined
}

/** What a migration came to. Milliseconds, bytes. */
export interface MigrationResult {
  readonly elapsed: number
  readonly downtime?: number | undefined
  readonly memoryProcessed?: number | undefined
}

/** The side of a host that moves guests to others: beside `Host`, since most programs never move one. */
export interface MigrationHost {
  /** The host's own UUID, lower-case, as its capabilities have it. */
  readonly hostUuid: string
  /** Whether a domain runs here now; one that is still on its way here does not. */
  runs(uuid: string): Promise<boolean>
  /** What a running domain needs of a host. Never waits for a guest's monitor. */
  requirement(uuid: string): Promise<GuestRequirement>
  /** Why this host cannot run a guest that needs this, in words; undefined: it can. */
  problemWith(requirement: GuestRequirement): Promise<string | undefined>
  /**
   * Moves a running domain, live, to another host. Resolves when it runs there and is gone here. Rejects, with the guest
   * running here as before, with `ERR_MIGRATION`; with `ERR_MIGRATION_ABORTED` after `signal`; with `ERR_DOMAIN_BUSY`
   * while another job has it. `ERR_MIGRATION_UNKNOWN`: the connection was lost on the way, and where it runs has to be
   * looked up on both hosts.
   */
  migrate(domain: DomainRef, options: MigrateOptions): Promise<MigrationResult>
  /**
   * Has a text go with a running domain to whichever host it is migrated to next; undefined: nothing does. It is in the
   * domain's metadata, live, so it goes when the domain ends.
   */
  carry(domain: DomainRef, text: string | undefined): Promise<void>
  /** The text that came with a domain, or is to go with it. Never waits for a guest's monitor. */
  carried(uuid: string): Promise<string | undefined>
  /** The migration of a domain under way, whoever began it; undefined: there is none. */
  migrationProgress(uuid: string): Promise<MigrationProgress | undefined>
  /** Ends the migration under way; the guest stays. Does nothing when there is none. */
  abortMigration(uuid: string): Promise<void>
  /** Bytes per second that the guest writes anew, measured over a second; undefined: this host cannot tell. */
  dirtyRate(uuid: string): Promise<number | undefined>
}
