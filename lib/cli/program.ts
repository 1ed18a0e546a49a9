import { debuglog, inspect } from 'node:util'
import { Command, CommanderError } from 'commander'
import { printable } from '../util/printable.ts'
import { capacityCommand } from './commands/capacity.ts'
import { checkCommand } from './commands/check.ts'
import { cpuCommand } from './commands/cpu.ts'
import { fleetCommand } from './commands/fleet.ts'
import { historyCommand } from './commands/history.ts'
import { importCommand } from './commands/import.ts'
import { memoryCommand } from './commands/memory.ts'
import { monitorCommand } from './commands/monitor.ts'
import { recordCommand } from './commands/record.ts'
import { replayCommand } from './commands/replay.ts'
import { reportCommand } from './commands/report.ts'
import { restoreCommand } from './commands/restore.ts'
import { runCommand } from './commands/run.ts'
import { schemaCommand } from './commands/schema.ts'
import { serveCommand } from './commands/serve.ts'
import { statusCommand } from './commands/status.ts'
import { topCommand } from './commands/top.ts'
import { whatIfCommand } from './commands/whatif.ts'
import { whyCommand } from './commands/why.ts'
import { type CliContext, logNotice } from './context.ts'
import {
  ConfigError,
  ExitCode,
  exitCodesHelp,
  exitFor,
  fleetExitCodesHelp,
  Stopped,
  UsageError,
} from './exit-codes.ts'
import { version } from './version.ts'

const debug = debuglog('ballast')

/** The definition of the command line: of its help, and of the completions and man pages that are made from it. */
export function ballastProgram(context: CliContext): Command {
  const commands = [
    cpuCommand,
    memoryCommand,
    runCommand,
    checkCommand,
    schemaCommand,
    topCommand,
    monitorCommand,
    statusCommand,
    restoreCommand,
    recordCommand,
    historyCommand,
    whyCommand,
    reportCommand,
    serveCommand,
    replayCommand,
    whatIfCommand,
    capacityCommand,
    importCommand,
    fleetCommand,
  ]
  const program = new Command('ballast')
    .description(
      'Keeps a libvirt host balanced: samples what its guests use every few seconds, pins their virtual CPUs so ' +
        'that the load is even, and sizes their balloons so that memory is where it is needed.',
    )
    .version(version(), '-V, --version')
    .addHelpText('after', examplesHelp)
  for (const command of commands) program.addCommand(command(context))
  for (const command of [program, ...program.commands.flatMap(withNested)]) {
    command
      .addHelpText('after', isOfFleet(command) ? fleetExitCodesHelp : exitCodesHelp)
      .exitOverride((error) => {
        throw mistakeIn(command, error)
      })
      .configureOutput({
        writeOut: (text) => void context.stdout.write(text),
        writeErr: (text) => void context.stdout.write(text),
        outputError: () => {}, // printed by main, in one line
      })
  }
  return program
}

/** What ends the parse of a command: a mistake in its words, with where its help is; or, as it is, that help was shown. */
function mistakeIn(command: Command, error: CommanderError): Error {
  if (error.exitCode === 0 || error.code === 'commander.help') return error
  const path: string[] = []
  for (let one: Command | null = command; one; one = one.parent) path.unshift(one.name())
  return new UsageError(`${error.message.replace(/^error: |\.$/g, '')}; see ${path.join(' ')} --help`, {
    cause: error,
  })
}

/**
 * `args` without the word `help` before the name of no command: so they are an error that names it, where all of the help would
 * be shown without a word about it.
 */
function namingUnknown(program: Command, args: readonly string[]): readonly string[] {
  let group = program
  for (const [at, word] of args.entries()) {
    const [asked] = args.slice(at + 1)
    const isUnknown = asked !== undefined && !asked.startsWith('-') && !commandOf(group, asked)
    if (word === 'help' && isUnknown) return args.toSpliced(at, 1)
    const next = commandOf(group, word)
    if (!next?.commands.length) return args
    group = next
  }
  return args
}

function commandOf(group: Command, name: string): Command | undefined {
  return group.commands.find((command) => command.name() === name)
}

/** Whether a command is `ballast fleet`, or within it. */
function isOfFleet(command: Command): boolean {
  return [command.name(), command.parent?.name()].includes('fleet')
}

/** A command and those within it. */
function withNested(command: Command): Command[] {
  return [command, ...command.commands]
}

/** Runs the command line `args` (without node and script) in `context`; resolves to what the process ends with. */
export async function main(args: readonly string[], context: CliContext): Promise<ExitCode> {
  const program = ballastProgram(context)
  try {
    if (args.length === 0) {
      program.outputHelp()
      return ExitCode.usage
    }
    await program.parseAsync(namingUnknown(program, args), { from: 'user' })
    return ExitCode.fine
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return ExitCode.fine
    if (error instanceof Stopped) return ExitCode.fine
    // A group of commands without one of them: its help has been shown.
    if (error instanceof CommanderError && error.code === 'commander.help') return ExitCode.usage
    for (const line of inspect(error).split('\n')) debug('%s', printable(line))
    const { code, line } = exitFor(error)
    // As compilers do, so that editors find the place.
    for (const problem of error instanceof ConfigError ? error.problems : []) {
      context.stderr.write(`${printable(problem)}\n`)
    }
    logNotice(context, line)
    return code
  }
}

const examplesHelp = `
Examples:
  ballast top                  watch the host, or its controller, on the whole screen; changes nothing
  ballast monitor              the same in lines that scroll
  ballast run --dry-run        log what ballast would do; changes nothing
  ballast run                  do it, until Ctrl-C
  ballast status               which controllers run, and what they changed
  ballast restore              restore what was set before
  ballast history              what was changed, why, and what came of it
  ballast why web1             why a guest was changed, or was not
  ballast run --help           options of one command, with their defaults

Documentation: README.md and docs/ in the package; docs/operating.md for services and configuration files,
docs/policies.md for policies.`
