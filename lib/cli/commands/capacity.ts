import { Argument, Command } from 'commander'
import { defaultPolicies } from '../../policies.ts'
import { pilotOf } from '../../recording/configuration.ts'
import { counted, formatBytes, formatPercent } from '../../util/format.ts'
import { printable, printableJson } from '../../util/printable.ts'
import { type Capacity, capacityOf, type GuestShape, type Limit, medianUse } from '../../whatif/capacity.ts'
import { play } from '../../whatif/play.ts'
import { type CliContext, logNotice, writeLines } from '../context.ts'
import { UsageError } from '../exit-codes.ts'
import { addPolicyOptions, type PolicyNames } from '../options.ts'
import { type PeriodOptions, periodOptions } from '../recording/options.ts'
import { parsePart, parseSize, parseWhole } from '../values.ts'
import { type AskedLoad, inEarnest, loadsAt, untilStopped } from '../whatif/loads.ts'

interface CapacityOptions extends PolicyNames, PeriodOptions {
  readonly guest: Pick<GuestShape, 'vcpus' | 'size'>
  readonly load?: number
  readonly use?: number
  readonly scoreLimit: number
  readonly most: number
  readonly json?: boolean
}

/** Points that no score may be below. */
const usualLimit = 90

/** `ballast capacity [path] --guest 2x4GiB` */
export function capacityCommand(context: CliContext): Command {
  const command = new Command('capacity')
    .addArgument(
      new Argument(
        '[path]',
        'a directory of recordings, one of its files, or a scenario file (default: the recordings in the state directory)',
      ),
    )
    .requiredOption('--guest <shape>', 'what is to be added: vCPUs and memory, such as 2x4GiB', parseGuest)
    .option(
      '--load <part>',
      'what each of its vCPUs wants, as a part of a pCPU (default: the median of the vCPUs that are there)',
      parsePart('--load'),
    )
    .option(
      '--use <part>',
      'what it uses of its memory, as a part of it (default: the median of the guests that are there)',
      parsePart('--use'),
    )
    .option(
      '--score-limit <points>',
      'the score that no guest may be below',
      parseWhole('--score-limit'),
      usualLimit,
    )
    .option('--most <number>', 'try no more guests than that', parseWhole('--most'), 256)
  addPolicyOptions(command, {
    scheduler: `as recorded, else ${defaultPolicies.scheduler}`,
    ballooning: `as recorded, else ${defaultPolicies.ballooning}`,
    ksm: 'as recorded',
  })
  return periodOptions(command)
    .option('--json', 'print one line of JSON for each recording')
    .summary('how many more guests a host carries')
    .description(
      'Fits a load to a recording, adds guests to it on simulated hosts, and says how many of them the host carries with ' +
        'no score below a limit, and what gives out first with one more: the CPU or the memory. No host is connected to.',
    )
    .addHelpText(
      'after',
      `
Examples:
  ballast capacity --guest 2x4GiB                            like the guests that are there
  ballast capacity --guest 4x16GiB --load 0.5 --use 0.8      busier ones
  ballast capacity scenario.json --guest 1x1GiB --json       on a scenario; see ballast import`,
    )
    .action((path: string | undefined, options: CapacityOptions) =>
      untilStopped(context, () => run(context, path, options)),
    )
}

function parseGuest(text: string): Pick<GuestShape, 'vcpus' | 'size'> {
  const [, vcpus, size] = /^(\d{1,4})x(.+)$/.exec(text) ?? []
  if (size === undefined || Number(vcpus) < 1) {
    throw new UsageError(`--guest must be vCPUs and memory, such as 2x4GiB; got ${JSON.stringify(text)}`)
  }
  return { vcpus: Number(vcpus), size: parseSize('--guest')(size) }
}

async function run(context: CliContext, path: string | undefined, options: CapacityOptions): Promise<void> {
  const { from, to, json, scoreLimit, most } = options
  for await (const asked of loadsAt(context, path, { from, to, signal: context.signal })) {
    const pilot = pilotFor(asked, options)
    const { signal } = context
    const figures = asked.recorded ?? (await play(asked.load, pilot, { signal })).figures
    const { load, use } = medianUse(figures)
    const shape: GuestShape = { ...options.guest, load: options.load ?? load, use: options.use ?? use }
    const capacity = await capacityOf(asked.load, pilot, shape, {
      scoreLimit,
      most,
      signal,
      trying: (guests) => logNotice(context, `trying ${counted(guests, 'more guest')}`),
    })
    writeLines(
      context,
      json
        ? [
            printableJson(
              JSON.stringify({ of: asked.name, shape, scoreLimit, ...capacity, notes: asked.load.notes }),
            ),
          ]
        : capacityLines(asked, shape, scoreLimit, capacity).map(printable),
    )
  }
}

function pilotFor(asked: AskedLoad, { scheduler, ballooning, ksm }: PolicyNames) {
  const usual = (kind: 'scheduler' | 'ballooning') => ({ name: defaultPolicies[kind], options: {} })
  const { loop, policies: recorded } = inEarnest(asked)
  const policies = {
    ...recorded,
    scheduler: recorded.scheduler ?? usual('scheduler'),
    ballooning: recorded.ballooning ?? usual('ballooning'),
  }
  return pilotOf({ loop, policies }, { scheduler, ballooning, ksm })
}

function capacityLines(
  { name, load: { notes } }: AskedLoad,
  { vcpus, size, load, use }: GuestShape,
  scoreLimit: number,
  { guests, lowest, limit }: Capacity,
): string[] {
  const what =
    `of ${counted(vcpus, 'vCPU')} and ${formatBytes(size)}, each vCPU wanting ${formatPercent(load, 0)} of a pCPU, ` +
    `using ${formatPercent(use, 0)} of their memory`
  const least = lowest
    ? `; the lowest score is ${lowest.points.toFixed(0)} (${lowest.of} of ${lowest.guest})`
    : ''
  return [
    `${name}: carries ${guests} more ${guests === 1 ? 'guest' : 'guests'} ${what}, with no score below ${scoreLimit}${least}`,
    ...(limit ? [`with one more ${limitText(limit)}`] : ['more were not tried']),
    ...notes.map((note) => `note: ${note}`),
  ]
}

function limitText(limit: Limit): string {
  const what = limit.of === 'cpu' ? 'the CPU' : 'the memory'
  return 'what' in limit
    ? `${what} gives out: ${limit.what}`
    : `${what} gives out: the score of ${limit.guest} is ${limit.points.toFixed(0)}`
}
