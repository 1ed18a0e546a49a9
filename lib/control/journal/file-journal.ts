import { constants } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { BallastError } from '../../host/errors.ts'
import type { DomainIdentity } from '../../host/sample.ts'
import { forgetLineOf, header, type JournalText, lineOf, parseJournal } from './format.ts'
import { dropEnded, type Journal, type JournalEntry } from './journal.ts'
import { withJournalLock } from './lock.ts'
import { openJournal, unlessMissing } from './open.ts'

/** Bytes above which a file is written anew, once it is also twice as large as it was after the last time. */
const large = 1024 * 1024
const givePath = 'give another path, one that you may write to'

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
  /** Whether the file was found to be a journal of this version: not before it was read, and not after a failed write. */
  #isKnown = false
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
    await this.#writing(givePath, () => mkdir(dirname(this.#path), { recursive: true, mode: 0o700 }))
    await this.#writing(or, () => withJournalLock(this.#path, () => this.#appendAlone(lines.join(''))))
  }

  async #appendAlone(text: string): Promise<void> {
    const wasKnown = this.#isKnown
    this.#isKnown = false
    if (!wasKnown || !(await endsWhole(this.#path))) await this.#prepare()
    const size = await appendDurably(this.#path, text)
    this.#isKnown = true
    if (size > this.#most) await this.#shorten(size)
  }

  /** Makes the file ready to be appended to. */
  async #prepare(): Promise<void> {
    const text = (await this.#read()) ?? ''
    const { length, isOld } = this.#parse(text)
    await this.#writing(givePath, async () => {
      if (length === 0) await createDurably(this.#path)
      else if (Buffer.byteLength(text) > length) await cut(this.#path, length)
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

  /** Puts a file in the place of this one that says the same in as few lines as can be. Resolves to its bytes. */
  async #rewrite(): Promise<number> {
    const old = await openJournal(this.#path, constants.O_RDONLY)
    try {
      const { mode } = await old.stat()
      const { kept } = this.#parse(await old.readFile('utf8'))
      if (this.#active) dropEnded(kept, this.#active)
      const content = header + Array.from(kept.values(), lineOf).join('')
      const temporary = `${this.#path}.ballast-new`
      try {
        await rm(temporary, { force: true }) // of one who did not come to the end of it
        await writeDurably(temporary, content, mode)
        await rename(temporary, this.#path)
      } finally {
        await rm(temporary, { force: true })
      }
      await syncDirectory(this.#path)
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

/**
 * Whether the last line was finished: another controller may have been killed, or have run out of room, in the middle
 * of one.
 */
async function endsWhole(path: string): Promise<boolean> {
  const file = await openJournal(path, constants.O_RDONLY)
  try {
    const { size } = await file.stat()
    const last = Buffer.alloc(1)
    await file.read(last, 0, 1, size - 1)
    return last.toString() === '\n'
  } finally {
    await file.close()
  }
}

/** Resolves to the bytes that the file has then. */
async function appendDurably(path: string, text: string): Promise<number> {
  // Without O_CREAT: a file that somebody removed meanwhile must not come back without its header.
  const file = await openJournal(path, constants.O_WRONLY | constants.O_APPEND)
  try {
    await file.writeFile(text)
    await file.sync()
    return (await file.stat()).size
  } finally {
    await file.close()
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function nothing(): void {}
