import { BallastError } from '../host/errors.ts'
import type { Host } from '../host/host.ts'
import { reconnecting } from '../host/reconnecting-host.ts'
import { realClock } from '../libvirt/real-clock.ts'
import { withTimeout } from '../util/timeout.ts'
import { unlessAborted } from '../util/unless-aborted.ts'
import { withoutPassword } from '../util/uri.ts'
import { type CliContext, logNotice } from './context.ts'
import type { ConnectionOptions } from './options.ts'

/** Milliseconds that the end of a command waits for a connection to close: a frozen daemon never closes one. */
const closeTimeout = 200

/**
 * Opens the host that the options or the environment name. Undefined: the user stopped the command first, and an
 * attempt that has begun is left to end by itself. `stays`: the host outlives its daemon, as `reconnecting` says.
 */
export async function openHost(
  context: CliContext,
  options: ConnectionOptions,
  { readOnly, stays = false }: { readonly readOnly: boolean; readonly stays?: boolean },
): Promise<Host | undefined> {
  // No attempt is begun during a shutdown, which may ask for a connection too.
  if (context.signal.aborted) return undefined
  const connect = () => context.connect(uriOf(context, options), { readOnly })
  return unlessAborted(stays ? reconnecting(connect) : connect(), context.signal)
}

/**
 * Closes `host` when it is disposed of, as all commands do at their end. Waits {@link closeTimeout} at most and never
 * rejects: what a command has to say it has said by then, and the end of the process closes what is left.
 */
export function closing(host: Host): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      const closed = host.close().catch(() => undefined)
      await withTimeout(realClock, closeTimeout, closed)
    },
  }
}

/** The URI that the options or the environment name, as it is written there. */
export function uriOf(context: CliContext, options: ConnectionOptions): string {
  // As in libvirt, an empty variable is none.
  return options.connect ?? (context.env.LIBVIRT_DEFAULT_URI || 'qemu:///system')
}

/** The name of a host, and why it could not be reached. */
export interface NamedHost {
  readonly uri: string
  readonly error?: BallastError
}

/** The URI as libvirt completes it; as it was given when there is no daemon. Undefined: the user stopped the command. */
export async function nameHost(
  context: CliContext,
  options: ConnectionOptions,
): Promise<NamedHost | undefined> {
  try {
    const host = await openHost(context, options, { readOnly: true })
    if (!host) return undefined
    await using _host = closing(host)
    return { uri: host.uri }
  } catch (error) {
    if (!(error instanceof BallastError)) throw error
    return { uri: withoutPassword(uriOf(context, options)), error }
  }
}

/** The URI that {@link nameHost} gives; where the host cannot be reached, says so. */
export async function canonicalUri(
  context: CliContext,
  options: ConnectionOptions,
): Promise<string | undefined> {
  const named = await nameHost(context, options)
  if (named?.error) logNotice(context, named.error.message)
  return named?.uri
}

/** Says when the connection is lost, and when it is back. */
export function logConnection(context: CliContext, host: Host): void {
  const uri = withoutPassword(host.uri)
  host.subscribe((event) => {
    if (event.kind === 'disconnected') {
      const text = `lost ${uri}: ${event.reason}; guests stay as they are, connecting again`
      logNotice(context, text, { event: 'connection-lost', level: 'warn' })
    } else if (event.kind === 'connected') {
      logNotice(context, `connected to ${uri} again`, { event: 'connection-back', level: 'info' })
    }
  })
}
