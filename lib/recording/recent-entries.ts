import { constants, deflateRaw } from 'node:zlib'
import { type Entry, lineOf } from './entries.ts'
import type { LastingTape } from './loop-recorder.ts'

/** How much is kept: milliseconds, and bytes of all that is in memory. */
export const recentEntriesLimits = { age: 3_600_000, bytes: 8 * 2 ** 20 }

/** What is forgotten at once: a part is as old, or has this share of all bytes. */
const partAge = 300_000
const partShare = 1 / 8
/** Characters that are compressed at once. */
const pieceLength = 2 ** 18
/** A last block of nothing: with it, what was compressed in pieces is one whole stream. */
const end = Buffer.from([3, 0])

/**
 * A recording of the last hour in memory, or of as much of it as fits a bounded number of bytes. What is written is
 * compressed beside the event loop, and nobody waits for it. Read as a whole, it begins with what a file of a recording
 * begins with.
 */
export class RecentEntries implements LastingTape {
  readonly #limits: typeof recentEntriesLimits
  #beginning: () => readonly Entry[] = () => []
  #parts: Part[] = []
  /** Lines that are not compressed yet: of the last part. */
  #text = ''
  /** Milliseconds of the host's clock. */
  #now = 0
  /** Too much came at once: what comes now makes no sense until a part begins. */
  #hasHole = false

  constructor(limits = recentEntriesLimits) {
    this.#limits = limits
  }

  /** Bytes of all that is kept, compressed or not yet. */
  get bytes(): number {
    return this.#partBytes + this.#text.length
  }

  get #partBytes(): number {
    return this.#parts.reduce((sum, part) => sum + part.bytes, 0)
  }

  beginWith(beginning: () => readonly Entry[]): void {
    this.#beginning = beginning
  }

  write(entry: Entry, line = lineOf(entry)): void {
    this.#now = entry.t
    if (this.#hasHole) return
    if (this.#parts.length === 0) this.#parts.push(new Part(entry.t, []))
    this.#text += line
    if (this.#text.length >= pieceLength) this.#compress()
  }

  rotate(): void {
    this.#prune()
    const last = this.#parts.at(-1)
    if (last) {
      const isFull = last.bytes + this.#text.length >= partShare * this.#limits.bytes
      if (!isFull && this.#now - last.begin < partAge) return
      this.#compress()
    }
    this.#hasHole = false
    this.#parts.push(new Part(this.#now, this.#beginning()))
    this.#prune()
  }

  /** All that is kept, as a raw deflate stream in pieces. */
  async compressed(): Promise<Buffer[]> {
    const pieces = this.#parts.flatMap(({ beginning, pieces }, i) => [
      ...(i === 0 ? [beginning] : []),
      ...pieces,
    ])
    if (this.#text !== '') pieces.push(new Piece(this.#text))
    return [...(await Promise.all(pieces.map((piece) => piece.body))), end]
  }

  #compress(): void {
    if (this.#text === '') return
    this.#parts.at(-1)!.pieces.push(new Piece(this.#text))
    this.#text = ''
    this.#prune()
  }

  /** Forgets the oldest parts, and all when one alone is too much. */
  #prune(): void {
    const { age } = this.#limits
    // What is not compressed yet has its own.
    const bytes = this.#limits.bytes - pieceLength
    // The hour begins within the part that is the first then.
    while (this.#parts.length > 1 && (this.#now - this.#parts[1]!.begin > age || this.#partBytes > bytes)) {
      this.#parts.shift()
    }
    if (this.#partBytes <= bytes) return
    this.#parts = []
    this.#text = ''
    this.#hasHole = true
  }
}

/** Some minutes of entries. */
class Part {
  /** Milliseconds of the host's clock. */
  readonly begin: number
  /** What only who begins to read here has to know. */
  readonly beginning: Piece
  readonly pieces: Piece[] = []

  constructor(begin: number, beginning: readonly Entry[]) {
    this.begin = begin
    this.beginning = new Piece(beginning.map(lineOf).join(''))
  }

  get bytes(): number {
    return this.pieces.reduce((sum, { bytes }) => sum + bytes, this.beginning.bytes)
  }
}

/** Lines that are compressed by themselves. */
class Piece {
  readonly body: Promise<Buffer>
  /** As long as it is not compressed, those of the text. */
  bytes: number

  constructor(text: string) {
    this.bytes = text.length
    this.body = new Promise((resolve, reject) => {
      // Ends at a whole byte, and is no end of the stream.
      deflateRaw(text, { finishFlush: constants.Z_SYNC_FLUSH }, (error, body) => {
        if (error) reject(error)
        else resolve(body)
      })
    })
    this.body.then(
      ({ length }) => {
        this.bytes = length
      },
      // Whoever reads it hears of it.
      () => undefined,
    )
  }
}
