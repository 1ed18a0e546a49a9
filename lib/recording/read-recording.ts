import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream'
import { constants, createGunzip } from 'node:zlib'
import { BallastError } from '../host/errors.ts'
import { counted } from '../util/format.ts'
import { jsonObject } from '../util/json-object.ts'
import { type Entry, type Header, recordingVersion } from './entries.ts'
import { recordingSuffix } from './recording-files.ts'
import type { Recorded } from './replay.ts'

/** A recording on disk. */
export interface StoredRecording extends Recorded {
  /** Its files, in their order. */
  readonly files: readonly string[]
  /** What it lacks, and why it ends early, in words; grows while it is read. */
  readonly problems: readonly string[]
}

/**
 * The recordings in a directory, or the one of a file, by the time at which they began. Rejects with `ERR_RECORDING` when there
 * is none, or one of a newer version. What is torn is read up to its last whole entry; files without a readable first line are
 * among the problems of the first recording.
 */
export async function readRecordings(path: string): Promise<StoredRecording[]> {
  const names = await namesIn(path)
  const unread: string[] = []
  const files = await Promise.all(
    names.map(async (file) => ({ file, header: await readHeader(file, unread) })),
  )
  const byId = new Map<string, { file: string; header: Header }[]>()
  for (const { file, header } of files) {
    if (header) byId.set(header.id, [...(byId.get(header.id) ?? []), { file, header }])
  }
  if (byId.size === 0) {
    const why = unread.length > 0 ? `: ${unread.join(', ')}` : ''
    if (names.length === 1 && names[0] === path) throw unreadable(`${path} is no recording${why}; ${place}`)
    throw unreadable(`There is no recording in ${path}${why}; ${cure(path)}`)
  }
  return Array.from(byId.values(), (parts, index) => stored(parts, index === 0 ? unread : []))
}

function stored(
  parts: readonly { readonly file: string; readonly header: Header }[],
  unread: readonly string[],
): StoredRecording {
  const problems = [...unread]
  return {
    header: parts[0]!.header,
    files: parts.map(({ file }) => file),
    problems,
    entries: entriesOf(parts, problems),
  }
}

async function* entriesOf(
  parts: readonly { readonly file: string; readonly header: Header }[],
  problems: string[],
): AsyncGenerator<Entry, void, undefined> {
  const first = parts[0]!.header.part
  if (first > 0) {
    problems.push(`its first ${counted(first, 'file')} ${first === 1 ? 'is' : 'are'} gone: ${differs}`)
  }
  for (const [index, { file, header }] of parts.entries()) {
    const { part, missing } = header
    const isNext = index === 0 || part === parts[index - 1]!.header.part + 1
    if (!isNext) problems.push(`the file before ${basename(file)} is missing: ${differs}`)
    if (missing) problems.push(`${missing} entries before ${basename(file)} could not be written`)
    // What a later file begins with is known when those before it were read whole.
    const isContinued = index > 0 && !missing && isNext
    yield* entriesIn(file, isContinued ? 1 + header.beginning : 1, problems)
  }
}

/** What a hole leads to. */
const differs = 'decisions may differ until all was read anew'

/** The entries of one file but for its first lines. */
async function* entriesIn(
  file: string,
  skipped: number,
  problems: string[],
): AsyncGenerator<Entry, void, undefined> {
  let index = 0
  for await (const line of linesOf(file, problems)) {
    if (index++ < skipped) continue
    const entry = jsonObject(line)
    if (typeof entry?.t !== 'number') {
      problems.push(`${basename(file)} is damaged at line ${index}: the rest of it is left out`)
      return
    }
    yield entry as unknown as Entry
  }
}

/** The files with recordings in a directory, by name, or the one at `path`. */
async function namesIn(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path]
    const names = (await readdir(path)).filter((name) => name.endsWith(recordingSuffix))
    return names.sort().map((name) => join(path, name))
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    throw unreadable(
      code === 'ENOENT'
        ? `There is no file or directory ${path}: ${cure(path)}`
        : `Cannot read ${path}: ${failures[code] ?? message}`,
    )
  }
}

/** How there comes to be a recording. */
function cure(path: string): string {
  return `${place}, or have them write to ${path}`
}

const place = 'give the directory that "ballast run --record" or "ballast record" wrote to'

/** Why a file cannot be read, by the code of the system or of zlib. */
const failures: Readonly<Record<string, string>> = {
  EACCES: 'this user may not; become root, or a member of the group that owns it',
  EPERM: 'this user may not; become root, or a member of the group that owns it',
  ENOTDIR: 'a part of its path is a file',
  EIO: 'the disk fails',
  Z_DATA_ERROR: 'its bytes are not what was written',
}

/** What zlib says of a file that does not begin as one of gzip. */
const noGzip = 'incorrect header check'

/** Undefined: the file is empty, since its first entry was not written in time, or damaged. */
async function readHeader(file: string, problems: string[]): Promise<Header | undefined> {
  const damages: string[] = []
  for await (const line of linesOf(file, damages)) {
    const header = jsonObject(line)
    const version = header?.ballastRecording
    if (typeof version !== 'number') throw unreadable(`${file} is no recording of Ballast`)
    if (version > recordingVersion) {
      throw unreadable(
        `${file} has version ${version} of the format, and this Ballast reads up to ${recordingVersion}: use a newer one`,
      )
    }
    return header as unknown as Header
  }
  problems.push(damages[0] ?? `${basename(file)} is empty`)
  return undefined
}

/** The whole lines of a compressed file; the last one may be torn. */
async function* linesOf(file: string, problems: string[]): AsyncGenerator<string, void, undefined> {
  // A stream that was cut off is read as far as it goes.
  const text = createGunzip({ finishFlush: constants.Z_SYNC_FLUSH })
  // Closes the file when the reader stops early, and hands on why it cannot be read.
  pipeline(createReadStream(file), text, () => {})
  text.setEncoding('utf8')
  let rest = ''
  try {
    for await (const chunk of text) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      yield* lines
    }
    if (rest !== '')
      problems.push(`${basename(file)} ends within an entry: its writer was interrupted, or still writes`)
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    const isDamaged = code.startsWith('Z_')
    problems.push(
      message === noGzip
        ? `${basename(file)} is no gzip file, as recordings are`
        : `${basename(file)} ${isDamaged ? 'is damaged' : 'cannot be read'}: ${failures[code] ?? message}`,
    )
  } finally {
    text.destroy()
  }
}

function unreadable(message: string): BallastError {
  return new BallastError('ERR_RECORDING', message)
}
