import { randomUUID } from 'node:crypto'
import { type FileHandle, open, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { constants, createGzip, type Gzip } from 'node:zlib'
import { makeDirectory } from '../util/make-directory.ts'
import { type Entry, type Header, lineOf, recordingVersion } from './entries.ts'
import type { LastingTape } from './loop-recorder.ts'

/** How a recording is kept. Bytes and milliseconds. */
export interface RecordingOptions {
  /** Bytes that all recordings in the directory may take together; the oldest files go. Default 1 GiB. */
  readonly limit?: number | undefined
  /** Age at which files go. Default 7 days. */
  readonly keep?: number | undefined
  /** Is told once when the recording cannot be written, and once when it can again. */
  readonly report?: ((problem: string | undefined) => void) | undefined
}

/** Of one file, uncompressed, and since it began: after the one or the other comes the next. */
const fileLimits = { bytes: 256 * 2 ** 20, age: 3_600_000 }
/** Milliseconds from one write to the next: what a crash costs at most. */
export const flushInterval = 5_000
/** Characters that are compressed at once: each piece costs a turn of the event loop and of a thread, however small. */
const pieceLength = 2 ** 16
/** Bytes that wait to be compressed or written; what comes on top is left out of the recording. */
const mostWaiting = 16 * 2 ** 20
/** Milliseconds until a new file is tried after one could not be written. */
const retryPause = 30_000

export const recordingSuffix = '.jsonl.gz'
/** Names of files, which sort by the time at which they began; whatever else is in the directory is not ours to delete. */
const ownName = /^\d{4}-\d\d-\d\dT\d{6}\.\d{3}Z-[0-9a-f]{8}\.jsonl\.gz$/

/** What a recording says of itself in each of its files. */
export type RecordingOrigin = Pick<Header, 'versions' | 'uri' | 'readOnly'>

/**
 * Writes a recording into files of a directory: lines of JSON, compressed as one gzip stream each, appended to and
 * flushed every few seconds. Nobody waits for it and it never throws: a disk that is full or slow costs entries of the recording,
 * which the next file counts.
 */
export class RecordingFiles implements LastingTape, AsyncDisposable {
  readonly #directory: string
  readonly #origin: RecordingOrigin
  readonly #options: RecordingOptions
  readonly #id = randomUUID()
  /** What a file has to begin with. */
  #beginning: () => readonly Entry[] = () => []
  #part = 0
  #missing = 0
  #file: RecordingFile | undefined
  /** Settles when the files before this one are whole. */
  #ending: Promise<unknown> = Promise.resolve()
  /** When a file may be begun again. */
  #pausedUntil = 0
  #isBroken = false
  readonly #timer: NodeJS.Timeout

  constructor(directory: string, origin: RecordingOrigin, options: RecordingOptions = {}) {
    this.#directory = directory
    this.#origin = origin
    this.#options = options
    this.#timer = setInterval(() => this.flush(), flushInterval)
    this.#timer.unref()
  }

  /** Sets what later files begin with, so that each can be read without those before. */
  beginWith(beginning: () => readonly Entry[]): void {
    this.#beginning = beginning
  }

  write(entry: Entry, line = lineOf(entry)): void {
    if (this.#part === 0) this.#begin()
    if (this.#file?.write(line)) return
    this.#missing++
    this.#leave()
  }

  /** Has what was taken so far written, which it is every few seconds anyway. */
  flush(): void {
    this.#file?.flush()
  }

  /**
   * To be called between two ticks: begins the next file when it is time to, also after one that could not be written.
   * Samples are whole from here on, which within a tick they are not.
   */
  rotate(): void {
    const file = this.#file
    if (!file && this.#part > 0 && Date.now() >= this.#pausedUntil) this.#begin()
    if (!file || (file.bytes < fileLimits.bytes && Date.now() - file.begun < fileLimits.age)) return
    this.#file = undefined
    this.#end(file)
    this.#begin()
  }

  /** Resolves when all is written that can be. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    const file = this.#file
    this.#file = undefined
    this.#pausedUntil = Number.POSITIVE_INFINITY
    if (file) this.#end(file)
    await this.#ending
  }

  #end(file: RecordingFile): void {
    this.#ending = Promise.all([this.#ending, file.end()])
  }

  /** Ends a file that lacks an entry: what follows would be read as if nothing were missing. A later one begins whole. */
  #leave(): void {
    const file = this.#file
    if (!file) return
    this.#file = undefined
    // Not before what waits is written, or files would pile up in memory while a disk hangs.
    this.#pausedUntil = Number.POSITIVE_INFINITY
    this.#end(file)
    void this.#ending.then(() => {
      this.#pausedUntil = 0
    })
    if (!this.#isBroken) this.#options.report?.('the disk is too slow')
    this.#isBroken = true
  }

  #begin(): void {
    const begun = Date.now()
    const beginning = this.#part === 0 ? [] : this.#beginning()
    const header: Header = {
      ballastRecording: recordingVersion,
      id: this.#id,
      part: this.#part,
      ...this.#origin,
      wallTime: begun,
      beginning: beginning.length,
      ...(this.#missing > 0 && { missing: this.#missing }),
    }
    const name = `${new Date(begun).toISOString().replaceAll(':', '')}-${this.#id.slice(0, 8)}${recordingSuffix}`
    const file = new RecordingFile(join(this.#directory, name), begun, (error) => this.#ended(file, error))
    this.#file = file
    this.#part++
    for (const line of [header, ...beginning]) file.write(`${JSON.stringify(line)}\n`)
    this.#missing = 0
    void this.#prune(name)
  }

  /** A file was opened, or could not be written any more. */
  #ended(file: RecordingFile, error: Error | undefined): void {
    if (error === undefined) {
      if (this.#isBroken) this.#options.report?.(undefined)
      this.#isBroken = false
      return
    }
    if (this.#file === file) this.#file = undefined
    this.#missing += file.lost
    this.#pausedUntil = Date.now() + retryPause
    if (!this.#isBroken) this.#options.report?.(error.message)
    this.#isBroken = true
  }

  /** Deletes the oldest files of the directory, but for the present one. */
  async #prune(present: string): Promise<void> {
    const { limit = 2 ** 30, keep = 7 * 86_400_000 } = this.#options
    try {
      const names = (await readdir(this.#directory)).filter((name) => ownName.test(name))
      const files = await Promise.all(
        names.map(async (name) => ({ name, ...(await sizeAndAge(join(this.#directory, name))) })),
      )
      let total = 0
      for (const { name, size, age } of files.sort((a, b) => (a.name < b.name ? 1 : -1))) {
        total += size
        if (name !== present && (total > limit || age > keep)) await rm(join(this.#directory, name))
      }
    } catch {
      // The directory is made with the first file; what cannot be deleted is tried again with the next.
    }
  }
}

async function sizeAndAge(path: string): Promise<{ size: number; age: number }> {
  const { size, mtimeMs } = await stat(path)
  return { size, age: Date.now() - mtimeMs }
}

/** One file that is being written. */
class RecordingFile {
  readonly begun: number
  /** Bytes before compression. */
  bytes = 0
  /** Entries that were taken and not written. */
  lost = 0
  readonly #gzip: Gzip = createGzip({ level: 6, memLevel: 9 })
  readonly #opened: Promise<FileHandle>
  readonly #told: (error: Error | undefined) => void
  #writing: Promise<void>
  #waiting = 0
  /** Lines that are not handed on to be compressed yet. */
  #piece = ''
  /** Entries since the last flush that was written. */
  #unwritten = 0
  #failed = false

  /** `told` hears once that the file is there, and once that it cannot be written. */
  constructor(path: string, begun: number, told: (error: Error | undefined) => void) {
    this.begun = begun
    this.#told = told
    this.#opened = openNew(path)
    this.#writing = this.#opened.then(
      () => told(undefined),
      (error: Error) => this.#fail(error),
    )
    this.#gzip.on('data', (chunk: Buffer) => this.#append(chunk))
  }

  /** Whether the line was taken. */
  write(line: string): boolean {
    if (this.#failed || this.#waiting + this.#gzip.writableLength > mostWaiting) return false
    this.bytes += line.length
    this.#unwritten++
    this.#piece += line
    if (this.#piece.length >= pieceLength) this.#compress()
    return true
  }

  flush(): void {
    if (this.#failed || this.#unwritten === 0) return
    this.#compress()
    this.#gzip.flush(constants.Z_SYNC_FLUSH)
  }

  #compress(): void {
    this.#gzip.write(this.#piece)
    this.#piece = ''
  }

  async end(): Promise<void> {
    if (!this.#failed) {
      this.#compress()
      await new Promise<void>((resolve) => this.#gzip.once('close', resolve).end())
    }
    await this.#writing
    const handle = await this.#opened.catch(() => undefined)
    await handle?.close().catch(() => undefined)
  }

  #append(chunk: Buffer): void {
    this.#waiting += chunk.length
    this.#writing = this.#writing.then(async () => {
      if (!this.#failed) {
        try {
          await writeAll(await this.#opened, chunk)
          this.#unwritten = 0
        } catch (error) {
          this.#fail(error as Error)
        }
      }
      this.#waiting -= chunk.length
    })
  }

  #fail(error: Error): void {
    if (this.#failed) return
    this.#failed = true
    this.lost = this.#unwritten
    this.#gzip.destroy()
    this.#told(error)
    void this.#opened.then((handle) => handle.close()).catch(() => undefined)
  }
}

async function openNew(path: string): Promise<FileHandle> {
  await makeDirectory(dirname(path))
  return open(path, 'ax', 0o600)
}

async function writeAll(handle: FileHandle, chunk: Buffer): Promise<void> {
  for (let at = 0; at < chunk.length; ) {
    const { bytesWritten } = await handle.write(chunk, at)
    at += bytesWritten
  }
}
