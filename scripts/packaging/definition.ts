import { PassThrough } from 'node:stream'
import type { Argument, Command, Option } from 'commander'
import type { CliContext } from '../../lib/cli/context.ts'
import { ballastProgram } from '../../lib/cli/program.ts'
import { version } from '../../lib/cli/version.ts'

/** What can be typed where a value is expected. */
export type Values = { readonly words: readonly string[] } | 'files' | 'directories' | 'anything'

/** An option as completions and man pages have it. */
export interface OptionDefinition {
  /** `-c` and `--connect`, or one of them. */
  readonly names: readonly string[]
  /** Its value, without one for a switch. */
  readonly value: { readonly name: string; readonly values: Values } | undefined
  /** With its choices and its default. */
  readonly description: string
  readonly repeats: boolean
}

export interface ArgumentDefinition {
  readonly name: string
  readonly values: Values
  readonly description: string
  readonly isRequired: boolean
  readonly repeats: boolean
}

export interface CommandDefinition {
  readonly name: string
  readonly usage: string
  readonly summary: string
  readonly description: string
  readonly options: readonly OptionDefinition[]
  readonly arguments: readonly ArgumentDefinition[]
  /** Those within it; none: it is a command by itself. */
  readonly commands: readonly CommandDefinition[]
  /** What its help has after the options, by heading: `Examples`, `Exit codes`; text without a heading is under ''. */
  readonly sections: ReadonlyMap<string, string>
}

export interface ProgramDefinition extends CommandDefinition {
  readonly version: string
}

/** The program's own definition, in plain data. */
export function programDefinition(): ProgramDefinition {
  const program = ballastProgram(nowhere)
  const define = (command: Command, beside: readonly string[] = []): CommandDefinition => {
    const help = command.createHelp()
    const nested = help.visibleCommands(command)
    const names = nested.map((one) => one.name())
    return {
      name: command.name(),
      usage: help.commandUsage(command),
      summary: command.summary() || command.description(),
      description: command.description(),
      options: help
        .visibleOptions(command)
        .map((option) => optionDefinition(option, help.optionDescription(option))),
      arguments: command.registeredArguments.map((argument) =>
        argumentDefinition(argument, help.argumentDescription(argument), beside),
      ),
      commands: nested.map((one) => define(one, names)),
      sections: sectionsOf(textAfterHelp(command)),
    }
  }
  return { ...define(program), version: version() }
}

/** A definition connects to nothing and writes nothing. */
const nowhere: CliContext = {
  connect: async () => {
    throw new Error('There is no host')
  },
  env: {},
  stdout: new PassThrough(),
  stderr: new PassThrough(),
  signal: new AbortController().signal,
  onHangup: () => () => {},
}

function textAfterHelp(command: Command): string {
  const written: string[] = []
  command.configureOutput({ writeOut: (text) => written.push(text) })
  command.outputHelp()
  return written.join('').slice(command.helpInformation().length)
}

/** How help says that an option may be there more than once: commander does not know it of an option with a parser. */
const repeated = /may be given several times/

function optionDefinition(option: Option, description: string): OptionDefinition {
  const [, name] = /[<[]([^>\]]+)[>\]]/.exec(option.flags) ?? []
  return {
    names: [option.short, option.long].flatMap((flag) => flag ?? []),
    value: name === undefined ? undefined : { name, values: valuesOf(name, option.argChoices) },
    description,
    repeats: repeated.test(description),
  }
}

function argumentDefinition(
  argument: Argument,
  description: string,
  commands: readonly string[],
): ArgumentDefinition {
  const name = argument.name()
  return {
    name,
    values: valuesOf(name, name === 'command' ? commands : argument.argChoices),
    description,
    isRequired: argument.required,
    repeats: argument.variadic,
  }
}

/** By the name of the value, as help has it. */
function valuesOf(name: string, choices: readonly string[] | undefined): Values {
  if (choices) return { words: choices }
  if (/^(files?|path)$/.test(name)) return 'files'
  return name === 'directory' ? 'directories' : 'anything'
}

function sectionsOf(text: string): Map<string, string> {
  const sections = new Map<string, string>()
  let heading = ''
  let before = ''
  for (const line of text.trim().split('\n')) {
    const [, next] = /^([A-Z][a-z ]+):$/.exec(line) ?? []
    // A line at the margin after an empty one belongs to nothing above it.
    if (next === undefined && before === '' && /^\S/.test(line)) heading = ''
    before = line
    if (next !== undefined) heading = next
    else sections.set(heading, `${sections.get(heading) ?? ''}${line}\n`)
  }
  return new Map(Array.from(sections, ([name, lines]) => [name, lines.replace(/^\n+|\n+$/g, '')]))
}

/** The first phrase of a description, for a list. */
export function phrase(description: string): string {
  return description.replace(/( \(|[;:] ).*$/s, '')
}
