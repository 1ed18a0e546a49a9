import { Argument, Command, Option } from 'commander'
import { counted, formatBytes } from '../../util/format.ts'
import { GiB } from '../../util/units.ts'
import { azure } from '../../whatif/import/azure.ts'
import { bitbrains } from '../../whatif/import/bitbrains.ts'
import { columns } from '../../whatif/import/columns.ts'
import { scenarioOfTrace } from '../../whatif/import/scenario.ts'
import { writeScenarioFile } from '../../whatif/scenario-file.ts'
import { type CliContext, logNotice } from '../context.ts'
import { UsageError } from '../exit-codes.ts'
import { parseAge, parseChoice, parseSize, parseText, parseWhole } from '../values.ts'

interface ImportOptions {
  readonly output: string
  readonly vms?: string
  readonly guests: number
  /** Milliseconds. */
  readonly for?: number
  readonly seed: number
  readonly vcpus: number
  /** Bytes. */
  readonly size: number
  readonly pcpus?: number
  /** Bytes. */
  readonly memory?: number
}

const formats = ['bitbrains', 'azure', 'columns'] as const
/** Milliseconds from tick to tick of what is imported. */
const interval = 2_000

/** `ballast import <format> <file...>` */
export function importCommand(context: CliContext): Command {
  return new Command('import')
    .addArgument(
      new Argument('<format>', 'of which format the files are')
        .choices(formats)
        .argParser(parseChoice(formats)),
    )
    .argument('<files...>', 'the files of the trace')
    .requiredOption('-o, --output <file>', 'the scenario file that is written', parseText('--output'))
    .option(
      '--vms <file>',
      'of azure: the table of guests (vmtable.csv), for their sizes',
      parseText('--vms'),
    )
    .option('--guests <number>', 'take the first guests that there are', parseWhole('--guests'), 100)
    .option('--for <time>', 'take the first 30m, 6h or 7d (default: all)', parseAge('--for'))
    .option('--seed <number>', 'of what is made up between two readings', parseWhole('--seed'), 1)
    .option('--vcpus <number>', 'of guests of which the trace does not say', parseWhole('--vcpus'), 2)
    .addOption(
      new Option('--size <size>', 'memory of such guests')
        .argParser(parseSize('--size'))
        .default(4 * GiB, '4GiB'),
    )
    .option(
      '--pcpus <number>',
      'pCPUs of the host (default: as many as are 60 % busy on average)',
      parseWhole('--pcpus'),
    )
    .option(
      '--memory <size>',
      'memory of the host (default: that of all guests and a tenth more)',
      parseSize('--memory'),
    )
    .summary('make a scenario of a public trace')
    .description(
      'Reads a trace of guests and writes a scenario for "ballast whatif" and "ballast capacity". Traces have a reading ' +
        'every few minutes; what is between two is made up, by the rule in docs/whatif.md, which has the formats too.',
    )
    .addHelpText(
      'after',
      `
Examples:
  ballast import bitbrains fastStorage/2013-8/*.csv --guests 40 --for 6h -o bitbrains.json
  ballast import azure vm_cpu_readings-file-1-of-195.csv --vms vmtable.csv -o azure.json
  ballast import columns mine.csv --pcpus 16 --memory 64GiB -o mine.json
  ballast whatif mine.json --scheduler balance --ballooning shares`,
    )
    .action((format: (typeof formats)[number], files: readonly string[], options: ImportOptions) =>
      run(context, format, files, options),
    )
}

async function run(
  context: CliContext,
  format: (typeof formats)[number],
  files: readonly string[],
  { output, vms, for: time, ...options }: ImportOptions,
): Promise<void> {
  if (vms !== undefined && format !== 'azure') throw new UsageError('--vms is for azure only')
  const trace =
    format === 'bitbrains' ? bitbrains(files) : format === 'azure' ? azure(files, vms) : columns(files)
  const seconds = time === undefined ? Number.POSITIVE_INFINITY : time / 1_000
  const load = await scenarioOfTrace(trace, { ...options, seconds, interval })
  await writeScenarioFile(output, load)
  const { domains, pcpus } = load.scenario
  const hours = (load.ticks * load.interval) / 3_600_000
  logNotice(
    context,
    `${output}: ${counted(domains.length, 'guest')} for ${hours.toFixed(1)} hours on ${String(pcpus)} pCPUs with ${formatBytes(load.hostMemory)}`,
  )
  for (const note of load.notes) logNotice(context, note)
}
