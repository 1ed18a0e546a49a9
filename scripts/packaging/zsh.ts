import {
  type ArgumentDefinition,
  type CommandDefinition,
  type OptionDefinition,
  type ProgramDefinition,
  phrase,
  type Values,
} from './definition.ts'

/** Completion for zsh: a function of its completion system, for a file `_ballast` in `$fpath`. */
export function zshCompletion(program: ProgramDefinition): string {
  const { name, commands } = program
  return `#compdef ${name}
# Completion of ${name} for zsh. Made from the definition of its command line: npm run build:packaging.

${[program, ...commands.filter((command) => command.commands.length > 0)]
  .map((group) => functionOf(group, group === program ? `_${name}` : functionName(name, group)))
  .join('\n')}
_${name} "$@"
`

  /** What completes a program, or a group of its commands. */
  function functionOf(group: CommandDefinition, called: string): string {
    return `${called}() {
  local curcontext=$curcontext state line
  local -a commands=(
${group.commands.map((command) => `    ${quoted(`${command.name}:${command.summary}`)}`).join('\n')}
  )
  _arguments -C ${group.options.map(option).join(' ')} '1: :->command' '*:: :->rest' && return
  case $state in
    command) _describe -t commands command commands ;;
    rest)
      case $words[1] in
${group.commands.map((command) => commandCase(command, functionName(name, command))).join('\n')}
      esac
      ;;
  esac
}
`
  }
}

function functionName(program: string, { name }: CommandDefinition): string {
  return `_${program}_${name}`
}

function commandCase(
  { name, options, arguments: args, commands }: CommandDefinition,
  called: string,
): string {
  if (commands.length > 0) return `        ${name}) ${called} && return ;;`
  const specs = [...options.map(option), ...args.map(argument)]
  return [
    `        ${name})`,
    '          _arguments \\',
    ...specs.map((spec) => `            ${spec} \\`),
    '            && return',
    '          ;;',
  ].join('\n')
}

function option({ names, value, description, repeats }: OptionDefinition): string {
  const exclusive = repeats ? "'*'" : quoted(`(${names.join(' ')})`)
  const flags = names.map((name) => (value ? `${name}${name.startsWith('--') ? '=' : '+'}` : name))
  const rest = quoted(
    `[${escaped(phrase(description))}]${value ? `:${escaped(value.name)}:${action(value.values)}` : ''}`,
  )
  return flags.length === 1 ? `${exclusive}${flags[0]}${rest}` : `${exclusive}{${flags.join(',')}}${rest}`
}

function argument({ name, values, isRequired, repeats }: ArgumentDefinition): string {
  return quoted(`${repeats ? '*' : ''}:${isRequired || repeats ? '' : ':'}${escaped(name)}:${action(values)}`)
}

function action(values: Values): string {
  if (typeof values === 'object') return `(${values.words.join(' ')})`
  return { files: '_files', directories: '_files -/', anything: ' ' }[values]
}

function escaped(text: string): string {
  return text.replace(/[[\]:\\]/g, '\\$&')
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
