import type { RunIdentity } from '../../host/sample.ts'

/** Version of what agents write; a reader leaves newer ones alone and says so. */
export const reportVersion = 1

/**
 * What one host tells the fleet, made from its last Tick: plain JSON. Bytes, milliseconds; CPU in pCPUs of full speed.
 * What is not known is left out, never a guess.
 */
export interface HostReport {
  readonly version: typeof reportVersion
  /** The host's UUID. */
  readonly host: string
  /** For people. */
  readonly name: string
  /** Drawn anew at each start of its agent: two of them with one host's UUID are two hosts with one UUID. */
  readonly instance: string
  /** 0, 1, 2, … within `instance`. */
  readonly sequence: number
  /** When the Tick was, in milliseconds since the epoch by the host's own clock: for people, never compared across hosts. */
  readonly wallTime: number
  /** Milliseconds from one report to the next. */
  readonly interval: number
  readonly software: { readonly ballast: string; readonly libvirt?: string; readonly hypervisor?: string }
  /** How other hosts reach it; undefined: nothing can move here. */
  readonly reach?: MigrationReach | undefined
  readonly cpu: HostCpuReport
  readonly memory: HostMemoryReport
  /** Whether its Ballast only watches: nothing is moved from or to it then. */
  readonly dryRun: boolean
  /** Another agent has reported under this UUID lately. Default false. */
  readonly duplicate?: boolean | undefined
  readonly guests: readonly GuestReport[]
  /** Migrations that it is the source or the target of, whoever began them. */
  readonly migrations: readonly MigrationReport[]
  /** By key of a requirement that is known in the fleet: `true`, or why it cannot run such a guest. */
  readonly answers: Readonly<Record<string, true | string>>
}

export interface MigrationReach {
  /** libvirt's URI of it for others. */
  readonly uri: string
  /** Where memory is sent, such as `tcp://10.0.0.2`. */
  readonly dataUri?: string | undefined
  /** Bytes per second that one migration to or from it gets. */
  readonly bandwidth: number
}

export interface HostCpuReport {
  /** pCPUs that vCPUs may be placed on, and the sum of their capacities. */
  readonly pcpus: number
  readonly capacity: number
  /** What of it other work than vCPUs takes. */
  readonly background: number
  /** Of the load of its pCPUs. */
  readonly deviation?: number | undefined
}

export interface HostMemoryReport {
  readonly total: number
  /** What guests may hold in all: what neither other programs have, nor the host keeps, nor is reserved. */
  readonly budget: number
  /** What they hold now, with what was already asked for. */
  readonly committed: number
  readonly available?: number | undefined
  /** Free huge pages of all pools. Default: none. */
  readonly hugePagesFree?: number | undefined
}

export interface GuestReport extends RunIdentity {
  readonly uuid: string
  readonly name: string
  readonly running: boolean
  readonly cpu: GuestCpuReport
  readonly memory: GuestMemoryReport
  /** 0 to 100. */
  readonly score?: { readonly cpu?: number; readonly memory?: number } | undefined
  /** Key of its requirement: see `requirementKey`. Undefined: not known yet. */
  readonly requirement?: string | undefined
  /** Why it cannot move, in words: immovable devices, its owner, a job of another program. Empty: it can. */
  readonly stays: readonly string[]
  /** Labels from the domain's metadata, for the fleet's rules. */
  readonly labels: readonly string[]
  /** From its metadata: 1 moves first, 3 last. Default 2. */
  readonly priority?: 1 | 2 | 3 | undefined
}

export interface GuestCpuReport {
  readonly vcpus: number
  /** Sum of its vCPUs' demand, and the largest of one; undefined: not known. */
  readonly demand?: number | undefined
  readonly largest?: number | undefined
  /** Sum of its vCPUs' usage. */
  readonly usage?: number | undefined
  /** Of its vCPUs the longest part of the time, 0 to 1, that one waits for a pCPU. */
  readonly delay?: number | undefined
  readonly shares?: number | undefined
}

export interface GuestMemoryReport {
  /** What it may grow to, what it has, and what the host counts for it: all with the hypervisor's overhead apart. */
  readonly maximum: number
  readonly actual: number
  readonly committed: number
  /** What its hypervisor has beside guest memory; undefined: not known. */
  readonly overhead?: number | undefined
  /** What it needs, with the margin that is not taken from it; undefined: not known, take what it has. */
  readonly need?: number | undefined
  readonly hugePages?: number | undefined
  /** Bytes per second that it writes anew; undefined: not measured. */
  readonly dirtyRate?: number | undefined
  readonly swapping?: boolean | undefined
}

export interface MigrationReport {
  readonly guest: string
  readonly name: string
  readonly direction: 'in' | 'out'
  /** UUID of the other host, where it is known. */
  readonly peer?: string | undefined
  /** The order that it carries out; undefined: another program began it. */
  readonly order?: string | undefined
  readonly elapsed: number
  readonly memoryRemaining?: number | undefined
}
