import type { Command } from 'commander'
import { LogFormatter } from '../../report/log-lines.ts'
import { closing, logConnection, openHost } from '../connection.ts'
import { type CliContext, writeLines } from '../context.ts'
import { runTicks } from '../controller/ticks.ts'
import { addOptions, type LoopOptions, loopCommand } from '../options.ts'
import { assertRecordable } from '../recording/directory.ts'
import { openRecorder } from '../recording/recorder.ts'
import { parseText } from '../values.ts'

type RecordOptions = LoopOptions & { readonly record: string }

/** `ballast record --record DIR [seconds]` */
export function recordCommand(context: CliContext): Command {
  return addOptions(loopCommand('record'), ['connect'])
    .requiredOption('--record <directory>', 'where the recording is written', parseText('--record'))
    .summary('record what the guests do; changes nothing')
    .description(
      'Watches the host over a read-only connection and records what its guests use, for "ballast replay" and for ' +
        'other tools: lines of JSON, compressed; see docs/recordings.md. "ballast run --record" does the same beside balancing.',
    )
    .addHelpText(
      'after',
      `
Examples:
  ballast record --record /var/lib/ballast/recordings         every 2 seconds, until Ctrl-C
  ballast record 5 --record ./recordings --ticks 720          an hour, every 5 seconds`,
    )
    .action((interval: number, options: RecordOptions) => watch(context, options, interval))
}

async function watch(context: CliContext, options: RecordOptions, interval: number): Promise<void> {
  await assertRecordable('--record', options.record)
  const host = await openHost(context, options, { readOnly: true, stays: true })
  if (!host) return
  await using _ = closing(host)
  logConnection(context, host)
  await using recorder = openRecorder(context, host, { directory: options.record })
  const log = new LogFormatter()
  const run = recorder.run({ loop: { interval }, policies: {} })
  await runTicks(context, host, options, { interval }, (tick) => writeLines(context, log.lines(tick)), {
    run,
  })
}
