import type { Host } from '../host/host.ts'
import { reconnecting } from '../host/reconnecting-host.ts'
import { withoutPassword } from '../util/uri.ts'
import { type CliContext, note } from './context.ts'
import type { ConnectionOptions } from './options.ts'

/**
 * Opens the host that the options or the environment name. Undefined: the user stopped us first; the
 * attempt then ends by itself. `stays`: the host outlives its daemon, as `reconnecting` says.
 */
export async function openHost(
  world: CliContext,
  options: ConnectionOptions,
  { readOnly, stays = false }: { readonly readOnly: boolean; readonly stays?: boolean },
): Promise<Host | undefined> {
  const connect = () => world.connect(uriOf(world, options), { readOnly })
  const opening = stays ? reconnecting(connect) : connect()
  const stopped = new AbortController()
  const stop = new Promise<undefined>((resolve) => {
    world.signal.addEventListener('abort', () => resolve(undefined), { signal: stopped.signal })
  })
  try {
    return await (world.signal.aborted ? undefined : Promise.race([opening, stop]))
  } finally {
    stopped.abort()
  }
}

/** The URI that the options or the environment name, as it is written there. */
export function uriOf(world: CliContext, options: ConnectionOptions): string {
  // As in libvirt, an empty variable is none.
  return options.connect ?? (world.env.LIBVIRT_DEFAULT_URI || 'qemu:///system')
}

/** Says when the connection is lost, and when it is back. */
export function logConnection(world: CliContext, host: Host): void {
  const uri = withoutPassword(host.uri)
  host.subscribe((event) => {
    if (event.kind === 'disconnected') {
      const text = `lost ${uri}: ${event.reason}; guests stay as they are, connecting again`
      note(world, text, { event: 'connection-lost', level: 'warn' })
    } else if (event.kind === 'connected') {
      note(world, `connected to ${uri} again`, { event: 'connection-back', level: 'info' })
    }
  })
}
