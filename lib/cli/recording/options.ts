import { join } from 'node:path'
import type { Command } from 'commander'
import { readRecordings, type StoredRecording } from '../../recording/read-recording.ts'
import { stateDirectory } from '../../util/state-directory.ts'
import { type CliContext, logNotice } from '../context.ts'
import { parseText } from '../values.ts'

/** Options of the commands that read recordings. */
export interface ReadingOptions {
  readonly recording?: string
  readonly json?: boolean
}

/** Adds `--recording` and `--json`. */
export function recordingOptions(command: Command): Command {
  return command
    .option(
      '--recording <path>',
      'the directory that ballast run was given with --record, or one of its files (default: recordings in the state directory of ballast)',
      parseText('--recording'),
    )
    .option('--json', 'print one line of JSON for each')
}

/** The recordings that the options name. Rejects with `ERR_RECORDING`. */
export function openRecordings(
  { env }: CliContext,
  { recording }: ReadingOptions,
): Promise<StoredRecording[]> {
  return readRecordings(recording ?? join(stateDirectory(env), 'recordings'))
}

/** Says what a recording lacks, once it was read. */
export function logProblems(context: CliContext, { problems }: StoredRecording): void {
  for (const problem of problems) logNotice(context, problem, { event: 'recording', level: 'warn' })
}
