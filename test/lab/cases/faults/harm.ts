import type { Guest } from '../../guest.ts'
import { identify, type ProcessIdentity } from '../../processes.ts'

/** A guest as it was when it was last well. */
export interface Health {
  readonly guest: Guest
  readonly process: ProcessIdentity | undefined
  /** How many of its programs it has lost. */
  readonly lost: number
}

/** How these guests are. */
export function healthOf(guests: readonly Guest[]): Promise<Health[]> {
  return Promise.all(
    guests.map(async (guest) => {
      const { killed, oomKills } = await guest.stat()
      return { guest, process: await identify(guest.pid), lost: killed + oomKills }
    }),
  )
}

/** What has become of those that were as `before`: each that was harmed, in words. */
export async function harmSince(before: readonly Health[]): Promise<string[]> {
  const harm = await Promise.all(
    before.map(async ({ guest, process, lost }) => {
      const now = await identify(guest.pid)
      if (!now || now.startTime !== process?.startTime) return `${guest.name} did not live on`
      const [after] = await healthOf([guest]).catch(() => [])
      if (!after) return `${guest.name} answers no more`
      return after.lost > lost ? `${guest.name} lost a program` : undefined
    }),
  )
  return harm.flatMap((one) => one ?? [])
}
