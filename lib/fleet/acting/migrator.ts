import type { MigrationProgress, MigrationResult } from '../../host/migration.ts'
import type { MigrationReach } from '../report/host-report.ts'

/** One migration as a host is asked for it. */
export interface MigrationRequest {
  readonly guest: string
  /** The run that was planned for: another is refused. */
  readonly run: { readonly id: number; readonly run?: string | undefined }
  readonly target: { readonly host: string; readonly reach: MigrationReach }
  /** Milliseconds after which it is aborted. */
  readonly deadline: number
}

/**
 * Moves guests away from one host: a libvirt host, or a simulated one. Rejects as `MigrationHost.migrate` does; once it is
 * rejected the guest runs here as before, but for `ERR_MIGRATION_UNKNOWN`.
 */
export interface Migrator {
  migrate(
    request: MigrationRequest,
    options: { readonly signal: AbortSignal; readonly progress?: (progress: MigrationProgress) => void },
  ): Promise<MigrationResult>
  /** Whether the guest runs here now: what is asked on both sides when the outcome of a migration is unknown. */
  runs(guest: string): Promise<boolean>
  /** The migration of a guest under way from here, whoever began it, an earlier process too; undefined: there is none. */
  progress(guest: string): Promise<MigrationProgress | undefined>
  /** Ends that migration; the guest stays. Does nothing when there is none. */
  abort(guest: string): Promise<void>
}
