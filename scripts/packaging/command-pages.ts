import type {
  ArgumentDefinition,
  CommandDefinition,
  OptionDefinition,
  ProgramDefinition,
} from './definition.ts'
import { block, bold, italic, page, prose, reference, section, tagged } from './roff.ts'

/** Commands with a page each, under the words that they are called with; of a group, a page of its own and of each within it. */
function pagesOf(commands: readonly CommandDefinition[], within = ''): CommandDefinition[] {
  return commands
    .filter((command) => command.name !== 'help')
    .flatMap((command) => {
      const name = `${within}${command.name}`
      return [{ ...command, name }, ...pagesOf(command.commands, `${name}-`)]
    })
}

/** The manual of the command line, by file name: a page of the program, and one of each of its commands. */
export function commandPages(program: ProgramDefinition, date: string): Map<string, string> {
  const { name, version, commands, description } = program
  const described = pagesOf(commands)
  const pages = new Map([
    [
      `${name}.1`,
      page({ name, chapter: 1, title: 'keeps a libvirt host balanced', date, version }, [
        section(
          'Synopsis',
          `${bold(name)} ${italic('command')} [${italic('options')}] [${italic('arguments')}]`,
        ),
        section('Description', prose(description)),
        section(
          'Commands',
          ...described.map((command) =>
            tagged(reference(`${name}-${command.name}`, 1), sentence(command.summary)),
          ),
        ),
        optionSection(program.options),
        ...afterOptions(program),
        section(
          'See also',
          references(
            `${name}.yaml`,
            5,
            described.map((one) => `${name}-${one.name}`),
          ),
        ),
      ]),
    ],
  ])
  for (const command of described) {
    const own = `${name}-${command.name}`
    pages.set(
      `${own}.1`,
      page({ name: own, chapter: 1, title: command.summary, date, version }, [
        section('Synopsis', synopsis(command)),
        section('Description', prose(command.description)),
        command.arguments.length > 0
          ? section(
              'Arguments',
              ...command.arguments.map((one) => tagged(italic(one.name), sentence(one.description))),
            )
          : undefined,
        command.commands.length > 0 ? section('Commands', ...referencesWithin(own, command)) : undefined,
        optionSection(command.options),
        ...afterOptions(command),
        section('See also', references(`${name}.yaml`, 5, [name])),
      ]),
    )
  }
  return pages
}

function referencesWithin(name: string, { commands }: CommandDefinition): string[] {
  return commands
    .filter((command) => command.name !== 'help')
    .map((command) => tagged(reference(`${name}-${command.name}`, 1), sentence(command.summary)))
}

function synopsis({ usage, arguments: args }: CommandDefinition): string {
  const [words] = usage.split(' [options]')
  return [bold(words!), `[${italic('options')}]`, ...args.map(argumentUsage)].join(' ')
}

function argumentUsage({ name, isRequired, repeats }: ArgumentDefinition): string {
  const text = `${italic(name)}${repeats ? ' ...' : ''}`
  return isRequired ? text : `[${text}]`
}

function optionSection(options: readonly OptionDefinition[]): string {
  return section('Options', ...options.map((one) => tagged(optionTag(one), sentence(one.description))))
}

function optionTag({ names, value }: OptionDefinition): string {
  return `${names.map(bold).join(', ')}${value ? ` ${italic(value.name)}` : ''}`
}

/** Examples as they are; exit codes one by one; other lines as a paragraph each. */
function afterOptions({ sections }: CommandDefinition): string[] {
  return Array.from(sections, ([heading, text]) => {
    if (heading === 'Exit codes') return section('Exit status', ...exitCodes(text))
    return heading === '' ? section('Notes', prose(text)) : section(heading, block(dedented(text)))
  })
}

function exitCodes(text: string): string[] {
  return text.split('\n').map((line) => {
    const [, code, meaning] = /^ *(\d+) +(.*)$/.exec(line) ?? []
    return tagged(bold(code!), sentence(meaning!))
  })
}

function references(name: string, chapter: number, commands: readonly string[]): string {
  return [...commands.map((command) => reference(command, 1)), reference(name, chapter)].join(',\n')
}

function dedented(text: string): string {
  return text.replace(/^ {2}/gm, '')
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.)]$/.test(text) ? '' : '.'}`
}
