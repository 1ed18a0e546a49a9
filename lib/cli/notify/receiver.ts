import { isAbsolute } from 'node:path'
import { UsageError } from '../exit-codes.ts'

/** Who is told: a program that is run, or an address that is posted to. */
export type Receiver =
  | { readonly kind: 'program'; readonly path: string }
  | { readonly kind: 'url'; readonly url: string }

/** A receiver from its options. Throws {@link UsageError} with `name` for what is none. */
export function readReceiver(
  name: string,
  { program, url }: { readonly program?: unknown; readonly url?: unknown },
): Receiver {
  if (typeof program === 'string' && url === undefined) {
    if (!isAbsolute(program) || program.includes('\0')) {
      throw new UsageError(
        `${name}.program must be a path that begins with /; got ${JSON.stringify(program)}`,
      )
    }
    return { kind: 'program', path: program }
  }
  if (typeof url === 'string' && program === undefined) {
    // As it is written: what reads addresses takes "http:x" for one too, and blanks before it.
    const parsed = /^https?:\/\//i.test(url) && URL.canParse(url) ? new URL(url) : undefined
    // Not with what came: it may have a secret in it.
    if (!parsed) {
      throw new UsageError(`${name}.url must be an address that begins with http:// or https://`)
    }
    if (parsed.username || parsed.password) {
      throw new UsageError(`${name}.url must be an address without a user and a password`)
    }
    return { kind: 'url', url }
  }
  throw new UsageError(`${name} must have either program or url`)
}

/** A receiver as messages name it: the path of an address may be its secret. */
export function receiverText(receiver: Receiver): string {
  return receiver.kind === 'program' ? receiver.path : new URL(receiver.url).origin
}
