import { fstatSync, writeSync } from 'node:fs'
import { Writable } from 'node:stream'
import { isatty } from 'node:tty'
import type { Output } from './context.ts'

/** Errors of an output that has no reader any more: a pipe (`| head`), or a terminal. */
const gone: ReadonlySet<string | undefined> = new Set(['EPIPE', 'EIO'])

/**
 * Stdout or stderr of a process, where all that is written arrives or is an error. Node's own stream takes what a file
 * has taken a part of, on a disk that is full, for the whole.
 */
export function outputOf(stream: NodeJS.WriteStream & { readonly fd: number }): Output {
  const { fd } = stream
  if (isatty(fd)) return stream
  const status = fstatSync(fd)
  if (!status.isFile() && !status.isCharacterDevice()) return stream
  return new Writable({
    decodeStrings: true,
    write(chunk: Buffer, _encoding, done) {
      try {
        for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at)
        done()
      } catch (error) {
        done(error as Error)
      }
    },
  })
}

/** Whether nobody reads an output any more, by the error of writing to it. */
export function isGone(error: NodeJS.ErrnoException): boolean {
  return gone.has(error.code)
}

/** Why one of these outputs lacks something, though it has a reader; undefined: none does. */
export function outputFailure(outputs: readonly Output[]): Error | undefined {
  return outputs.map(({ errored }) => errored).find((error) => error && !isGone(error)) ?? undefined
}
