import type { Writable } from 'node:stream'
import type { Host } from '../host/host.ts'
import { printable } from '../host/printable.ts'

/** A stream for people or for a pipe; the further fields are there when it is a terminal. */
export type Output = Writable & {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}

/** What a command needs of the world around it. */
export interface World {
  readonly connect: (uri: string, options: { readonly readOnly: boolean }) => Promise<Host>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: Output
  readonly stderr: Output
  /** Aborted when the user wants the command to end; its reason is a {@link Stop}. */
  readonly signal: AbortSignal
  /** Ends the process when this thread hangs for so many milliseconds, until disposed of; see `endWhenHung`. */
  readonly endWhenHung?: ((limit: number) => Promise<Disposable>) | undefined
}

/** Why a command is to end. */
export type Stop = 'SIGINT' | 'SIGTERM' | /** Whoever read our output has gone. */ 'EPIPE'

export function writeLines(world: World, lines: readonly string[]): void {
  if (lines.length > 0 && world.signal.reason !== 'EPIPE') world.stdout.write(`${lines.join('\n')}\n`)
}

/** One line on stderr, under our name. */
export function note(world: Pick<World, 'stderr'>, text: string): void {
  world.stderr.write(`ballast: ${printable(text)}\n`)
}

/** Whether `world.stdout` is a terminal that understands cursor movements. */
export function isTerminal({ stdout, env }: World): boolean {
  return stdout.isTTY === true && env.TERM !== 'dumb'
}
