import { once } from 'node:events'
import { Command, Option } from 'commander'
import { readRecordings } from '../../recording/read-recording.ts'
import { counted } from '../../util/format.ts'
import { type CliContext, logNotice } from '../context.ts'
import { UsageError } from '../exit-codes.ts'
import { type ListenAddress, parseListenAddress } from '../http/address.ts'
import { assertGuarded } from '../http/guarded.ts'
import {
  defaultRecordings,
  logProblems,
  noTickIn,
  type PeriodOptions,
  periodOptions,
  recordingsArgument,
  recordingsByHost,
} from '../recording/options.ts'
import { parseText } from '../values.ts'

interface ServeOptions extends PeriodOptions {
  readonly listen: ListenAddress
  readonly token?: string
}

/** `ballast serve [path]` */
export function serveCommand(context: CliContext): Command {
  const command = new Command('serve').addArgument(recordingsArgument())
  return periodOptions(command)
    .addOption(
      new Option('--listen <address>', 'where: [HOST:]PORT, on loopback without a host, or unix:PATH')
        .argParser(parseListenAddress('--listen'))
        .default({ kind: 'tcp', host: '127.0.0.1', port: 9178 } satisfies ListenAddress, '9178'),
    )
    .option(
      '--token <file>',
      'file of mode 0600 with a secret that readers have to know; needed where other machines can reach it',
      parseText('--token'),
    )
    .summary('show recordings in a browser')
    .description(
      'Serves a page of a period that "ballast run --record" recorded: the map of the host, its guests, what was decided, ' +
        'why, and what came of it, at each moment. No host is connected to. "ballast run --serve" serves the same of what happens now.',
    )
    .addHelpText(
      'after',
      `
Examples:
  ballast serve                                    the recordings in the state directory, at http://127.0.0.1:9178/
  ballast serve /var/lib/ballast/recordings --from 14:00 --to 15:00`,
    )
    .action((path: string | undefined, options: ServeOptions) => serve(context, path, options))
}

async function serve(context: CliContext, path: string | undefined, options: ServeOptions): Promise<void> {
  const where = { address: options.listen, tokenFile: options.token }
  assertGuarded(where)
  const place = path ?? defaultRecordings(context)
  const recordings = await readRecordings(place)
  const hosts = [...recordingsByHost(recordings).keys()]
  if (hosts.length > 1) {
    throw new UsageError(
      `a page is of one host, and there are recordings of ${hosts.join(', ')} in ${place}: move those of one to a directory of their own`,
    )
  }
  const { readRecordedPage } = await import('../page/recorded-page.ts')
  const { servePage } = await import('../page/serve.ts')
  const source = await readRecordedPage(() => readRecordings(place), options, context.signal)
  if (!(await source.hasTicks)) {
    logProblems(context, await source.whole)
    throw noTickIn(recordings, options, place)
  }
  const report = (problem: string) => logNotice(context, problem, { event: 'page', level: 'warn' })
  await using page = await servePage(where, source, report)
  logNotice(context, `page at ${page.address}: recordings of ${hosts[0]}`)
  source.whole.then(
    (whole) => {
      if (context.signal.aborted) return
      logProblems(context, whole)
      logNotice(context, `${counted(whole.ticks, 'tick')} read`)
    },
    (error: unknown) => report(`the rest cannot be read: ${error instanceof Error ? error.message : error}`),
  )
  if (!context.signal.aborted) await once(context.signal, 'abort')
}
