import type { Host } from '../host/host.ts'
import type { ConnectionOptions } from './options.ts'
import type { World } from './world.ts'

/**
 * Opens the host that the options or the environment name. Undefined: the user stopped us first; the
 * attempt then ends by itself.
 */
export async function openHost(
  world: World,
  options: ConnectionOptions,
  mode: { readonly readOnly: boolean },
): Promise<Host | undefined> {
  const opening = world.connect(uriOf(world, options), mode)
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
export function uriOf(world: World, options: ConnectionOptions): string {
  // As in libvirt, an empty variable is none.
  return options.connect ?? (world.env.LIBVIRT_DEFAULT_URI || 'qemu:///system')
}
