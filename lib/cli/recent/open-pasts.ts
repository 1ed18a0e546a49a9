import { runningControllers } from '../../control/host-lock/host-lock.ts'
import type { StoredRecording } from '../../recording/read-recording.ts'
import { withoutPassword } from '../../util/uri.ts'
import { canonicalUri, uriOf } from '../connection.ts'
import { type CliContext, logNotice } from '../context.ts'
import type { ConnectionOptions } from '../options.ts'
import {
  defaultRecordings,
  openRecordings,
  type ReadingOptions,
  recordingsByHost,
} from '../recording/options.ts'
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
  if (options.recording !== undefined) return byHost(context, await openRecordings(context, options))
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
  return byHost(context, await openRecordings(context, options), host)
}

/** Those of each host apart, since guests of two may have one name; says so where there are others than `asked`. */
function byHost(
  context: CliContext,
  recordings: readonly StoredRecording[],
  asked?: string,
): readonly (readonly StoredRecording[])[] {
  const hosts = recordingsByHost(recordings)
  const names = [...hosts.keys()]
  if (names.length > 1 || (asked !== undefined && names[0] !== asked)) {
    const text = `the recordings are of ${names.join(' and ')}`
    logNotice(
      context,
      asked === undefined || names.includes(asked) ? text : `${text}, and none is of ${asked}`,
    )
  }
  return [...hosts.values()]
}
