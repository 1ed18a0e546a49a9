import { constants, type Stats } from 'node:fs'
import { type FileHandle, lstat, open } from 'node:fs/promises'
import { BallastError } from '../../host/errors.ts'

/**
 * Opens the journal at `path` if only this user or root can have written it: its content is set on guests by a process
 * that may be root's. Creates it with mode 0600 when `flags` say so. Its directory is not checked: whoever replaces the
 * file there owns the new one. Rejects with `ERR_JOURNAL` when the file is not safe, and as `open` does.
 */
export async function openJournal(path: string, flags: number): Promise<FileHandle> {
  // First by name: some devices and pipes act when they are merely opened.
  const before = await lstat(path).catch(unlessMissing)
  if (before) throwIfUnsafe(path, before)
  const file = await open(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o600)
  try {
    throwIfUnsafe(path, await file.stat())
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

/** Turns the error of a missing file into undefined, and throws any other. */
export function unlessMissing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
  throw error
}

function throwIfUnsafe(path: string, stats: Stats): void {
  const why = danger(path, stats)
  if (why !== undefined) throw new BallastError('ERR_JOURNAL', why)
}

function danger(path: string, stats: Stats): string | undefined {
  if (!stats.isFile()) return `The journal ${path} is no regular file: give the path of one that is no link`
  const uid = process.geteuid?.()
  if (stats.uid !== 0 && stats.uid !== uid) {
    return `The journal ${path} belongs to another user (uid ${stats.uid}), who decides by it what is set on guests: run ballast as that user, or check it and take it over with chown`
  }
  if ((stats.mode & 0o022) !== 0) {
    const mode = (stats.mode & 0o777).toString(8)
    return `Other users can write the journal ${path} (mode ${mode}): check it, then run chmod go-w on it`
  }
  return undefined
}
