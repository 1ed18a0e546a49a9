import { Argument, Command, Option } from 'commander'
import type { CpuSet } from '../host/cpuset.ts'
import { logLevelOption, logOption } from './log-options.ts'
import { parseCpus, parseSeconds, parseSize, parseText, parseTicks } from './values.ts'

/** Options of every command. */
export interface ConnectionOptions {
  readonly connect?: string
}

/** Options of every command that works tick by tick. */
export interface LoopOptions extends ConnectionOptions {
  readonly ticks?: number | undefined
  readonly json?: boolean
  readonly domains?: string
}

/** Options of the commands that change domains. */
export interface ControlOptions extends LoopOptions {
  readonly dryRun?: boolean
  readonly journal?: string
  /** Whether the originals are restored at the end. Default: true. */
  readonly restore?: boolean
}

/** Options of the commands that pin vCPUs. */
export interface CpuOptions {
  readonly respectPins?: boolean
  readonly hostCpus?: CpuSet
}

/** Options of the commands that change balloons. Bytes. */
export interface MemoryOptions {
  readonly reserve?: number
}

/** Seconds between ticks when none are given. */
const defaultSeconds = 2

export function connectionOptions(command: Command): Command {
  return command.option(
    '-c, --connect <uri>',
    'the libvirt host to work on (default: $LIBVIRT_DEFAULT_URI, else qemu:///system)',
    parseText('--connect'),
  )
}

/** A command `name [seconds]` that works tick by tick. */
export function loopCommand(name: string, { domainsHelp }: { readonly domainsHelp: string }): Command {
  const command = new Command(name)
    .addArgument(
      new Argument('[seconds]', 'seconds from one look at the host to the next')
        .argParser(parseSeconds)
        .default(1000 * defaultSeconds, `${defaultSeconds}`),
    )
    .option(
      '-n, --ticks <number>',
      'end after so many ticks, early ones for guests that suffer not counted (default: go on until Ctrl-C)',
      parseTicks,
    )
    .option('-d, --domains <glob>', domainsHelp, parseText('--domains'))
    .option('--json', 'print each tick as one line of JSON')
  return connectionOptions(command)
}

/** A command `name [seconds]` that changes domains. */
export function controlCommand(name: string): Command {
  return loopCommand(name, { domainsHelp: 'change only guests whose names match, such as "web*"' })
    .option(
      '--dry-run',
      'say what would be done, and change nothing; guests that do not report their memory are left out then',
    )
    .option(
      '--journal <path>',
      'where to write down what was set before it is changed, for "ballast restore"; a file, or a directory for a file of each host (default: $XDG_STATE_HOME/ballast, ~/.local/state/ballast, or /var/lib/ballast for root)',
      parseText('--journal'),
    )
    .option('--restore', 'at the end restore what was set before (default)')
    .option('--no-restore', 'at the end leave the guests as they are')
    .addOption(logOption())
    .addOption(logLevelOption())
}

export function cpuOptions(command: Command): Command {
  return command
    .option(
      '--respect-pins',
      'keep each virtual CPU within the affinity that it had at first (default: that is only where it starts)',
    )
    .option(
      '--host-cpus <list>',
      'physical CPUs that stay with the host, such as 0-1: no guest is pinned there',
      parseCpus('--host-cpus'),
    )
}

export function memoryOption(): Option {
  return new Option(
    '--reserve <size>',
    'memory that stays with the host, such as 2GiB (default: 5 % of it, at least 512MiB)',
  ).argParser(parseSize('--reserve'))
}
