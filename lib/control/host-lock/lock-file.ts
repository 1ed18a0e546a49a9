import { closeSync, constants, fchmodSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { getSystemErrorName } from 'node:util'
import { loadNative } from '../../addon/load-native.ts'
import type { NativeFileLock } from '../../addon/native.ts'
import { BallastError } from '../../host/errors.ts'
import { withoutPassword } from '../../util/uri.ts'
import { formatOwner, type LockOwner, longestOwner, parseOwner } from './owner.ts'
import { type LockPlaces, lockDirectory } from './places.ts'

/** A lock file of this user, and its lock. */
export interface LockFile {
  readonly path: string
  /** Undefined: another process of this user has it. */
  readonly lock: NativeFileLock | undefined
}

/**
 * Locks this user's file with `prefix` for the host at `uri`, and has it say who the owner is. Throws
 * `ERR_NOT_SUPPORTED` where it cannot be locked, and `ERR_ADDON_MISSING`.
 */
export function takeLockFile(places: LockPlaces, prefix: string, uri: string, owner: LockOwner): LockFile {
  return asUnsupported(uri, () => {
    const path = join(lockDirectory(places), `${prefix}${process.geteuid?.()}`)
    const lock = loadNative().lockFile(path)
    if (!lock) return { path, lock }
    try {
      writeOwner(lock, owner)
      // Users of the group libvirt need to see it; in a user's own directory nobody else does.
      if (dirname(path) === places.shared) fchmodSync(lock.fd, 0o640)
    } catch (error) {
      lock.release()
      throw error
    }
    return { path, lock }
  })
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
export function isLocked(path: string): boolean {
  try {
    return loadNative().isFileLocked(path)
  } catch (error) {
    if (!(error instanceof Error && 'errno' in error && typeof error.errno === 'number')) throw error
    return getSystemErrorName(error.errno) === 'EACCES'
  }
}

/** Has the file say that this is its owner. */
export function writeOwner({ fd }: NativeFileLock, owner: LockOwner): void {
  const text = Buffer.from(formatOwner(owner))
  writeSync(fd, text, 0, text.length, 0)
  // Only now: the owner can be read at every moment.
  ftruncateSync(fd, text.length)
}

/** Reads a lock file that another user may have made; undefined where there is nothing to be read. */
export function readOwner(path: string): LockOwner | undefined {
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
