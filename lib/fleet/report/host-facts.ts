import type { HostReport } from './host-report.ts'

/** What a host's report has beside what its Tick says: by the program that runs its loop. */
export interface HostFacts
  extends Pick<HostReport, 'host' | 'name' | 'interval' | 'software' | 'reach' | 'dryRun'> {
  /** By UUID; a guest that is not in it moves nowhere, since what it needs is not known. */
  readonly guests: ReadonlyMap<string, GuestFacts>
  /** Migrations that libvirt knows of on this host. The agent adds which order each carries out. */
  readonly migrations: HostReport['migrations']
}

/** What is known of a guest for moving it. */
export interface GuestFacts {
  /** Key of its requirement, see `requirementKey`; undefined: not known yet. */
  readonly requirement?: string | undefined
  /** Why it cannot move, in words. Empty: it can. */
  readonly stays: readonly string[]
  /** From its metadata. */
  readonly labels: readonly string[]
  readonly priority?: 1 | 2 | 3 | undefined
  /** Bytes per second that it writes anew; undefined: not measured. */
  readonly dirtyRate?: number | undefined
}

/** A report without what the agent that writes it adds. */
export type ReportBody = Omit<HostReport, 'version' | 'instance' | 'sequence' | 'answers' | 'duplicate'>
