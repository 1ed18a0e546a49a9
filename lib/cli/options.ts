import { isAbsolute } from 'node:path'
import { Argument, Command, Option } from 'commander'
import type { AutopilotOptions } from '../control/autopilot.ts'
import { defaultPolicies, type PolicyKind, policies } from '../policies.ts'
import { kebabCase } from '../util/kebab-case.ts'
import { UsageError } from './exit-codes.ts'
import { parseAbsoluteListenAddress, parseListenAddress } from './http/address.ts'
import { logFormats, logLevels } from './log.ts'
import { parseChoice, parseCpus, parseSeconds, parseSize, parseText, parseTicks } from './values.ts'

/** What there is to know of an option that the command line and the configuration file share. */
interface SharedOption {
  /** As commander takes it. The key of the file is the long name, without its dashes. */
  readonly flags: string
  readonly help: string
  /** Whether it is the {@link AutopilotOptions} of the same name. */
  readonly isPilot?: boolean
  /** Without a policy of this kind it would do nothing. */
  readonly needs?: PolicyKind
}

/** An option whose text is parsed; `name` is what messages call it. */
interface ParsedOption<T> extends SharedOption {
  readonly parse: (name: string) => (text: string) => T
  /** The same for the file, where that is stricter. */
  readonly parseInFile?: (name: string) => (text: string) => T
  /** Whether it may be given several times, or as a list in the file; its value is a list then. */
  readonly repeats?: true
}

/** `--NAME` and `--no-NAME`. */
interface SwitchOption extends SharedOption {
  /** Help of `--no-NAME`. */
  readonly helpOff: string
}

interface ChoiceOption extends SharedOption {
  readonly choices: readonly string[]
}

export type RunOption = ParsedOption<unknown> | SwitchOption | ChoiceOption

/**
 * The options of `ballast run` that are the same on the command line and in the configuration file. This table is
 * the one place where an option has its flag, its name in the file, its check, and its way to the autopilot.
 * What depends on the host is checked by the autopilot's own rules: see `assertFits`.
 */
export const runOptions = {
  connect: {
    flags: '-c, --connect <uri>',
    help: 'the libvirt host to work on (default: $LIBVIRT_DEFAULT_URI, else qemu:///system)',
    parse: parseText,
  },
  match: {
    flags: '-m, --match <glob>',
    help: 'change only guests whose names match, such as "web*" (default: all)',
    parse: parseText,
    isPilot: true,
  },
  hostMemoryReserve: {
    flags: '--host-memory-reserve <size>',
    help: 'memory that stays with the host, such as 2GiB (default: 5 % of it, at least 512MiB)',
    parse: parseSize,
    isPilot: true,
    needs: 'ballooning',
  },
  countZfsArc: {
    flags: '--count-zfs-arc',
    help: 'count what the ZFS ARC holds above its minimum as available memory',
    helpOff: 'count as available what the kernel says (default)',
    isPilot: true,
    needs: 'ballooning',
  },
  hostCpus: {
    flags: '--host-cpus <list>',
    help: 'physical CPUs that stay with the host, such as 0-1: no guest is pinned there (default: none)',
    parse: parseCpus,
    isPilot: true,
    needs: 'scheduler',
  },
  respectPins: {
    flags: '--respect-pins',
    help: 'keep each virtual CPU within the affinity that it had at first',
    helpOff: 'use that affinity as the starting point only (default)',
    isPilot: true,
    needs: 'scheduler',
  },
  journal: {
    flags: '--journal <path>',
    help: 'where original settings are recorded before they are changed, for "ballast restore": a file, or a directory for one file per host (default: $XDG_STATE_HOME/ballast, ~/.local/state/ballast, or /var/lib/ballast for root)',
    parse: parseText,
    parseInFile: absolutePath,
  },
  record: {
    flags: '--record <directory>',
    help: 'record what is seen and decided, for "ballast history", "why" and "replay" (default: no recording)',
    parse: parseText,
    parseInFile: absolutePath,
  },
  metrics: {
    flags: '--metrics <address>',
    help: 'serve metrics for Prometheus at [HOST:]PORT, on loopback without a host, or at unix:PATH; may be given several times (default: none)',
    parse: parseListenAddress,
    parseInFile: parseAbsoluteListenAddress,
    repeats: true,
  },
  serve: {
    flags: '--serve <address>',
    help: 'serve a page that shows the host and what is done, at [HOST:]PORT, on loopback without a host, or at unix:PATH (default: none)',
    parse: parseListenAddress,
    parseInFile: parseAbsoluteListenAddress,
  },
  serveToken: {
    flags: '--serve-token <file>',
    help: 'file of mode 0600 with a secret that readers of the page have to know; needed where other machines can reach it (default: none)',
    parse: parseText,
    parseInFile: absolutePath,
  },
  dryRun: {
    flags: '--dry-run',
    help: 'log what would be done, and change nothing; see --stats-period',
    helpOff: 'change guests (default)',
    isPilot: true,
  },
  statsPeriod: {
    flags: '--stats-period',
    help: 'in a dry run, give guests a statistics period all the same, so that they report their memory; restored at the end',
    helpOff: 'in a dry run, skip guests that do not report their memory (default)',
    isPilot: true,
    needs: 'ballooning',
  },
  restore: {
    flags: '--restore',
    help: 'at the end restore what was set before (default)',
    helpOff: 'at the end leave the guests as they are',
  },
  log: {
    flags: '--log <format>',
    help: 'format of the log: lines, or a JSON record for each (default: text)',
    choices: logFormats,
  },
  logLevel: {
    flags: '--log-level <level>',
    help: 'log only records of this level and above (default: info)',
    choices: logLevels,
  },
} as const satisfies Readonly<Record<string, RunOption>>

type Table = typeof runOptions
export type RunOptionName = keyof Table

type ValueOf<O> = O extends { readonly parse: (name: string) => (text: string) => infer T }
  ? O extends { readonly repeats: true }
    ? readonly T[]
    : T
  : O extends { readonly choices: readonly (infer Choice)[] }
    ? Choice
    : boolean

/** Values of {@link runOptions}; what was not given is left out. Bytes. */
export type RunOptions = { readonly [Name in RunOptionName]?: ValueOf<Table[Name]> }

type PilotName = {
  [Name in RunOptionName]: Table[Name] extends { readonly isPilot: true } ? Name : never
}[RunOptionName]

/** The part of `options` that the autopilot takes, under the same names. */
export function pilotOptions(options: RunOptions): Pick<AutopilotOptions, PilotName> {
  const isPilot = (name: string) => (runOptions as Readonly<Record<string, RunOption>>)[name]?.isPilot
  const kept: Pick<RunOptions, PilotName> = Object.fromEntries(
    Object.entries(options).filter(([name]) => isPilot(name)),
  )
  return kept
}

/** Options of every command that connects. */
export type ConnectionOptions = Pick<RunOptions, 'connect'>

/** Options of every command that works tick by tick. */
export interface LoopOptions extends Pick<RunOptions, 'connect' | 'match'> {
  readonly ticks?: number | undefined
  readonly json?: boolean
}

/** Options of the commands that change domains. */
export type ControlOptions = RunOptions & LoopOptions

/** Names of policies, or `none`, from the command line. */
export type PolicyNames = { readonly [Kind in PolicyKind]?: string }

/** Milliseconds between ticks when none are given. */
export const defaultInterval = 2_000

export function connectionOptions(command: Command): Command {
  return addOptions(command, ['connect'])
}

/** A command `name [seconds]` that works tick by tick. */
export function loopCommand(name: string): Command {
  return new Command(name)
    .addArgument(
      new Argument('[seconds]', 'seconds from one tick to the next')
        .argParser(parseSeconds)
        .default(defaultInterval, `${defaultInterval / 1_000}`),
    )
    .option(
      '-n, --ticks <number>',
      'end after this number of ticks, emergency ticks not counted (default: run until Ctrl-C)',
      parseTicks,
    )
    .addOption(new Option('--json', 'print each tick as one line of JSON').conflicts('log'))
}

/** Adds those of {@link runOptions} to a command, with `help` in place of an option's own. */
export function addOptions(
  command: Command,
  names: readonly RunOptionName[],
  help: { readonly [Name in RunOptionName]?: string } = {},
): Command {
  for (const name of names) {
    const option: RunOption = runOptions[name]
    const added = new Option(option.flags, help[name] ?? option.help)
    if ('parse' in option) {
      const parse = option.parse(`--${kebabCase(name)}`)
      const append = (text: string, before: unknown[] = []) => [...before, parse(text)]
      if (option.repeats) added.argParser(append)
      else added.argParser(parse)
    }
    if ('choices' in option) added.choices(option.choices).argParser(parseChoice(option.choices))
    command.addOption(added)
    if ('helpOff' in option) command.option(`--no-${kebabCase(name)}`, option.helpOff)
  }
  return command
}

/** What each kind of policy does, in one phrase. */
export const kindHelp: { readonly [Kind in PolicyKind]: string } = {
  scheduler: 'policy that pins virtual CPUs',
  ballooning: 'policy that sizes balloons',
  ksm: 'policy for kernel same-page merging (KSM)',
}

/** Adds `--scheduler`, `--ballooning` and `--ksm`; `defaults` are for the help. */
export function addPolicyOptions(command: Command, defaults: PolicyNames = {}): Command {
  for (const kind of Object.keys(policies) as PolicyKind[]) {
    const usual = defaults[kind] ?? defaultPolicies[kind]
    const names = [...Object.keys(policies[kind]), 'none']
    command.addOption(
      new Option(`--${kind} <policy>`, `${kindHelp[kind]}; see docs/policies.md (default: ${usual})`)
        .choices(names)
        .argParser(parseChoice(names)),
    )
  }
  return command
}

/** A service has no directory that a path could be relative to. */
export function absolutePath(name: string): (text: string) => string {
  return (text) => {
    if (!isAbsolute(text)) {
      throw new UsageError(`${name} must be a path that begins with /; got ${JSON.stringify(text)}`)
    }
    return text
  }
}

/** The names of all of them. */
export const runOptionNames = Object.keys(runOptions) as RunOptionName[]

/** The options that would do nothing, since there is no policy of the kind that they need. */
export function uselessOptions(
  options: RunOptions,
  isNone: (kind: PolicyKind) => boolean,
): { readonly name: RunOptionName; readonly needs: PolicyKind }[] {
  return runOptionNames.flatMap((name) => {
    const { needs }: RunOption = runOptions[name]
    return options[name] !== undefined && needs && isNone(needs) ? [{ name, needs }] : []
  })
}
