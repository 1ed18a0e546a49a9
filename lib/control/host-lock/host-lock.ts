import { userInfo } from 'node:os'
import type { NativeFileLock } from '../../addon/native.ts'
import { BallastError, wrongOption } from '../../host/errors.ts'
import type { Host } from '../../host/host.ts'
import { withoutPassword } from '../../util/uri.ts'
import { isLocked, readOwner, takeLockFile, writeOwner } from './lock-file.ts'
import { describeOwner, type LockOwner, type LockStatus, type Resource, resources } from './owner.ts'
import { type LockPlaces, lockFiles, lockPrefix, startPrefix, systemLockPlaces } from './places.ts'
import { lockStart } from './start-lock.ts'

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
  /**
   * Path for a Unix socket of the owner, beside the lock file and for the same users. Whatever is there is left of an earlier
   * owner. Undefined: nothing is locked.
   */
  readonly socketPath: string | undefined
  /** Shows others from now on that these policies run. */
  tell(policies: readonly string[]): void
  /** Shows others from now on that the socket answers questions, up to this version of them. */
  answers(version: number): void
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
  let socketPath: string | undefined
  const release = () => {
    for (const lock of locks.splice(0)) lock.release()
  }
  const first = startPrefix(host.uri)
  const start = first === undefined ? undefined : await lockStart(places, first, host.uri, me)
  if (start && 'heldBy' in start) {
    throw locked('start', host.uri, start.heldBy === undefined ? undefined : readOwner(start.heldBy))
  }
  try {
    for (const resource of wanted) {
      const prefix = lockPrefix(host.uri, resource)
      if (prefix === undefined) continue
      const { path, lock } = takeLockFile(places, prefix, host.uri, me)
      if (!lock) throw locked(resource, host.uri, readOwner(path))
      locks.push(lock)
      socketPath ??= socketOf(path)
      const other = lockFiles(places, prefix).find((file) => file !== path && isLocked(file))
      if (other) throw locked(resource, host.uri, readOwner(other))
    }
  } catch (error) {
    release()
    throw error
  } finally {
    start?.lock.release()
  }
  const show = (news: Partial<LockOwner>) => {
    me = { ...me, ...news }
    for (const lock of locks) writeOwner(lock, me)
  }
  return {
    socketPath,
    tell: (policies) => show({ policies }),
    answers: (version) => show({ answers: version }),
    release,
    [Symbol.dispose]: release,
  }
}

/** A controller of a host that runs. */
export interface RunningController {
  readonly owner: LockOwner
  /** Where its socket is, when it has one. */
  readonly socketPath: string
}

/** The controllers of the host at `uri`, as far as this user can see: one, or one of the vCPUs and one of the memory. */
export function runningControllers(
  uri: string,
  places: LockPlaces = systemLockPlaces(),
): RunningController[] {
  const found = new Map<number, RunningController>()
  for (const resource of resources) {
    const path = ownedFile(uri, resource, places)
    const owner = path === undefined ? undefined : readOwner(path)
    // With both locks the socket is beside the first.
    if (path !== undefined && owner && !found.has(owner.pid)) {
      found.set(owner.pid, { owner, socketPath: socketOf(path) })
    }
  }
  return [...found.values()]
}

/** The lock of each resource of the host at `uri`, as far as this user can see. Rejects with `ERR_ADDON_MISSING`. */
export async function lockOwners(
  uri: string,
  places: LockPlaces = systemLockPlaces(),
): Promise<LockStatus[]> {
  return resources.map((resource): LockStatus => {
    const path = ownedFile(uri, resource, places)
    return path === undefined
      ? { resource, locked: false }
      : { resource, locked: true, owner: readOwner(path) }
  })
}

/** The lock file of a resource that a process has locked. */
function ownedFile(uri: string, resource: Resource, places: LockPlaces): string | undefined {
  const prefix = lockPrefix(uri, resource)
  return prefix === undefined ? undefined : lockFiles(places, prefix).find(isLocked)
}

/** No lock file ends like this: see `lockFiles`. */
const socketOf = (lockFile: string) => `${lockFile}.sock`

/** What is locked, beside the resources: that one controller starts. */
const lockedParts = {
  vcpus: 'The placement of vCPUs',
  memory: 'The memory',
  start: 'The start of a controller',
} as const

function locked(part: keyof typeof lockedParts, uri: string, owner: LockOwner | undefined): BallastError {
  const who = owner ? describeOwner(owner) : 'a process that cannot be identified'
  const message = `${lockedParts[part]} of ${withoutPassword(uri)} is locked by ${who}`
  return new BallastError('ERR_LOCKED', message)
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
