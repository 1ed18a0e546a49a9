import { writeFile } from 'node:fs/promises'
import { Command } from 'commander'
import { Period } from '../../recording/period/period.ts'
import { readRecordings } from '../../recording/read-recording.ts'
import { printable, printableJson } from '../../util/printable.ts'
import { KiB } from '../../util/units.ts'
import { type CliContext, logNotice, writeLines } from '../context.ts'
import { UsageError } from '../exit-codes.ts'
import {
  defaultRecordings,
  logProblems,
  noTickIn,
  type PeriodOptions,
  periodOptions,
  recordingsArgument,
  recordingsByHost,
} from '../recording/options.ts'
import { reportPage } from '../report/page.ts'
import { type PeriodSummary, summaryOf } from '../report/summary.ts'
import { reportLines } from '../report/words.ts'
import { parseAge, parseText } from '../values.ts'
import { version } from '../version.ts'

interface ReportOptions extends PeriodOptions {
  /** Milliseconds. */
  readonly since?: number
  readonly html?: string
  readonly json?: boolean
}

/** `ballast report [path]` */
export function reportCommand(context: CliContext): Command {
  const command = new Command('report').addArgument(recordingsArgument())
  return periodOptions(command)
    .option('--since <age>', 'only the last 30s, 15m, 2h or 7d (default: all)', parseAge('--since'))
    .option('--html <file>', 'write it as a page that opens without a network', parseText('--html'))
    .option('--json', 'print the figures as one line of JSON for each host')
    .summary('what a period was like: load, memory, changes, scores')
    .description(
      'Sums up a period of recordings that "ballast run --record" made: load of the physical CPUs and memory over time, ' +
        'changes with their reasons, scores, the worst minutes, and how each guest did. No host is connected to.',
    )
    .addHelpText(
      'after',
      `
Examples:
  ballast report                                    in a few lines
  ballast report --since 24h --html yesterday.html  as a page, with plots and every reason
  ballast report /var/lib/ballast/recordings --json for other programs`,
    )
    .action((path: string | undefined, options: ReportOptions) => report(context, path, options))
}

async function report(context: CliContext, path: string | undefined, options: ReportOptions): Promise<void> {
  const place = path ?? defaultRecordings(context)
  const { since, to } = options
  if (since !== undefined && options.from !== undefined)
    throw new UsageError('give --since or --from, not both')
  const from = since === undefined ? options.from : Date.now() - since
  const hosts = recordingsByHost(await readRecordings(place))
  if (options.html !== undefined && hosts.size > 1) {
    throw new UsageError(
      `a page is of one host, and there are recordings of ${[...hosts.keys()].join(', ')} in ${place}: move those of one to a directory of their own`,
    )
  }
  let found = false
  for (const [host, recordings] of hosts) {
    const period = new Period(from, to)
    const problems: string[] = []
    for (const recording of recordings) {
      await period.take(recording.entries)
      problems.push(...recording.problems)
      logProblems(context, recording)
    }
    if (period.ticks === 0) continue
    const summary = summaryOf(period, host, problems)
    if (options.html !== undefined) await writePage(context, options.html, period, summary)
    if (options.json) writeLines(context, [printableJson(JSON.stringify(summary))])
    else if (options.html === undefined)
      writeLines(context, [...(found ? [''] : []), ...reportLines(summary).map(printable)])
    found = true
  }
  if (!found) throw noTickIn([...hosts.values()].flat(), { from, to }, place)
}

async function writePage(
  context: CliContext,
  file: string,
  period: Period,
  summary: PeriodSummary,
): Promise<void> {
  const page = Buffer.from(reportPage(period, summary, version()))
  try {
    // Names and loads of guests are in it, as in the recording.
    await writeFile(file, page, { mode: 0o600 })
  } catch (error) {
    throw new UsageError(`cannot write ${file}: ${error instanceof Error ? error.message : String(error)}`)
  }
  logNotice(context, `wrote ${file}, ${Math.ceil(page.length / KiB)} KiB`)
}
