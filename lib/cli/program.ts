import { readFileSync } from 'node:fs'
import { debuglog, inspect } from 'node:util'
import { Command, CommanderError } from 'commander'
import { printable } from '../util/printable.ts'
import { checkCommand } from './commands/check.ts'
import { cpuCommand } from './commands/cpu.ts'
import { memoryCommand } from './commands/memory.ts'
import { monitorCommand } from './commands/monitor.ts'
import { restoreCommand } from './commands/restore.ts'
import { runCommand } from './commands/run.ts'
import { statusCommand } from './commands/status.ts'
import { type CliContext, note } from './context.ts'
import { ConfigError, ExitCode, exitCodesHelp, exitFor } from './exit-codes.ts'

const debug = debuglog('ballast')

/** Runs the command line `args` (without node and script) in `world`; resolves to what the process ends with. */
export async function main(args: readonly string[], world: CliContext): Promise<ExitCode> {
  const commands = [
    cpuCommand,
    memoryCommand,
    runCommand,
    checkCommand,
    monitorCommand,
    statusCommand,
    restoreCommand,
  ]
  const program = new Command('ballast')
    .description(
      'Keeps a libvirt host level: looks every few seconds at what its guests use, pins their virtual ' +
        'CPUs where the load balances, and sizes their balloons where memory is needed.',
    )
    .version(version(), '-V, --version')
    .addHelpText('after', examplesHelp)
  for (const command of commands) program.addCommand(command(world))
  for (const command of [program, ...program.commands]) {
    command
      .addHelpText('after', exitCodesHelp)
      .exitOverride()
      .configureOutput({
        writeOut: (text) => void world.stdout.write(text),
        writeErr: (text) => void world.stdout.write(text),
        outputError: () => {}, // told below, in one line
      })
  }
  try {
    if (args.length === 0) {
      program.outputHelp()
      return ExitCode.usage
    }
    await program.parseAsync(args, { from: 'user' })
    return ExitCode.fine
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return ExitCode.fine
    for (const line of inspect(error).split('\n')) debug('%s', printable(line))
    const { code, line } = exitFor(error)
    // As compilers do, so that editors find the place.
    for (const problem of error instanceof ConfigError ? error.problems : []) {
      world.stderr.write(`${printable(problem)}\n`)
    }
    note(world, line)
    return code
  }
}

const examplesHelp = `
Examples:
  ballast monitor              what is going on? changes nothing
  ballast run --dry-run        what would ballast do? changes nothing
  ballast run                  do it, until Ctrl-C
  ballast status               is somebody at work, and what was changed?
  ballast restore              restore what was set before
  ballast cpu --help           all about one command`

function version(): string {
  const file = new URL('../../package.json', import.meta.url)
  const { version }: { version: string } = JSON.parse(readFileSync(file, 'utf8'))
  return version
}
