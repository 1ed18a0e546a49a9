import { createHash } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'
import { join } from 'node:path'
import { withoutPassword } from '../util/uri.ts'

/**
 * The journal of a host: the file that `--journal` names, the usual one within the directory that it names (one that is
 * there, or whatever ends in a slash), or that of {@link defaultJournalPath} without it.
 */
export function journalPath(
  option: string | undefined,
  uri: string,
  env: Readonly<Record<string, string | undefined>>,
): string {
  if (option === undefined) return defaultJournalPath(uri, env)
  const isDirectory = option.endsWith('/') || (existsSync(option) && statSync(option).isDirectory())
  return isDirectory ? join(option, fileName(uri)) : option
}

/**
 * The journal of a host when no path is given: a file for each URI, in `$XDG_STATE_HOME/ballast`, for root in
 * `/var/lib/ballast` and for others in `~/.local/state/ballast`.
 */
export function defaultJournalPath(
  uri: string,
  env: Readonly<Record<string, string | undefined>>,
  uid = userInfo().uid,
): string {
  const state = env.XDG_STATE_HOME || (uid === 0 ? '/var/lib' : join(homedir(), '.local/state'))
  return join(state, 'ballast', fileName(uri))
}

function fileName(uri: string): string {
  const readable = withoutPassword(uri)
    .replace(/[^a-z0-9]+/gi, '-')
    .slice(0, 60)
  const digest = createHash('sha256').update(uri).digest('hex').slice(0, 12)
  return `${readable}-${digest}.jsonl`
}
