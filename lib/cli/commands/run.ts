import type { Command } from 'commander'
import { readConfig } from '../config/config.ts'
import type { CliContext } from '../context.ts'
import { control } from '../controller/controller.ts'
import type { Setup } from '../controller/setup.ts'
import type { LogOptions } from '../log-options.ts'
import {
  type ControlOptions,
  type CpuOptions,
  controlCommand,
  cpuOptions,
  type MemoryOptions,
  memoryOption,
} from '../options.ts'
import { balloonPolicies, cpuPolicies, defaultPolicies } from '../policies.ts'
import { parseText } from '../values.ts'

type Given = ControlOptions & CpuOptions & MemoryOptions & LogOptions & { readonly config?: string }

/** `ballast run [seconds]` */
export function runCommand(world: CliContext): Command {
  return cpuOptions(controlCommand('run'))
    .addOption(memoryOption())
    .option(
      '--config <file>',
      'read what is not given here from this file, and again at each SIGHUP; see docs/operating.md',
      parseText('--config'),
    )
    .summary('both: level the physical CPUs and the memory')
    .description('Does what "ballast cpu" and "ballast memory" do, in one loop.')
    .addHelpText(
      'after',
      `
Examples:
  ballast run                               both, every 2 seconds, until Ctrl-C
  ballast run --dry-run --ticks 10          only say what would be done, ten times
  ballast run --json >> /var/log/ballast    one line of JSON per tick
  ballast run --config /etc/ballast.yaml    what that file says; "ballast check" looks for mistakes in it`,
    )
    .action(async (interval: number, given: Given, command: Command) => {
      // Without the argument it is the default that comes here, which a file may replace.
      const wanted = command.args.length > 0 ? interval : undefined
      const { config } = given
      if (config === undefined) return control(world, fromCommandLine(interval, given))
      const read = () => fromFile(config, wanted, given, interval)
      return control(world, await read(), read)
    })
}

function fromCommandLine(interval: number, options: Given): Setup {
  return {
    options,
    pilot: {
      interval,
      scheduler: cpuPolicies[defaultPolicies.cpus]!(),
      ballooning: balloonPolicies[defaultPolicies.balloons]!(),
      hostMemoryReserve: options.reserve,
    },
    lockInfo: { command: 'ballast run', policies: [defaultPolicies.cpus, defaultPolicies.balloons] },
  }
}

function camelCase(option: string): string {
  return option.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
}

/** What the command line says wins over what the file says. */
async function fromFile(
  path: string,
  interval: number | undefined,
  given: Given,
  usualInterval: number,
): Promise<Setup> {
  const { options: said, scheduler, ballooning, domainRules, nameOf } = await readConfig(path)
  const options = { ...said, ...given }
  return {
    options,
    pilot: {
      interval: interval ?? said.interval ?? usualInterval,
      scheduler: scheduler?.policy,
      ballooning: ballooning?.policy,
      hostMemoryReserve: options.reserve,
      domainRules: domainRules,
    },
    lockInfo: {
      command: `ballast run --config ${path}`,
      policies: [scheduler, ballooning].flatMap((chosen) => chosen?.name ?? []),
    },
    config: path,
    nameOf: (option) => (Object.hasOwn(given, camelCase(option)) ? `--${option}` : nameOf(option)),
  }
}
