import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { BallastError } from '../host/errors.ts'
import type { DomainIdentity } from '../host/sample.ts'
import { dropEnded, type Journal, type JournalEntry } from './journal.ts'
import { forgetLineOf, header, type JournalText, lineOf, parseJournal } from './journal-lines.ts'
import { openJournal, unlessMissing } from './journal-safety.ts'

/** Bytes above which a file is written anew, once it is also twice as large as it was after the last time. */
const large = 1024 * 1024

/** A {@link Journal} in a file. */
export interface FileJournal extends Journal {
  /** Keeps these no longer: what they are about is as it was, or no longer Ballast's. Rejects with `ERR_JOURNAL`. */
  forget(entries: readonly JournalEntry[]): Promise<void>
}

/**
 * A journal in a file of JSON lines, one for each change. Every line is on the disk before the change that it
 * belongs to is made, so a crash at any moment leaves at most a torn last line, whose change was never made: it is
 * ignored. When it has grown large, what is still of use is written to a new file that takes its place in one step. The file
 * (mode 0600) and its directory (0700) are made when the first entry comes; until then there are none. A file that others could write is
 * refused with `ERR_JOURNAL`. Several runs of Ballast, one after the other, may use the same file: what the first
 * found remains the original. So may two controllers at once, of the vCPUs and of the memory of one host.
 */
export function fileJournal(path: string): FileJournal {
  return new JournalFile(path)
}

class JournalFile implements FileJournal {
  readonly #path: string
  /** Whether the file is there and ends with a whole line: not before it was read, and not after a failed write. */
  #isReady = false
  #active: readonly DomainIdentity[] | undefined
  /** Bytes above which it is written anew. */
  #most = large
  #last: Promise<void> = Promise.resolve()

  constructor(path: string) {
    this.#path = path
  }

  record(entries: readonly JournalEntry[], active?: readonly DomainIdentity[]): Promise<void> {
    if (active) this.#active = active
    return this.#add(entries.map(lineOf), 'nothing was changed; make room or give another path')
  }

  forget(entries: readonly JournalEntry[]): Promise<void> {
    return this.#add(entries.map(forgetLineOf), 'what is back already stays in it')
  }

  async entries(): Promise<readonly JournalEntry[]> {
    const text = await this.#read()
    return text === undefined ? [] : [...this.#parse(text).kept.values()]
  }

  #add(lines: readonly string[], or: string): Promise<void> {
    const turn = this.#last.then(() => this.#append(lines, or))
    this.#last = turn.then(nothing, nothing) // who asked for it hears of its failure; the next has its own try
    return turn
  }

  async #append(lines: readonly string[], or: string): Promise<void> {
    if (lines.length === 0) return
    if (!this.#isReady) await this.#prepare()
    this.#isReady = false
    const size = await this.#writing(or, () => appendDurably(this.#path, lines.join('')))
    this.#isReady = true
    if (size > this.#most) await this.#shorten(size)
  }

  /** Makes the file ready to be appended to. Whole lines are never written over: another controller may use it too. */
  async #prepare(): Promise<void> {
    const text = (await this.#read()) ?? ''
    const { length, isOld } = this.#parse(text)
    await this.#writing('give a path that you may write to', async () => {
      if (length === 0) {
        await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 })
        await createDurably(this.#path)
      } else if (Buffer.byteLength(text) > length) {
        await cut(this.#path, length)
      }
      if (isOld) await this.#rewrite()
    })
  }

  /** Writes a file of `size` bytes anew. What is in it is safe already, so nobody has to hear of a failure. */
  async #shorten(size: number): Promise<void> {
    try {
      this.#most = Math.max(large, 2 * (await this.#rewrite()))
    } catch {
      this.#most = 2 * size
    }
  }

  /**
   * Puts a file in the place of this one that says the same in as few lines as can be. Resolves to its bytes.
   * When somebody else adds a line or does the same meanwhile, it is left for another time.
   */
  async #rewrite(): Promise<number> {
    const old = await openJournal(this.#path, constants.O_RDONLY)
    try {
      const { mode } = await old.stat()
      const text = await old.readFile()
      const { kept, length } = this.#parse(text.toString('utf8'))
      if (this.#active) dropEnded(kept, this.#active)
      const content = header + Array.from(kept.values(), lineOf).join('')
      const temporary = `${this.#path}.${randomBytes(6).toString('hex')}`
      try {
        await writeDurably(temporary, content, mode)
        if ((await old.stat()).size > length || !(await isAt(old, this.#path))) return length
        await rename(temporary, this.#path)
      } finally {
        await rm(temporary, { force: true })
      }
      await syncDirectory(this.#path)
      // Lines that came in the moment before. Who is not done with one writes it to the new file.
      const late = Buffer.alloc((await old.stat()).size - length)
      await old.read(late, 0, late.length, length)
      const whole = late.subarray(0, late.lastIndexOf('\n') + 1)
      if (whole.length > 0) await appendDurably(this.#path, whole.toString('utf8'))
      return Buffer.byteLength(content)
    } finally {
      await old.close()
    }
  }

  async #read(): Promise<string | undefined> {
    try {
      const file = await openJournal(this.#path, constants.O_RDONLY).catch(unlessMissing)
      if (!file) return undefined
      try {
        return await file.readFile('utf8')
      } finally {
        await file.close()
      }
    } catch (error) {
      if (error instanceof BallastError) throw error
      throw this.#error(
        `Cannot read the journal ${this.#path} (${messageOf(error)}): make it readable for you, or give another path`,
        error,
      )
    }
  }

  #parse(text: string): JournalText {
    const journal = parseJournal(text)
    if (!('damagedLine' in journal)) return journal
    const { damagedLine } = journal
    throw this.#error(
      damagedLine === 1
        ? `${this.#path} is not a journal of this version of Ballast: it is left as it is; give another path`
        : `Line ${damagedLine} of the journal ${this.#path} is damaged: remove that line; what it was about has to be restored by hand`,
    )
  }

  async #writing<T>(cure: string, write: () => Promise<T>): Promise<T> {
    try {
      return await write()
    } catch (error) {
      if (error instanceof BallastError) throw error
      throw this.#error(`Cannot write the journal ${this.#path} (${messageOf(error)}): ${cure}`, error)
    }
  }

  #error(message: string, cause?: unknown): BallastError {
    return new BallastError('ERR_JOURNAL', message, cause === undefined ? {} : { cause })
  }
}

async function createDurably(path: string): Promise<void> {
  // Not cut to nothing first: what is there is a part of the header.
  const file = await openJournal(path, constants.O_WRONLY | constants.O_CREAT)
  try {
    await file.write(header, 0)
    await file.sync()
  } finally {
    await file.close()
  }
  await syncDirectory(path)
}

async function writeDurably(path: string, content: string, mode: number): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.chmod(mode & 0o777)
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** The name of a file is in its directory: without this, a power failure can lose a new one. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(dirname(path), 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

async function cut(path: string, length: number): Promise<void> {
  const file = await openJournal(path, constants.O_WRONLY)
  try {
    await file.truncate(length)
  } finally {
    await file.close()
  }
}

/** Resolves to the bytes that the file has then. */
async function appendDurably(path: string, text: string): Promise<number> {
  for (;;) {
    // Without O_CREAT: a file that somebody removed meanwhile must not come back without its header.
    const file = await openJournal(path, constants.O_WRONLY | constants.O_APPEND)
    try {
      // In one call, so that nobody else's line comes into the middle of one.
      const { bytesWritten } = await file.write(Buffer.from(text))
      if (bytesWritten < Buffer.byteLength(text)) throw new Error('only a part of it could be written')
      await file.sync()
      // Otherwise another one has taken its place meanwhile, perhaps without these lines: twice does no harm.
      if (await isAt(file, path)) return (await file.stat()).size
    } finally {
      await file.close()
    }
  }
}

async function isAt(file: FileHandle, path: string): Promise<boolean> {
  const [held, there] = await Promise.all([file.stat(), lstat(path)])
  return held.ino === there.ino && held.dev === there.dev
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function nothing(): void {}
