import type { Notification } from '../../report/notifications/notification.ts'
import { printableJson } from '../../util/printable.ts'

/** What is said of the sender in each message. */
export interface Sender {
  /** Of the libvirt host, without its password. */
  readonly uri: string
  /** Of the machine that Ballast runs on. */
  readonly hostname: string
  readonly dryRun: boolean
}

/** A notification that is to go out. */
export interface Outgoing {
  readonly notification: Notification
  /** Number of notifications of the same event and guest that were withheld since the last one, since they came too often. */
  readonly withheld: number
}

/** Version of the format below. Fields are added; what changes their meaning makes another version. */
const version = 1

/** A notification as one line of JSON. `lost` is the number of those before it that could not be delivered. */
export function messageOf({ notification, withheld }: Outgoing, sender: Sender, lost: number): string {
  const { event, state, wallTime, domain, uuid, text, figures } = notification
  const { uri, hostname, dryRun } = sender
  const time = new Date(wallTime).toISOString()
  const about = { domain, uuid, text: dryRun ? `dry run: ${text}` : text }
  return printableJson(
    JSON.stringify({ version, event, state, time, uri, hostname, dryRun, ...about, figures, withheld, lost }),
  )
}
