import { access, constants } from 'node:fs/promises'
import { hostname } from 'node:os'
import type { Tick } from '../../control/tick.ts'
import { realClock } from '../../libvirt/real-clock.ts'
import { NotificationWatch } from '../../report/notifications/watch.ts'
import { withoutPassword } from '../../util/uri.ts'
import { type CliContext, logNotice } from '../context.ts'
import { Notifier } from './notifier.ts'
import type { Receiver } from './receiver.ts'

/** Tells people of what happens in a run. */
export interface Notifications extends AsyncDisposable {
  observe(tick: Tick): void
  /** The run ends by this error. */
  failed(error: unknown): void
}

/** Begins to tell `receivers` of a run on the host at `uri`. */
export async function startNotifications(
  context: CliContext,
  receivers: readonly Receiver[],
  { uri, dryRun }: { readonly uri: string; readonly dryRun: boolean },
): Promise<Notifications> {
  const watch = new NotificationWatch()
  const report = (line: string, level: 'info' | 'warn') =>
    logNotice(context, line, { event: 'notify', level })
  for (const receiver of receivers) {
    if (receiver.kind !== 'program') continue
    await access(receiver.path, constants.X_OK).catch(({ message }: Error) => {
      report(`${receiver.path} is to be run for notifications, and cannot be: ${message}`, 'warn')
    })
  }
  const sender = { uri: withoutPassword(uri), hostname: hostname(), dryRun }
  const notifier = new Notifier(receivers, { sender, timer: realClock, report })
  return {
    observe: (tick) => notifier.tell(watch.observe(tick)),
    failed(error) {
      const message = error instanceof Error ? error.message : String(error)
      notifier.tell(watch.failed(message, realClock.wallTime()))
    },
    [Symbol.asyncDispose]: () => notifier[Symbol.asyncDispose](),
  }
}
