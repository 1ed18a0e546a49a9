import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { BallastError } from '../../host/errors.ts'

/** One line of a file of separated values, with what says where in it something is wrong. */
export class Fields {
  readonly #file: string
  readonly #line: number
  readonly #texts: readonly string[]
  readonly #separator: string

  constructor(file: string, line: number, text: string, separator: string) {
    this.#file = file
    this.#line = line
    this.#separator = separator
    this.#texts = text.split(separator)
  }

  get count(): number {
    return this.#texts.length
  }

  isEmpty(index: number): boolean {
    return (this.#texts[index]?.trim() ?? '') === ''
  }

  /** Throws `ERR_SCENARIO` when the field is empty. */
  text(index: number, name: string): string {
    const text = this.#texts[index]?.trim()
    if (!text) throw this.wrong(index, `${name} is missing`)
    return text
  }

  /** A finite number of at least `least`. Throws `ERR_SCENARIO` for anything else. */
  number(index: number, name: string, least = 0): number {
    const text = this.text(index, name)
    const value = Number(text)
    if (!Number.isFinite(value) || value < least) {
      throw this.wrong(index, `${name} must be a number from ${least} on; got ${JSON.stringify(text)}`)
    }
    return value
  }

  /** The error that names the place of a field. */
  wrong(index: number, what: string): BallastError {
    const before = this.#texts
      .slice(0, index)
      .reduce((sum, text) => sum + text.length + this.#separator.length, 0)
    const blanks = /^\s*/.exec(this.#texts[index] ?? '')![0].length
    const column = before + blanks + 1
    return new BallastError('ERR_SCENARIO', `${this.#file}:${this.#line}:${column}: ${what}`)
  }
}

/** The lines of a file, but for empty ones. Rejects with `ERR_SCENARIO` when it cannot be read. */
export async function* linesOf(file: string, separator: string): AsyncGenerator<Fields, void, undefined> {
  const stream = createReadStream(file, 'utf8')
  const opened = new Promise<void>((resolve, reject) => {
    stream.once('open', () => resolve()).once('error', reject)
  })
  let number = 0
  try {
    await opened
    for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
      number++
      const text = number === 1 ? line.replace(/^\uFEFF/, '') : line
      if (text.trim() !== '') yield new Fields(file, number, text, separator)
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new BallastError('ERR_SCENARIO', `Cannot read ${file}: ${why}`)
  } finally {
    stream.destroy()
  }
}
