import { createHash } from 'node:crypto'
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { stateDirectory } from '../../util/state-directory.ts'
import type { Resource } from './owner.ts'

/** Directories of lock files. */
export interface LockPlaces {
  /**
   * The directory that root shares with the users of libvirt, so that they exclude each other. Used by whoever may
   * write there, and created by root.
   */
  readonly shared: string
  /** The directory of a user who may not write there. */
  readonly own: string
}

/** Users in this group may change all guests, so they may also lock the host. */
const libvirtGroup = 'libvirt'

export function systemLockPlaces(
  env: Readonly<Record<string, string | undefined>> = process.env,
): LockPlaces {
  return { shared: '/run/ballast', own: join(stateDirectory(env), 'locks') }
}

/**
 * Prefix of the lock files of `resource` on the host at `uri`; the number of the user follows. Undefined for hosts that
 * live within the process, which no other process can change.
 */
export function lockPrefix(uri: string, resource: Resource, uid = process.geteuid?.()): string | undefined {
  return prefixOf(uri, resource, uid)
}

/** The same of the files that are locked while a controller of the host starts. */
export function startPrefix(uri: string): string | undefined {
  return prefixOf(uri, 'start', process.geteuid?.())
}

function prefixOf(uri: string, part: Resource | 'start', uid: number | undefined): string | undefined {
  if (/^(test|simulation):/.test(uri)) return undefined
  const digest = createHash('sha256').update(hostOf(uri, uid)).digest('hex').slice(0, 24)
  return `${digest}-${part}.`
}

/** The directory for locks of this user, which exists afterwards. Throws the error of the file system. */
export function lockDirectory({ shared, own }: LockPlaces): string {
  createShared(shared)
  if (isUsable(shared)) return shared
  mkdirSync(own, { recursive: true, mode: 0o700 })
  return own
}

/** Paths of all lock files with this prefix, of every user whose files can be seen. */
export function lockFiles({ shared, own }: LockPlaces, prefix: string): string[] {
  return [shared, own].flatMap((directory) =>
    namesIn(directory)
      .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
      .map((name) => join(directory, name)),
  )
}

/**
 * The host that a libvirt URI leads to. Transport, user, password and most parameters make no difference; the socket
 * does, and in session mode the user whose session it is.
 */
function hostOf(uri: string, uid: number | undefined): string {
  const match = /^([a-z0-9]+)(?:\+[a-z0-9]+)?:\/\/(?:([^/?#]*)@)?([^/?#]*)([^?#]*)/i.exec(uri)
  if (!match) return uri
  const [, driver = '', user = '', server = '', path = ''] = match
  const socket = new URLSearchParams(uri.split('?', 2)[1] ?? '').get('socket') ?? ''
  const session = path === '/session' ? `${user.split(':', 1)[0]} ${uid}` : ''
  return [driver.toLowerCase(), server.toLowerCase(), path.replace(/\/+$/, ''), socket, session].join('\n')
}

/** Creates the shared directory where it is missing and this is root: otherwise `tmpfiles.d` has to. */
function createShared(path: string): void {
  if (process.geteuid?.() !== 0) return
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if (isSystemError(error, 'EEXIST', 'EROFS', 'ENOENT', 'EACCES')) return
    throw error
  }
  const group = groupId(libvirtGroup)
  if (group === undefined) return
  chownSync(path, 0, group)
  // Files get the group of the directory, and only their owners can remove them.
  chmodSync(path, 0o3770)
}

/** Whether root (or this user) decides who may write in a directory, and this user may. */
function isUsable(path: string): boolean {
  try {
    const stats = lstatSync(path)
    const isTrusted = stats.uid === 0 || stats.uid === process.geteuid?.()
    if (!stats.isDirectory() || !isTrusted || (stats.mode & 0o002) !== 0) return false
    accessSync(path, constants.W_OK | constants.X_OK)
    return true
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EROFS')) return false
    throw error
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return []
    throw error
  }
}

function groupId(name: string): number | undefined {
  try {
    const line = new RegExp(`^${name}:[^:]*:(\\d+):`, 'm').exec(readFileSync('/etc/group', 'utf8'))
    return line ? Number(line[1]) : undefined
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'EACCES')) return undefined
    throw error
  }
}

function isSystemError(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
