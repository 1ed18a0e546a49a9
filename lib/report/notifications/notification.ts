/** What a person may be told of; docs/notifications.md has each. */
export type NotificationEvent =
  | 'guest-stuck'
  | 'host-memory-short'
  | 'control-lost'
  | 'another-balancer'
  | 'no-gain'
  | 'rollback'

/** Something that a person is to know of, before anybody is told. */
export interface Notification {
  readonly event: NotificationEvent
  /** A `rollback` has happened; all else begins, lasts and ends. */
  readonly state: 'begun' | 'ended' | 'happened'
  /** Milliseconds since the epoch. */
  readonly wallTime: number
  /** The guest that it is about; left out: the host. */
  readonly domain?: string | undefined
  readonly uuid?: string | undefined
  /** One line. Safe to print. */
  readonly text: string
  /** In bytes, seconds, and fractions. */
  readonly figures: Readonly<Record<string, number | string>>
}
