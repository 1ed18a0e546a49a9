import { join } from 'node:path'
import { Argument, type Command } from 'commander'
import { BallastError } from '../../host/errors.ts'
import { readRecordings, type StoredRecording } from '../../recording/read-recording.ts'
import { timeText } from '../../recording/text.ts'
import { stateDirectory } from '../../util/state-directory.ts'
import { type CliContext, logNotice } from '../context.ts'
import { parseMoment, parseText } from '../values.ts'

/** What a command reads that is about recordings alone; default: {@link defaultRecordings}. */
export function recordingsArgument(): Argument {
  return new Argument(
    '[path]',
    'a directory of recordings, or one of its files (default: the recordings in the state directory)',
  )
}

/** Options of the commands that read recordings. */
export interface ReadingOptions {
  readonly recording?: string
  readonly json?: boolean
}

/** Adds `--recording` and `--json`; `usual` says what is read without it. */
export function recordingOptions(
  command: Command,
  usual = 'recordings in the state directory of ballast',
): Command {
  return command
    .option(
      '--recording <path>',
      `the directory that ballast run was given with --record, or one of its files (default: ${usual})`,
      parseText('--recording'),
    )
    .option('--json', 'print one line of JSON for each')
}

/** A part of a recording: milliseconds since the epoch. */
export interface PeriodOptions {
  readonly from?: number | undefined
  readonly to?: number | undefined
}

/** Adds `--from` and `--to`. */
export function periodOptions(command: Command): Command {
  return command
    .option(
      '--from <time>',
      'only from this moment on, such as 14:30 or 2026-11-28T14:30',
      parseMoment('--from'),
    )
    .option('--to <time>', 'only up to this moment', parseMoment('--to'))
}

/** Whether a moment is in the part that is asked for. */
export function isWithin(
  wallTime: number,
  { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY }: PeriodOptions,
): boolean {
  return wallTime >= from && wallTime <= to
}

/** The error that there is no tick in a part of recordings: with the part, since `14:30` is of the last 24 hours, and their begin. */
export function noTickIn(
  recordings: readonly StoredRecording[],
  { from, to }: PeriodOptions,
  place = '',
): BallastError {
  const begun = recordings.map(({ header }) => header.wallTime)
  const part = [
    ...(from === undefined ? [] : [` from ${timeText(from)}`]),
    ...(to === undefined ? [] : [` to ${timeText(to)}`]),
  ]
  const which = part.length > 0 ? `:${part.join('')}` : ''
  const begin = begun.length > 0 ? `; they begin at ${timeText(Math.min(...begun))}` : ''
  const where = place === '' ? '' : ` in ${place}`
  return new BallastError(
    'ERR_RECORDING',
    `There is no tick in that part of the recordings${where}${which}${begin}`,
  )
}

/** The recordings that the options name. Rejects with `ERR_RECORDING`. */
export function openRecordings(
  context: CliContext,
  { recording }: ReadingOptions,
): Promise<StoredRecording[]> {
  return readRecordings(recording ?? defaultRecordings(context))
}

/** Where recordings are, unless the user says otherwise. */
export function defaultRecordings({ env }: CliContext): string {
  return join(stateDirectory(env), 'recordings')
}

/** Says what a recording lacks, once it was read. */
export function logProblems(context: CliContext, { problems }: Pick<StoredRecording, 'problems'>): void {
  for (const problem of problems) logNotice(context, problem, { event: 'recording', level: 'warn' })
}

/** Recordings by the URI of the host that they are of. */
export function recordingsByHost(
  recordings: readonly StoredRecording[],
): ReadonlyMap<string, readonly StoredRecording[]> {
  const hosts = new Map<string, StoredRecording[]>()
  for (const recording of recordings) {
    const { uri } = recording.header
    hosts.set(uri, [...(hosts.get(uri) ?? []), recording])
  }
  return hosts
}
