import { Argument, Command, Option } from 'commander'
import { type PolicyKind, policies } from '../../policies.ts'
import { pilotOf } from '../../recording/configuration.ts'
import { counted } from '../../util/format.ts'
import { printable, printableJson } from '../../util/printable.ts'
import { missOf } from '../../whatif/miss.ts'
import { answerTable, missLines } from '../../whatif/text.ts'
import { type Answer, type Asked, whatIf } from '../../whatif/what-if.ts'
import { type CliContext, writeLines } from '../context.ts'
import { UsageError } from '../exit-codes.ts'
import { configuredPilot } from '../recording/configured-pilot.ts'
import { type PeriodOptions, periodOptions } from '../recording/options.ts'
import { parseChoice } from '../values.ts'
import { type AskedLoad, inEarnest, loadsAt, untilStopped } from '../whatif/loads.ts'
import { Progress } from '../whatif/progress.ts'

interface WhatIfOptions extends PeriodOptions {
  readonly scheduler?: readonly string[]
  readonly ballooning?: readonly string[]
  readonly ksm?: readonly string[]
  readonly config?: readonly string[]
  readonly json?: boolean
}

/** `ballast whatif [path]` */
export function whatIfCommand(context: CliContext): Command {
  const command = new Command('whatif').addArgument(
    new Argument(
      '[path]',
      'a directory of recordings, one of its files, or a scenario file (default: the recordings in the state directory)',
    ),
  )
  for (const kind of Object.keys(policies) as PolicyKind[]) command.addOption(policyOption(kind))
  command.option(
    '--config <file>',
    'the policies and limits of a configuration file; may be given several times',
    collect,
  )
  return periodOptions(command)
    .option('--json', 'print one line of JSON for each recording')
    .summary('how another policy would have done on the load of a recording')
    .description(
      'Fits a load to a recording and plays it on a simulated host: under the policies that were recorded, under those ' +
        'that are asked for, and under none. Beside it stands what was measured, and by how much the simulation of the ' +
        'recorded policies misses that: no answer is better. No host is connected to.',
    )
    .addHelpText(
      'after',
      `
Examples:
  ballast whatif --scheduler lpt --scheduler one-move       two schedulers, the balloons as recorded
  ballast whatif --config new.yaml --from 08:00 --to 10:00  a configuration, on two hours of the load
  ballast whatif scenario.json --ballooning shares          on a scenario; see ballast import

Each scheduler is played with each ballooning policy that is named.`,
    )
    .action((path: string | undefined, options: WhatIfOptions) =>
      untilStopped(context, () => run(context, path, options)),
    )
}

function policyOption(kind: PolicyKind): Option {
  const names = [...Object.keys(policies[kind]), 'none']
  const parse = parseChoice(names)
  return new Option(
    `--${kind} <policy>`,
    `a ${kind} policy, or none; may be given several times (default: as recorded)`,
  )
    .choices(names)
    .argParser((name: string, before: readonly string[] = []) => [...before, parse(name)])
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

async function run(context: CliContext, path: string | undefined, options: WhatIfOptions): Promise<void> {
  const { from, to, json } = options
  for await (const asked of loadsAt(context, path, { from, to, signal: context.signal })) {
    using progress = new Progress(context, 'whatif')
    const result = await whatIf(asked.load, await policiesFor(asked, options), {
      signal: context.signal,
      progress: (done, total) => progress.report(done, total),
    })
    const { answers, none, speed } = result
    const same = asked.recorded && answers.find(({ name }) => name === asRecorded)
    const miss = same && asked.recorded && missOf(same.played.figures, asked.recorded)
    const { scenario, ticks, interval, notes } = asked.load
    if (json) {
      const line = {
        of: asked.name,
        interval,
        ticks,
        guests: scenario.domains.length,
        recorded: asked.recorded,
        miss,
        answers: answers.map(plain),
        none: plain({ name: 'none', played: none, regret: { cpu: undefined, memory: undefined } }),
        speed,
        notes,
      }
      writeLines(context, [printableJson(JSON.stringify(line))])
      continue
    }
    const columns: Answer[] = [
      ...answers,
      { name: 'none', played: none, regret: { cpu: undefined, memory: undefined } },
    ]
    writeLines(
      context,
      [
        `${asked.name}: ${counted(ticks, 'tick')}, ${counted(scenario.domains.length, 'guest')}, ${Math.round(speed)} times as fast as real time`,
        ...answerTable(columns, asked.recorded),
        ...(miss ? missLines(miss) : []),
        ...notes.map((note) => `note: ${note}`),
      ].map(printable),
    )
  }
}

const asRecorded = 'as recorded'

/** The policies that were recorded, and each that is asked for. */
async function policiesFor(load: AskedLoad, options: WhatIfOptions): Promise<readonly Asked[]> {
  const recorded = inEarnest(load)
  const asked: Asked[] = load.configuration ? [{ name: asRecorded, pilot: pilotOf(load.configuration) }] : []
  const { scheduler, ballooning, ksm, config = [] } = options
  if (scheduler || ballooning || ksm) {
    for (const instead of combinations({ scheduler, ballooning, ksm })) {
      const name = Object.values(instead)
        .filter((one) => one !== undefined)
        .join(' + ')
      asked.push({ name, pilot: pilotOf(recorded, instead) })
    }
  }
  for (const path of config) {
    asked.push({ name: path, pilot: await configuredPilot(path) })
  }
  if (asked.length === 0) {
    const why = load.recorded
      ? 'the recording does not say with which policies it was made'
      : 'a scenario has no policies of its own'
    throw new UsageError(`nothing is asked: ${why}; give --scheduler, --ballooning or --config`)
  }
  return asked
}

type Instead = { readonly [Kind in PolicyKind]?: string | undefined }

/** Each of one kind with each of the others. */
function combinations(named: { readonly [Kind in PolicyKind]?: readonly string[] | undefined }): Instead[] {
  let all: Instead[] = [{}]
  for (const kind of Object.keys(policies) as PolicyKind[]) {
    const names = named[kind]
    if (names) all = all.flatMap((one) => names.map((name) => ({ ...one, [kind]: name })))
  }
  return all
}

/** An answer as JSON has it. */
function plain({ name, played: { figures, toll, cost, errors }, regret }: Answer) {
  return { name, ...figures, stall: toll.stalled, programsKilled: toll.programsKilled, cost, regret, errors }
}
