import { autopilot } from '../../control/autopilot.ts'
import { type RunningController, runningControllers } from '../../control/host-lock/host-lock.ts'
import { BallastError } from '../../host/errors.ts'
import type { Host } from '../../host/host.ts'
import { type ShownTick, shownTick } from '../../report/shown-tick.ts'
import { withoutPassword } from '../../util/uri.ts'
import { canonicalUri, closing, openHost, uriOf } from '../connection.ts'
import type { CliContext } from '../context.ts'
import type { ConnectionOptions } from '../options.ts'
import { askController } from '../recent/ask.ts'
import { type FollowedTick, followController } from '../recent/follow.ts'
import type { LiveSource, Teller } from './source.ts'

/** Milliseconds from one look for a controller to the next, at the least. */
const lookInterval = 2_000

export interface AttachOptions extends ConnectionOptions {
  /** Milliseconds between Ticks of a connection of our own. */
  readonly interval: number
}

/**
 * The controller of the host that the options name, where one runs that can be followed; else a connection of our own that
 * only watches. Undefined: the user stopped the command. Rejects as connecting does.
 */
export async function attach(context: CliContext, options: AttachOptions): Promise<LiveSource | undefined> {
  const given = uriOf(context, options)
  // Without a connection where that is not needed: a daemon that hangs is a time to look.
  const uri = given.includes('://') ? given : ((await canonicalUri(context, options)) ?? given)
  const controllers = runningControllers(uri, context.lockPlaces)
  let why = 'no controller runs'
  try {
    if (controllers.length > 0) return await follow(context, withoutPassword(uri), controllers)
  } catch (error) {
    if (!(error instanceof BallastError) || context.signal.aborted) throw error
    // It runs, and cannot be followed: an older one, or one that this user may not ask. The host can be watched all the same.
    why = error.message
  }
  const host = await openHost(context, options, { readOnly: true, stays: true })
  // One that cannot be followed is not looked for again and again.
  const canFollow = () => controllers.length === 0 && runningControllers(uri, context.lockPlaces).length > 0
  return host && watch(context, host, { ...options, why, canFollow })
}

async function follow(
  { signal }: CliContext,
  uri: string,
  controllers: readonly RunningController[],
): Promise<LiveSource> {
  const names = controllers.map(({ owner }) => `${owner.command} (pid ${owner.pid})`)
  const [first, ...others] = await Promise.all(
    controllers.map(async (controller): Promise<Teller> => {
      const ticks = await followController(controller, signal)
      return { past: await askedOf(controller), ticks: heard(ticks) }
    }),
  )
  return { title: `${names.join(', ')}  ${uri}`, ...first!, others }
}

/** What it remembers; undefined: it is asked by too many, which is no reason not to look at what it does now. */
async function askedOf(controller: RunningController): Promise<LiveSource['past']> {
  try {
    return (await askController(controller)).entries
  } catch (error) {
    if (error instanceof BallastError) return undefined
    throw error
  }
}

async function* heard(ticks: AsyncIterable<FollowedTick>): AsyncGenerator<ShownTick, void, undefined> {
  for await (const { tick } of ticks) yield tick
}

interface WatchOptions extends AttachOptions {
  readonly why: string
  /** Whether a controller runs now that could be followed instead. */
  readonly canFollow: () => boolean
}

/** Ends when there is a controller to follow. */
function watch({ signal }: CliContext, host: Host, options: WatchOptions): LiveSource {
  const { interval, why, canFollow } = options
  let lookedAt = performance.now()
  const isTime = () => performance.now() - lookedAt > lookInterval
  return {
    title: `watching: ${why}  ${withoutPassword(host.uri)}`,
    past: undefined,
    others: [],
    ticks: (async function* () {
      await using _ = closing(host)
      for await (const tick of autopilot(host, { interval, signal })) {
        yield shownTick(tick)
        if (!isTime()) continue
        lookedAt = performance.now()
        if (canFollow()) return
      }
    })(),
  }
}
