import { runningControllers } from '../../control/host-lock/host-lock.ts'
import { withoutPassword } from '../../util/uri.ts'
import { canonicalUri, uriOf } from '../connection.ts'
import { type CliContext, logNotice } from '../context.ts'
import type { ConnectionOptions } from '../options.ts'
import { defaultRecordings, openRecordings, type ReadingOptions } from '../recording/options.ts'
import { askController } from './ask.ts'
import type { Past } from './past.ts'

export type PastOptions = ReadingOptions & ConnectionOptions

/** What is read without `--recording`, for the help. */
export const usualPast =
  'what the running controller remembers, else recordings in the state directory of ballast'

/**
 * The recordings that the options name; else what the controller of the host remembers; else, when none runs, the recordings in
 * the state directory. Each list is of one controller after the other: two of them run at a time when one has the vCPUs and the
 * other the memory. Rejects with what an asked controller says, and with `ERR_RECORDING`.
 */
export async function openPasts(
  context: CliContext,
  options: PastOptions,
): Promise<readonly (readonly Past[])[]> {
  if (options.recording !== undefined) return [await openRecordings(context, options)]
  const given = uriOf(context, options)
  // Without a connection where that is not needed: a daemon that hangs is a time to ask.
  const uri = given.includes('://') ? given : ((await canonicalUri(context, options)) ?? given)
  const controllers = runningControllers(uri, context.lockPlaces)
  if (controllers.length > 0) {
    return await Promise.all(controllers.map(async (controller) => [await askController(controller)]))
  }
  const host = withoutPassword(uri)
  logNotice(
    context,
    `no controller of ${host} runs here: asking the recordings in ${defaultRecordings(context)}`,
  )
  return [await openRecordings(context, options)]
}
