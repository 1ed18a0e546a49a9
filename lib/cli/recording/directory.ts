import { mkdtemp, rmdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { makeDirectory } from '../../util/make-directory.ts'
import { UsageError } from '../exit-codes.ts'

/** What passes by itself: it costs the recording, as it does later, and nothing else. */
const passing = new Set(['ENOSPC', 'EDQUOT'])

/** What the kernel says, in words. */
const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'its file system is read-only',
  EEXIST: 'it is a file, or below one',
  ENOTDIR: 'it is a file, or below one',
  ENOENT: 'nothing can be made there',
}

/** Makes the directory for recordings. Rejects with a {@link UsageError} where none can be written; `option` names it. */
export async function assertRecordable(option: string, directory: string): Promise<void> {
  const path = resolve(directory)
  try {
    await makeDirectory(path)
    // Permissions do not tell: root has all of them, also where no file can be made.
    await rmdir(await mkdtemp(join(path, '.ballast-')))
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    if (passing.has(code)) return
    const why = reasons[code] ?? message
    throw new UsageError(`${option} must be a directory that ballast can write to; ${path}: ${why}`)
  }
}
