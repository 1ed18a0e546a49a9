import { constants } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CpuSet } from '../host/cpuset.ts'
import { BallastError } from '../host/errors.ts'
import { type Journal, type JournalEntry, subjectOf } from './journal.ts'
import { openJournal, unlessMissing } from './journal-safety.ts'

/** First line of the file: tells a journal, and its format, from any other file. */
const header = `${JSON.stringify({ journal: 'ballast', version: 1 })}\n`

/**
 * A journal in a file of JSON lines that only ever grows. Every line is on the disk before the change that it
 * belongs to is made, so a crash at any moment leaves at most a torn last line, whose change was never made: it is
 * ignored. The file (mode 0600) and its directory (0700) are made when the first entry comes. A file that others
 * could write is refused with `ERR_JOURNAL`. Several runs of Ballast, one after the other, may use the same
 * file: what the first found remains the original.
 */
export function fileJournal(path: string): Journal {
  return new FileJournal(path)
}

class FileJournal implements Journal {
  readonly #path: string
  /** What the file holds; undefined before it was read, and after a failed write until it is read again. */
  #subjects: Set<string> | undefined
  #last: Promise<void> = Promise.resolve()

  constructor(path: string) {
    this.#path = path
  }

  record(entries: readonly JournalEntry[]): Promise<void> {
    const turn = this.#last.then(() => this.#append(entries))
    this.#last = turn.then(nothing, nothing) // who asked for it hears of its failure; the next has its own try
    return turn
  }

  async entries(): Promise<readonly JournalEntry[]> {
    const text = await this.#read()
    if (text !== undefined) return this.#parse(text).entries
    throw this.#error(
      `There is no journal ${this.#path}: give the path that Ballast was run with, or nothing was changed`,
    )
  }

  async #append(entries: readonly JournalEntry[]): Promise<void> {
    this.#subjects ??= await this.#prepare()
    const known = this.#subjects
    const fresh = new Map<string, JournalEntry>()
    for (const entry of entries) {
      const subject = subjectOf(entry)
      if (!known.has(subject) && !fresh.has(subject)) fresh.set(subject, entry)
    }
    if (fresh.size === 0) return
    try {
      await appendDurably(this.#path, Array.from(fresh.values(), lineOf).join(''))
    } catch (error) {
      this.#subjects = undefined
      if (error instanceof BallastError) throw error
      throw this.#error(
        `Cannot write the journal ${this.#path} (${messageOf(error)}): nothing was changed; make room or give another path`,
        error,
      )
    }
    for (const subject of fresh.keys()) known.add(subject)
  }

  /**
   * Makes the file ready to be appended to, and tells what it holds. Whole lines are never written over: another
   * controller, of the host's other resource, may use the same file.
   */
  async #prepare(): Promise<Set<string>> {
    const text = (await this.#read()) ?? ''
    const { entries, length } = this.#parse(text)
    try {
      if (length === 0) {
        await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 })
        await createDurably(this.#path)
      } else if (Buffer.byteLength(text) > length) {
        await cut(this.#path, length)
      }
    } catch (error) {
      if (error instanceof BallastError) throw error
      throw this.#error(
        `Cannot write the journal ${this.#path} (${messageOf(error)}): give a path that you may write to`,
        error,
      )
    }
    return new Set(entries.map(subjectOf))
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

  /** The entries, and how many bytes the whole lines take. */
  #parse(text: string): { entries: JournalEntry[]; length: number } {
    const whole = text.slice(0, text.lastIndexOf('\n') + 1)
    const [first, ...lines] = whole.split('\n').slice(0, -1)
    if (whole === '' ? !header.startsWith(text) : `${first}\n` !== header) {
      throw this.#error(
        `${this.#path} is not a journal of this version of Ballast: it is left as it is; give another path`,
      )
    }
    const entries = lines.map((line, index) => {
      const entry = entryOf(line)
      if (entry) return entry
      throw this.#error(
        `Line ${index + 2} of the journal ${this.#path} is damaged: remove that line; what it was about has to be restored by hand`,
      )
    })
    return { entries, length: Buffer.byteLength(whole) }
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
  // The name of a new file is in its directory: without this, a power failure can lose it.
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

async function appendDurably(path: string, text: string): Promise<void> {
  // Without O_CREAT: a file that somebody removed meanwhile must not come back without its header.
  const file = await openJournal(path, constants.O_WRONLY | constants.O_APPEND)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

function lineOf(entry: JournalEntry): string {
  return `${JSON.stringify(entry)}\n`
}

/** The entry that a line holds; undefined for a line that holds none. */
function entryOf(line: string): JournalEntry | undefined {
  const value = objectOf(line)
  const { wallTime, uuid, name, id, kind, vcpu, original } = value ?? {}
  if (typeof wallTime !== 'number' || typeof uuid !== 'string') return undefined
  if (typeof name !== 'string' || typeof id !== 'number') return undefined
  const subject = { wallTime, uuid, name, id }
  if (kind === 'affinity' && typeof vcpu === 'number' && typeof original === 'string') {
    const cpus = cpusOf(original)
    return cpus && { ...subject, kind, vcpu, original: cpus }
  }
  if ((kind === 'memory' || kind === 'cpuShares') && typeof original === 'number') {
    return { ...subject, kind, original }
  }
  if (kind === 'memoryStatsPeriod' && (typeof original === 'number' || original === null)) {
    return { ...subject, kind, original }
  }
  if (kind === 'memoryMerging' && typeof original === 'object' && original !== null) {
    const { pagesToScan, sleep } = { ...original } as Record<string, unknown>
    if (typeof pagesToScan !== 'number' || typeof sleep !== 'number') return undefined
    return { ...subject, kind, original: { pagesToScan, sleep } }
  }
  return undefined
}

function objectOf(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function cpusOf(list: string): CpuSet | undefined {
  try {
    return CpuSet.parse(list)
  } catch (error) {
    if (error instanceof BallastError) return undefined
    throw error
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function nothing(): void {}
