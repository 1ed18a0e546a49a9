import { constants } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { getSystemErrorName } from 'node:util'
import { BallastError } from '../../host/errors.ts'
import type { DomainIdentity } from '../../host/sample.ts'
import { makeDirectory } from '../../util/make-directory.ts'
import { appendDurably, createDurably, cut, endsWhole, syncDirectory, writeDurably } from './durable-file.ts'
import { forgetLineOf, header, type JournalText, lineOf, parseJournal } from './format.ts'
import { dropEnded, type Journal, type JournalEntry, keep, subjectOf } from './journal.ts'
import { lockPathOf, withJournalLock } from './lock.ts'
import { openJournal, unlessMissing } from './open.ts'

/** Bytes above which a file is rewritten, once it is also twice as large as after the last time. */
const large = 1024 * 1024
const givePath = 'give another path, one that you may write to'
/** Codes of a disk, or a share of it, that has no space. */
const full = new Set(['ENOSPC', 'EDQUOT'])

/** Does to the known entries what lines say. */
type Apply = (kept: Map<string, JournalEntry>) => void

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
 * `ERR_JOURNAL`. One that is removed meanwhile is made anew with all that was known to be in it. Several runs of Ballast
 * may use the same file one after the other: what the first found remains the original. So may two controllers at once, one of
 * the vCPUs and one of the memory of a host: whoever writes has locked the file `PATH.lock` meanwhile. The lock needs the native addon: without it writing rejects with `ERR_ADDON_MISSING`
 * (for simulated hosts `memoryJournal` serves).
 */
export function fileJournal(path: string): FileJournal {
  return new JournalFile(path)
}

class JournalFile implements FileJournal {
  readonly #path: string
  /** Whether the file is known to be a journal of this version: not before it was read, nor after a failed write. */
  #isKnown = false
  /** What is known to be in the file, by subject: without the file it is all there is to restore by. */
  #kept = new Map<string, JournalEntry>()
  #active: readonly DomainIdentity[] | undefined
  /** Bytes above which it is rewritten. */
  #most = large
  #last: Promise<void> = Promise.resolve()

  constructor(path: string) {
    this.#path = path
  }

  record(entries: readonly JournalEntry[], active?: readonly DomainIdentity[]): Promise<void> {
    if (active) this.#active = active
    return this.#add(entries.map(lineOf), 'nothing is changed without it', (kept) => {
      for (const entry of entries) keep(kept, entry)
    })
  }

  forget(entries: readonly JournalEntry[]): Promise<void> {
    return this.#add(entries.map(forgetLineOf), 'what is restored already stays in it', (kept) => {
      for (const entry of entries) kept.delete(subjectOf(entry))
    })
  }

  remove(): Promise<void> {
    return this.#inTurn(() =>
      this.#writing('remove it by hand', () =>
        withJournalLock(this.#path, async () => {
          this.#isKnown = false
          await rm(this.#path)
          this.#kept.clear()
          // Another process that waits for this lock sees that it is not the file of that name any more.
          await rm(lockPathOf(this.#path))
        }),
      ),
    )
  }

  async entries(): Promise<readonly JournalEntry[]> {
    const { kept, length } = this.#parse((await this.#read()) ?? '')
    return [...(length === 0 ? this.#kept : kept).values()]
  }

  /** Adds lines, and what they say, by `apply`, to what is known; `result` is what it means that they cannot be added. */
  #add(lines: readonly string[], result: string, apply: Apply): Promise<void> {
    return this.#inTurn(async () => {
      if (lines.length === 0) return
      await this.#append(lines.join(''), result, apply)
    })
  }

  /** Does `work` after all that was asked for before. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const write = this.#last.then(work)
    this.#last = write.then(nothing, nothing) // its caller gets its failure; the next has its own attempt
    return write
  }

  async #append(text: string, result: string, apply: Apply): Promise<void> {
    const wasKnown = this.#isKnown
    this.#isKnown = false
    const append = (isKnown: boolean) =>
      withJournalLock(this.#path, () => this.#appendAlone(text, apply, isKnown))
    await this.#writing(result, async () => {
      if (wasKnown) {
        try {
          await append(true)
          return
        } catch (error) {
          if (codeOf(error) !== 'ENOENT') throw error
        }
      }
      await this.#writing(givePath, () => makeDirectory(dirname(this.#path)))
      await append(false)
    })
  }

  async #appendAlone(text: string, apply: Apply, wasKnown: boolean): Promise<void> {
    if (!wasKnown || !(await endsWhole(this.#path))) await this.#prepare()
    const size = await appendDurably(this.#path, text)
    this.#isKnown = true
    apply(this.#kept)
    if (size > this.#most) await this.#shorten(size)
  }

  /** Makes the file ready to be appended to. */
  async #prepare(): Promise<void> {
    const text = (await this.#read()) ?? ''
    const { kept, length, isOld } = this.#parse(text)
    await this.#writing(givePath, async () => {
      if (length > 0) this.#kept = kept
      else if (this.#kept.size === 0) await createDurably(this.#path)
      // Somebody has removed or emptied it.
      else await this.#replace(contentOf(this.#kept), 0o600)
      if (length > 0 && Buffer.byteLength(text) > length) await cut(this.#path, length)
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
      const content = contentOf(kept)
      await this.#replace(content, mode)
      this.#kept = kept
      return Buffer.byteLength(content)
    } finally {
      await old.close()
    }
  }

  /** Replaces the file, in one step. */
  async #replace(content: string, mode: number): Promise<void> {
    const temporary = `${this.#path}.ballast-new`
    try {
      await rm(temporary, { force: true }) // of a process that was killed before the end of this
      await writeDurably(temporary, content, mode)
      await rename(temporary, this.#path)
    } finally {
      await rm(temporary, { force: true })
    }
    await syncDirectory(this.#path)
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

  /** Does `write`; when it fails, `or` says what that means, or what to do. */
  async #writing<T>(or: string, write: () => Promise<T>): Promise<T> {
    try {
      return await write()
    } catch (error) {
      if (error instanceof BallastError) throw error
      const isFull = full.has(codeOf(error) ?? '')
      const cure = isFull ? `${or}; free some space or give another path` : or
      throw this.#error(`Cannot write the journal ${this.#path} (${messageOf(error)}): ${cure}`, error)
    }
  }

  #error(message: string, cause?: unknown): BallastError {
    return new BallastError('ERR_JOURNAL', message, cause === undefined ? {} : { cause })
  }
}

/** The whole of a journal with these entries. */
function contentOf(kept: ReadonlyMap<string, JournalEntry>): string {
  return header + Array.from(kept.values(), lineOf).join('')
}

/** The name of an error of the file system; that of a lock has only its number. */
function codeOf(error: unknown): string | undefined {
  const { code, errno } = error as NodeJS.ErrnoException
  return code ?? (errno === undefined ? undefined : getSystemErrorName(errno))
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function nothing(): void {}
