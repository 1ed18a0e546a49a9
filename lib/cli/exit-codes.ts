import { BallastError, type ErrorCode, isWrongOption } from '../host/errors.ts'
import { counted } from '../util/format.ts'
import { withoutPasswords } from '../util/uri.ts'

/** Exit codes of the process. Part of the API: scripts compare against it. */
export const ExitCode = {
  /** Done, or stopped as asked. */
  fine: 0,
  /** A runtime failure: something still failed in the last of `--ticks`, or the host came back as another. */
  failed: 1,
  /** A mistake on the command line or in the configuration. Nothing was changed. */
  usage: 2,
  /** No connection to the host. Nothing was changed. */
  unreachable: 3,
  /** Not permitted: the connection, or a change of every guest, was denied. Nothing was changed. */
  permission: 4,
  /** Another controller runs on the host. Nothing was changed. */
  locked: 5,
} as const
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

/** The exit codes for the help pages. */
export const exitCodesHelp = `
Exit codes:
  0  done, or stopped as asked (Ctrl-C)
  1  runtime failure: something still failed in the last of --ticks, or the host changed its pCPUs
  2  a mistake on the command line or in the configuration; nothing was changed
  3  no connection to the host; nothing was changed
  4  not permitted: the connection, or a change of every guest, was denied; nothing was changed
  5  another controller is running on the host; nothing was changed
134  (SIGABRT) hung, for example in a policy that never returns; guests stay as they are`

/** The same of the commands that talk to a fleet's NATS, and to no host. */
export const fleetExitCodesHelp = `
Exit codes:
  0  done, or stopped as asked (Ctrl-C)
  1  runtime failure, or what was asked for is refused: it is said why
  2  a mistake on the command line or in the configuration
  3  no connection to the NATS of the fleet, or it runs without JetStream
  4  not permitted: NATS does not know who asks, or does not let them do it`

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

/** The user ended the command before it was done. */
export class Stopped extends Error {}

/** The run ended normally, and something failed. */
export class WorkFailed extends Error {}

const codes: { readonly [K in ErrorCode]?: ExitCode } = {
  ERR_ADDON_MISSING: ExitCode.unreachable,
  ERR_CONNECTION_FAILED: ExitCode.unreachable,
  ERR_NO_PCPU: ExitCode.unreachable,
  ERR_PERMISSION_DENIED: ExitCode.permission,
  ERR_LOCKED: ExitCode.locked,
  ERR_SCENARIO: ExitCode.usage,
  ERR_FLEET_BUS: ExitCode.unreachable,
  ERR_FLEET_JETSTREAM: ExitCode.unreachable,
  ERR_FLEET_PERMISSION: ExitCode.permission,
  ERR_FLEET_VERSION: ExitCode.usage,
}

const cures: { readonly [K in ErrorCode]?: string } = {
  ERR_CONNECTION_LOST: '; guests stay as they are: run ballast again when the host is back',
  ERR_LOCKED: '; stop that controller first, or see "ballast status"',
}

/** The exit code of a run that `error` ended, and one line that says what is wrong and what to do. */
export function exitFor(error: unknown): { readonly code: ExitCode; readonly line: string } {
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
