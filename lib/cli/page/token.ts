import { createHash, timingSafeEqual } from 'node:crypto'
import { open } from 'node:fs/promises'
import { UsageError } from '../exit-codes.ts'

/** Characters of the shortest token. */
const shortest = 16
/** Bytes of a file with one. */
const longest = 4_096

/** A secret that whoever asks has to know. */
export interface Token {
  /** Whether the `Authorization` of a request has it. */
  isIn(authorization: string | undefined): boolean
}

/** Reads the token in `file`, which nobody but its owner may read. Throws {@link UsageError}. */
export async function readToken(file: string): Promise<Token> {
  const text = (await contentOf(file)).trim()
  if (!/^[\x21-\x7e]+$/.test(text) || text.length < shortest) {
    throw new UsageError(
      `${file} must hold a token of at least ${shortest} letters, digits or signs; "openssl rand -hex 32" makes one`,
    )
  }
  const expected = digest(text)
  return {
    isIn(authorization = '') {
      const given = /^Bearer +(\S+)$/i.exec(authorization)?.[1]
      return given !== undefined && timingSafeEqual(digest(given), expected)
    },
  }
}

async function contentOf(path: string): Promise<string> {
  try {
    await using file = await open(path)
    const stats = await file.stat()
    if (!stats.isFile()) throw new Error('it is no file')
    if (stats.size > longest) throw new Error(`it has more than ${longest} bytes`)
    if ((stats.mode & 0o077) !== 0) {
      throw new Error('others than its owner may read or write it; run chmod 600 on it')
    }
    return await file.readFile('utf8')
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new UsageError(`the token cannot be read from ${path}: ${why}`)
  }
}

/** Of equal length, whatever was given. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
