import {
  type CommandDefinition,
  type OptionDefinition,
  type ProgramDefinition,
  phrase,
  type Values,
} from './definition.ts'

const seen = '__fish_seen_subcommand_from'

/** Completion for fish 3. */
export function fishCompletion(program: ProgramDefinition): string {
  const { name, options, commands } = program
  const complete = (condition: string, rest: string) => `complete -c ${name} -n ${quoted(condition)} ${rest}`
  const withOptions = (condition: string, all: readonly OptionDefinition[]) =>
    all.map((option) => complete(condition, optionOf(option)))
  const lines = [
    `complete -c ${name} -f`,
    ...withOptions('__fish_use_subcommand', options),
    ...commands.map(({ name, summary }) =>
      complete('__fish_use_subcommand', `-a ${name} -d ${quoted(summary)}`),
    ),
    ...commands.flatMap((command) => linesOf(command, `${seen} ${command.name}${notIn(command)}`)),
  ]
  /** What another command has within it is none by itself. */
  function notIn({ name }: CommandDefinition): string {
    const groups = commands.filter((group) => group.commands.some((one) => one.name === name))
    return groups.map((group) => `; and not ${seen} ${group.name}`).join('')
  }
  function linesOf(command: CommandDefinition, condition: string): string[] {
    const nested = command.commands.map((one) => one.name).join(' ')
    const alone = nested === '' ? condition : `${condition}; and not ${seen} ${nested}`
    return [
      '',
      ...withOptions(alone, command.options),
      ...command.commands.map(({ name, summary }) => complete(alone, `-a ${name} -d ${quoted(summary)}`)),
      ...argumentsOf(command).map(([before, rest]) => complete(condition + before, rest)),
      ...command.commands.flatMap((one) => linesOf(one, `${condition}; and ${seen} ${one.name}`)),
    ]
  }
  return `# Completion of ${name} for fish. Made from the definition of its command line: npm run build:packaging.

${lines.join('\n')}
`
}

function optionOf({ names, value, description }: OptionDefinition): string {
  const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`))
  return [...flags, ...(value ? [wordsFor(value.values)] : []), `-d ${quoted(phrase(description))}`].join(' ')
}

/** The arguments whose values are known, each under a condition of its own: after words, what follows them. */
function argumentsOf({ name, arguments: args }: CommandDefinition): [condition: string, rest: string][] {
  let after = ''
  return args.flatMap(({ values }) => {
    const condition = after
    if (values === 'anything') return []
    if (typeof values === 'string') return [[condition, values === 'files' ? '-F' : `-a ${directories}`]]
    const words = values.words.filter((word) => word !== name).join(' ')
    after = `; and ${seen} ${words}`
    return [[`${condition}; and not ${seen} ${words}`, `-a ${quoted(words)}`]]
  })
}

const directories = "'(__fish_complete_directories)'"

function wordsFor(values: Values): string {
  if (typeof values === 'object') return `-x -a ${quoted(values.words.join(' '))}`
  return { files: '-r -F', directories: `-x -a ${directories}`, anything: '-x' }[values]
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`
}
