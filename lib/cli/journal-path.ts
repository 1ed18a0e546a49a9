import { createHash } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { stateDirectory } from '../util/state-directory.ts'
import { withoutPassword } from '../util/uri.ts'

/**
 * The journal of a host: the file that `--journal` names; the default file name in the directory that it names (one that
 * exists, or any path with a slash at its end); or {@link defaultJournalPath} without it.
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

/** The journal of a host when no path is given: a file for each URI, in the state directory. */
export function defaultJournalPath(
  uri: string,
  env: Readonly<Record<string, string | undefined>>,
  uid?: number,
): string {
  return join(stateDirectory(env, uid), fileName(uri))
}

function fileName(uri: string): string {
  const readable = withoutPassword(uri)
    .replace(/[^a-z0-9]+/gi, '-')
    .slice(0, 60)
  const digest = createHash('sha256').update(uri).digest('hex').slice(0, 12)
  return `${readable}-${digest}.jsonl`
}
