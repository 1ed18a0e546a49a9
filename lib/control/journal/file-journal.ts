import { constants } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { BallastError } from '../../host/errors.ts'
import type { DomainIdentity } from '../../host/sample.ts'
import { makeDirectory } from '../../util/make-directory.ts'
import { forgetLineOf, header, type JournalText, lineOf, parseJournal } from './format.ts'
import { dropEnded, type Journal, type JournalEntry } from './journal.ts'
import { lockPathOf, withJournalLock } from './lock.ts'
import { openJournal, unlessMissing } from './open.ts'

/** Bytes above which a file is rewritten, once it is also twice as large as after the last time. */
const large = 1024 * 1024
const givePath = 'give another path, one that you may write to'

/** A {@link Journal} in a file. */
export interface FileJournal extends Journal {
  /** Removes these entries: their settings are restored, or no longer Ballast's. Rejects with `ERR_JOURNAL`. */
  forget(entries: readonly JournalEntry[]): Promise<void>
  /** Removes the file. Rejects with `ERR_JOURNAL`. */
  remove(): Promise<void>
}

/**
 * A journal in a file of JSON lines, one for each change. Every line is on the disk before its change is made, so a
 * crash at any moment leaves at most an unfinished last line, whose change was never made: it is ignored. A file that
 * has grown large is rewritten: what is still of use goes to a new file that replaces it in one step. The file (mode
 * 0600) and its directory (0700) are created with the first entry. A file that other users could write is refused with
 * `ERR_JOURNAL`. Several runs of Ballast may use the same file one after the other: what the first found remains the
 * original. So may two controllers at once, one of the vCPUs and one of the memory of a host: whoever writes has locked
 * the file `PATH.lock` meanwhile. The lock needs the native addon: without it writing rejects with `ERR_ADDON_MISSING`
 * (for simulated hosts `memoryJournal` serves).
 */
export function fileJournal(path: string): FileJournal {
  return new JournalFile(path)
}

class JournalFile implements FileJournal {
  readonly #path: string
  /** Whether the file is known to be a journal of this version: not before it was read, nor after a failed write. */
  #isKnown = false
  #active: readonly DomainIdentity[] | undefined
  /** Bytes above which it is rewritten. */
  #most = large
  #last: Promise<void> = Promise.resolve()

  constructor(path: string) {
    this.#path = path
  }

  record(entries: readonly JournalEntry[], active?: readonly DomainIdentity[]): Promise<void> {
    if (active) this.#active = active
    return this.#add(entries.map(lineOf), 'nothing was changed; free some space or give another path')
  }

  forget(entries: readonly JournalEntry[]): Promise<void> {
    return this.#add(entries.map(forgetLineOf), 'what is restored already stays in it')
  }

  remove(): Promise<void> {
    return this.#inTurn(() =>
      this.#writing('remove it by hand', () =>
        withJournalLock(this.#path, async () => {
          this.#isKnown = false
          await rm(this.#path)
          // Another process that waits for this lock sees that it is not the file of that name any more.
          await rm(lockPathOf(this.#path))
        }),
      ),
    )
  }

  async entries(): Promise<readonly JournalEntry[]> {
    const text = await this.#read()
    return text === undefined ? [] : [...this.#parse(text).kept.values()]
  }

  #add(lines: readonly string[], or: string): Promise<void> {
    return this.#inTurn(() => this.#append(lines, or))
  }

  /** Does `work` after all that was asked for before. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const write = this.#last.then(work)
    this.#last = write.then(nothing, nothing) // its caller gets its failure; the next has its own attempt
    return write
  }

  async #append(lines: readonly string[], or: string): Promise<void> {
    if (lines.length === 0) return
    const wasKnown = this.#isKnown
    this.#isKnown = false
    if (!wasKnown) await this.#writing(givePath, () => makeDirectory(dirname(this.#path)))
    await this.#writing(or, () =>
      withJournalLock(this.#path, () => this.#appendAlone(lines.join(''), wasKnown)),
    )
  }

  async #appendAlone(text: string, wasKnown: boolean): Promise<void> {
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

  /** Rewrites a file of `size` bytes. What is in it is safe already, so a failure is not reported. */
  async #shorten(size: number): Promise<void> {
    try {
      this.#most = Math.max(large, 2 * (await this.#rewrite()))
    } catch {
      this.#most = 2 * size
    }
  }

  /** Replaces the file by one with the same content in as few lines as possible. Resolves to its bytes. */
  async #rewrite(): Promise<number> {
    const old = await openJournal(this.#path, constants.O_RDONLY)
    try {
      const { mode } = await old.stat()
      const { kept } = this.#parse(await old.readFile('utf8'))
      if (this.#active) dropEnded(kept, this.#active)
      const content = header + Array.from(kept.values(), lineOf).join('')
      const temporary = `${this.#path}.ballast-new`
      try {
        await rm(temporary, { force: true }) // of a process that was killed before the end of this
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
    if ('kept' in journal) return journal
    if ('laterVersion' in journal) {
      throw this.#error(
        `A later version of Ballast wrote the journal ${this.#path} (format ${journal.laterVersion}): restore with that version first, or give another path`,
      )
    }
    const { damagedLine } = journal
    throw this.#error(
      damagedLine === 1
        ? `${this.#path} is not a journal of Ballast and is left as it is: give another path`
        : `Line ${damagedLine} of the journal ${this.#path} is damaged: remove that line; its setting has to be restored by hand`,
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
  // Not truncated first: what is there is a part of the header.
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

/** Whether the last line is finished: another controller may have been killed, or the disk full, in the middle of one. */
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

/** Resolves to the size of the file afterwards, in bytes. */
async function appendDurably(path: string, text: string): Promise<number> {
  // Without O_CREAT: a file that was removed meanwhile must not come back without its header.
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
