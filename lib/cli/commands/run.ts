import type { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { control } from '../controller/controller.ts'
import { mergeSetup } from '../controller/setup.ts'
import {
  addOptions,
  addPolicyOptions,
  type ControlOptions,
  loopCommand,
  type PolicyNames,
  type RunOptionName,
  runOptions,
} from '../options.ts'
import { parseText } from '../values.ts'

type Given = ControlOptions & PolicyNames & { readonly config?: string }

/** What makes `ballast run`, or another name for it. */
interface RunCommand {
  readonly name: string
  /** Policies that count as typed, unless others are. */
  readonly presets?: PolicyNames
  readonly summary: string
  readonly description: string
  /** Lines of help. */
  readonly examples: string
}

/** `ballast run [seconds]` */
export function runCommand(context: CliContext): Command {
  return runCommandAs(context, {
    name: 'run',
    summary: 'balance the physical CPUs and the memory',
    description:
      'Pins virtual CPUs and sizes balloons, in one loop: samples the host at each interval, asks the policies, ' +
      'and changes as little as balances it. A balanced host is not changed.',
    examples: `
  ballast run                               vCPUs and memory, every 2 seconds, until Ctrl-C
  ballast run --dry-run --ticks 10          log what would be done, ten times
  ballast run --scheduler pack --ksm adaptive --ballooning none
  ballast run --json >> /var/log/ballast    one line of JSON per tick
  ballast run --config /etc/ballast.yaml    what that file says; "ballast check" finds mistakes in it`,
  })
}

/** `ballast run` under another name. */
export function runCommandAs(context: CliContext, run: RunCommand): Command {
  const { name, presets = {}, summary, description, examples } = run
  const command = loopCommand(name)
  addPolicyOptions(command, presets)
  return addOptions(command, Object.keys(runOptions) as RunOptionName[])
    .option(
      '--config <file>',
      'read what is not given here from this file, and again at each SIGHUP; see docs/operating.md',
      parseText('--config'),
    )
    .summary(summary)
    .description(description)
    .addHelpText('after', `\nExamples:${examples}`)
    .action((interval: number, { config, ...given }: Given) => {
      const line = {
        command: `ballast ${name}`,
        // Without the argument it is the default that comes here, which a file may replace.
        interval: command.args.length > 0 ? interval : undefined,
        options: { ...presets, ...given },
      }
      return config === undefined
        ? control(context, mergeSetup(line))
        : controlByFile(context, async () => {
            // Loaded where there is a file to read: a YAML reader takes 7 MiB.
            const { readConfig } = await import('../config/config.ts')
            return mergeSetup(line, await readConfig(config))
          })
    })
}

async function controlByFile(context: CliContext, read: () => Promise<ReturnType<typeof mergeSetup>>) {
  return control(context, await read(), read)
}
