import type { MigrationProgress, MigrationResult } from '../../host/migration.ts'
import type { MigrationRequest } from '../acting/migrator.ts'

/** What a leader asks of the host that a guest runs on. */
export interface Order {
  /** Unique: an order that is delivered twice is done once. */
  readonly id: string
  /** Revision of the lease under which it was given: a host that has seen a newer one refuses it. */
  readonly fence: number
  /** UUID of the host that is to do it. */
  readonly host: string
  readonly kind: 'migrate' | 'abort'
  /** For `abort`: the id of the order to end. */
  readonly of?: string | undefined
  /** For `migrate`. */
  readonly request?: MigrationRequest | undefined
  /** The FleetTick that it belongs to, and who asked: for the history. */
  readonly tick: number
  readonly by: string
}

/** What the host that carries an order out tells of it. */
export interface OrderEvent {
  readonly order: string
  readonly host: string
  readonly state: 'begun' | 'progress' | 'done' | 'failed' | 'refused'
  readonly progress?: MigrationProgress | undefined
  readonly result?: MigrationResult | undefined
  /** Code and message of what failed, or why it was refused. */
  readonly error?: { readonly code: string; readonly message: string } | undefined
}

/** States after which nothing more comes of an order. */
export function isOver({ state }: OrderEvent): boolean {
  return state === 'done' || state === 'failed' || state === 'refused'
}
