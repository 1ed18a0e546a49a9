import { CommanderError } from 'commander'
import { BallastError, type ErrorCode, isWrongOption } from '../host/errors.ts'
import { counted } from '../util/format.ts'
import { withoutPasswords } from '../util/uri.ts'

/** What the process ends with. Part of the API: scripts compare against it. */
export const ExitCode = {
  /** Did what it was asked to, or was asked to stop and did. */
  fine: 0,
  /** The host came back as another, or in the last of `--ticks` something still failed. */
  failed: 1,
  /** The command line or the configuration is wrong. Nothing was changed. */
  usage: 2,
  /** No connection to the host. Nothing was changed. */
  unreachable: 3,
  /** The host does not allow it. Nothing was changed. */
  permission: 4,
  /** Another controller works on the host. Nothing was changed. */
  held: 5,
} as const
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

/** The same for the help pages. */
export const exitCodesHelp = `
Exit codes:
  0  did what it was asked to, or was asked to stop (Ctrl-C) and did
  1  failed at work: something still failed in the last of --ticks, or the host changed its pCPUs
  2  the command line or the configuration is wrong; nothing was changed
  3  no connection to the host; nothing was changed
  4  the host does not allow it; nothing was changed
  5  another controller is at work on the host; nothing was changed
134  (SIGABRT) it hung, as by a policy that never returns; guests stay as they are`

/** A mistake on the command line. */
export class UsageError extends Error {}

/** What is wrong in a configuration file, all of it. Each problem begins with `FILE:LINE:COLUMN: `. */
export class ConfigError extends UsageError {
  readonly problems: readonly string[]

  constructor(path: string, problems: readonly string[]) {
    super(`${counted(problems.length, 'error')} in ${path}`)
    this.problems = problems
  }
}

/** The run came to its end, and not all of it went well. */
export class WorkFailed extends Error {}

const codes: { readonly [K in ErrorCode]?: ExitCode } = {
  ERR_ADDON_MISSING: ExitCode.unreachable,
  ERR_CONNECTION_FAILED: ExitCode.unreachable,
  ERR_PERMISSION_DENIED: ExitCode.permission,
  ERR_LOCKED: ExitCode.held,
}

const cures: { readonly [K in ErrorCode]?: string } = {
  ERR_CONNECTION_LOST: '; guests stay as they are: run it again when the host is back',
  ERR_LOCKED: '; stop that one first, or see "ballast status"',
}

/** How a run ends that `error` ended: the exit code, and one line that says what was wrong and what to do. */
export function exitFor(error: unknown): { readonly code: ExitCode; readonly line: string } {
  if (error instanceof CommanderError) {
    return {
      code: ExitCode.usage,
      line: oneLine(`${error.message.replace(/^error: /, '')}; see ballast --help`),
    }
  }
  if (error instanceof BallastError) {
    const line = oneLine(error.message + (cures[error.code] ?? ''))
    return { code: codes[error.code] ?? ExitCode.failed, line }
  }
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof WorkFailed) return { code: ExitCode.failed, line: oneLine(message) }
  return error instanceof UsageError || isWrongOption(error)
    ? { code: ExitCode.usage, line: oneLine(message) }
    : { code: ExitCode.failed, line: oneLine(`unexpected error, please report it: ${message}`) }
}

function oneLine(text: string): string {
  return withoutPasswords(text)
    .trim()
    .replace(/\s*\n\s*/g, ' ')
}
