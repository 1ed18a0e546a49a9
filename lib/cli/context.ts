import type { Writable } from 'node:stream'
import type { LockPlaces } from '../control/host-lock/places.ts'
import type { Host } from '../host/host.ts'
import type { MigrationHost } from '../host/migration.ts'
import { printable } from '../util/printable.ts'

/** A stream for people or for a pipe; the further fields are there when it is a terminal. */
export type Output = Writable & {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}

/** The environment that a command runs in. */
export interface CliContext {
  readonly connect: (uri: string, options: { readonly readOnly: boolean }) => Promise<Host>
  /** The side of a host that moves guests. Default: libvirt's. */
  readonly migrationHost?: ((uri: string) => Promise<MigrationHost & AsyncDisposable>) | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: Output
  readonly stderr: Output
  /** The process, where a command may take over its terminal. Default: it may not. */
  readonly process?: NodeJS.Process | undefined
  /** Aborted when the user wants the command to end; its reason is a {@link StopReason}. */
  readonly signal: AbortSignal
  /** Ends the process when this thread hangs for this number of milliseconds, until disposed of; see `endWhenHung`. */
  readonly endWhenHung?: ((limit: number) => Disposable) | undefined
  /** Is called once in a run, when what only the start needed is no longer used: it may give pages of the program back. */
  readonly dropFilePages?: (() => void) | undefined
  /** Calls `listener` at each SIGHUP, instead of ending the command, until the function that it gives is called. */
  readonly onHangup: (listener: () => void) => () => void
  /** Sends a line of `sd_notify` to the service manager; undefined: there is none that listens. */
  readonly notify?: ((state: string) => void) | undefined
  /** Directories of the lock files. Default: those of the system. */
  readonly lockPlaces?: LockPlaces | undefined
  /** Log of notices beside the Ticks; undefined: they go to stderr in lines. */
  readonly log?: ((news: Notice) => void) | undefined
}

/** Why a command is to end. */
export type StopReason =
  | 'SIGINT'
  | 'SIGTERM'
  | 'SIGHUP'
  | /** Whoever read our output has gone, or it cannot be written. */ 'EPIPE'
  | /** There is another configuration to go on with. */ 'reload'

/** A line about the run as a whole. */
export interface Notice {
  /** What it is about, for programs. */
  readonly event: string
  readonly level: 'info' | 'warn' | 'error'
  /** One line. */
  readonly text: string
}

export function writeLines(context: CliContext, lines: readonly string[]): void {
  if (lines.length > 0 && context.signal.reason !== 'EPIPE') context.stdout.write(`${lines.join('\n')}\n`)
}

/** One line on stderr, under our name; in the log where there is one. */
export function logNotice(
  context: Pick<CliContext, 'stderr' | 'log'>,
  text: string,
  { event, level }: Omit<Notice, 'text'> = { event: 'notice', level: 'info' },
): void {
  if (context.log) context.log({ event, level, text: printable(text) })
  else context.stderr.write(`ballast: ${printable(text)}\n`)
}

/** Whether `context.stdout` is a terminal that understands cursor movements. */
export function isTerminal({ stdout, env }: CliContext): boolean {
  return stdout.isTTY === true && env.TERM !== 'dumb'
}
