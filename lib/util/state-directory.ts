import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * The directory of this user's state: `$XDG_STATE_HOME/ballast`, for root `/var/lib/ballast`, and for other users
 * `~/.local/state/ballast`.
 */
export function stateDirectory(
  env: Readonly<Record<string, string | undefined>>,
  uid = process.geteuid?.(),
): string {
  const state = env.XDG_STATE_HOME || (uid === 0 ? '/var/lib' : join(homedir(), '.local/state'))
  return join(state, 'ballast')
}
