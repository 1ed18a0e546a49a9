import { closeSync, constants, fchmodSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { getSystemErrorName } from 'node:util'
import { loadNative, type NativeFileLock } from '../../addon/native.ts'
import { BallastError, wrongOption } from '../../host/errors.ts'
import type { Host } from '../../host/host.ts'
import { withoutPassword } from '../../util/uri.ts'
import {
  describeOwner,
  formatOwner,
  type LockOwner,
  type LockStatus,
  longestOwner,
  parseOwner,
  type Resource,
  resources,
} from './owner.ts'
import { type LockPlaces, lockDirectory, lockFiles, lockPrefix, systemLockPlaces } from './places.ts'

export interface HostLockOptions {
  /** What is locked. Default: both. */
  readonly resources?: readonly Resource[]
  /** Shown to others: the program and what it does. Default: the name of the process. */
  readonly command?: string
  /** Shown to others: names of the policies that run. Default: none. */
  readonly policies?: readonly string[]
  /** Shown to others: path of the journal. Default: none. */
  readonly journal?: string
}

/** A lock that is held until it is disposed of, or until the process ends in whatever way. */
export interface HostLock {
  /** Shows others from now on that these policies run. */
  tell(policies: readonly string[]): void
  release(): void
  [Symbol.dispose](): void
}

/**
 * Makes this process the only controller of `host`, for the resources that it names: two of them would undo each
 * other's work indefinitely. The lock is a locked file: the operating system releases it when the process ends, also
 * after a crash. It excludes the other processes of this user on this machine, and those of all users who may write
 * `/run/ballast`, as root and the group `libvirt` do; docs/operating.md has the details. Controllers on other machines
 * are not seen. On a host that lives within the process (`test:///`, a simulated one) nothing is locked.
 *
 * Rejects with `ERR_LOCKED`, whose message names the owner, with `ERR_NOT_SUPPORTED` where the file cannot be locked, and
 * with `ERR_ADDON_MISSING`. `places` are the directories of the lock files.
 *
 * @example `using _ = await lockHost(host, { resources: ['vcpus'], command: 'my-program' })`
 */
export async function lockHost(
  host: Pick<Host, 'uri'>,
  options: HostLockOptions = {},
  places: LockPlaces = systemLockPlaces(),
): Promise<HostLock> {
  const { command = process.title, policies = [], journal } = options
  let me: LockOwner = { pid: process.pid, user: userName(), since: Date.now(), command, policies, journal }
  const wanted = new Set(options.resources ?? resources)
  for (const resource of wanted) {
    if (!resources.includes(resource)) throw wrongOption('resources', "of 'vcpus' and 'memory'", resource)
  }
  const locks: NativeFileLock[] = []
  const release = () => {
    for (const lock of locks.splice(0)) lock.release()
  }
  try {
    for (const resource of wanted) {
      const prefix = lockPrefix(host.uri, resource)
      if (prefix === undefined) continue
      const path = lockPath(places, prefix, host.uri)
      const lock = asUnsupported(host.uri, () => loadNative().lockFile(path))
      if (!lock) throw locked({ resource, locked: true, owner: readOwner(path) }, host.uri)
      locks.push(lock)
      write(lock, me)
      // Users of the group libvirt need to see it; in a user's own directory nobody else does.
      if (dirname(path) === places.shared) fchmodSync(lock.fd, 0o640)
      const other = lockFiles(places, prefix).find((file) => file !== path && isLocked(file))
      if (other) throw locked({ resource, locked: true, owner: readOwner(other) }, host.uri)
    }
  } catch (error) {
    release()
    throw error
  }
  const tell = (policies: readonly string[]) => {
    me = { ...me, policies }
    for (const lock of locks) write(lock, me)
  }
  return { tell, release, [Symbol.dispose]: release }
}

/** The lock of each resource of the host at `uri`, as far as this user can see. Rejects with `ERR_ADDON_MISSING`. */
export async function lockOwners(
  uri: string,
  places: LockPlaces = systemLockPlaces(),
): Promise<LockStatus[]> {
  return resources.map((resource): LockStatus => {
    const prefix = lockPrefix(uri, resource)
    const path = prefix === undefined ? undefined : lockFiles(places, prefix).find(isLocked)
    return path === undefined
      ? { resource, locked: false }
      : { resource, locked: true, owner: readOwner(path) }
  })
}

function lockPath(places: LockPlaces, prefix: string, uri: string): string {
  return asUnsupported(uri, () => join(lockDirectory(places), `${prefix}${process.geteuid?.()}`))
}

/** Turns an error of the file system into `ERR_NOT_SUPPORTED`. */
function asUnsupported<T>(uri: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (error instanceof BallastError || !(error instanceof Error && 'errno' in error)) throw error
    const message = `Cannot lock ${withoutPassword(uri)} against other controllers: ${error.message}`
    throw new BallastError('ERR_NOT_SUPPORTED', message, { cause: error })
  }
}

/** Whether another process has locked a file; also when that cannot be told, as in the moment of its creation. */
function isLocked(path: string): boolean {
  try {
    return loadNative().isFileLocked(path)
  } catch (error) {
    if (!(error instanceof Error && 'errno' in error && typeof error.errno === 'number')) throw error
    return getSystemErrorName(error.errno) === 'EACCES'
  }
}

function write({ fd }: NativeFileLock, owner: LockOwner): void {
  const text = Buffer.from(formatOwner(owner))
  writeSync(fd, text, 0, text.length, 0)
  // Only now: the owner can be read at every moment.
  ftruncateSync(fd, text.length)
}

/** Reads a lock file that another user may have made; undefined where there is nothing to be read. */
function readOwner(path: string): LockOwner | undefined {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      const text = Buffer.alloc(longestOwner)
      return parseOwner(text.toString('utf8', 0, readSync(fd, text, 0, longestOwner, 0)))
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined
    throw error
  }
}

function locked(status: LockStatus, uri: string): BallastError {
  const what = `The ${status.resource === 'vcpus' ? 'placement of vCPUs' : 'memory'} of ${withoutPassword(uri)}`
  const owner = status.locked ? status.owner : undefined
  const who = owner ? describeOwner(owner) : 'a process that cannot be identified'
  return new BallastError('ERR_LOCKED', `${what} is locked by ${who}`)
}

function userName(): string {
  try {
    return userInfo().username
  } catch (error) {
    // In a container the user often has a number and no name.
    if (error instanceof Error && 'code' in error) return `uid ${process.geteuid?.()}`
    throw error
  }
}
