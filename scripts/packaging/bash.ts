import type {
  ArgumentDefinition,
  CommandDefinition,
  OptionDefinition,
  ProgramDefinition,
  Values,
} from './definition.ts'

/** Completion for bash 4.4 or later; it needs nothing of the package bash-completion. */
export function bashCompletion(program: ProgramDefinition): string {
  const { name, commands } = program
  const groups = commands.filter((command) => command.commands.length > 0).map((group) => group.name)
  return `# Completion of ${name} for bash. Made from the definition of its command line: npm run build:packaging.

_${name}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]}
  local command= options= valued= value= word i
  local -a arguments=()
  COMPREPLY=()
  # --option=value is three words.
  if [[ $cur == = ]]; then
    cur=
  elif [[ $prev == = ]]; then
    prev=\${COMP_WORDS[COMP_CWORD - 2]}
  fi

  for ((i = 1; i < COMP_CWORD; i++)); do
    if [[ \${COMP_WORDS[i]} != -* ]]; then
      command+=\${command:+ }\${COMP_WORDS[i]}
      [[ $command == @(${groups.join('|')}) ]] || break
    fi
  done
  case $command in
    '')
      options='${flagsOf(program.options)}'
      arguments=('${namesOf(commands)}')
      ;;
${commands.flatMap((command) => casesOf(command)).join('\n')}
  esac

  if [[ " $valued " == *" $prev "* ]]; then
    word=$value
  elif [[ $cur == -* ]]; then
    word=$options
  else
    # The argument that this word is: how many stand before it, without options and their values.
    local index=0
    for ((i++; i < COMP_CWORD; i++)); do
      if [[ " $valued " == *" \${COMP_WORDS[i]} "* ]]; then
        ((i++))
        if [[ \${COMP_WORDS[i]} == = ]]; then ((i++)); fi
      elif [[ \${COMP_WORDS[i]} != -* ]]; then
        ((index++))
      fi
    done
    local last=$((\${#arguments[@]} - 1))
    if ((index > last && last >= 0)) && [[ \${arguments[last]} == *... ]]; then index=$last; fi
    word=\${arguments[index]-}
    word=\${word%...}
  fi
  case $word in
    @files) compopt -o filenames && mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    @directories) compopt -o filenames && mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$word" -- "$cur") ;;
  esac
}

complete -F _${name} ${name}
`
}

/** The case of a command, or of a group and of each within it. */
function casesOf(command: CommandDefinition): string[] {
  const { name, options, commands } = command
  if (commands.length === 0) return [commandCase(command)]
  const own = [`options='${flagsOf(options)}'`, `arguments=('${namesOf(commands)}')`]
  return [
    [`    ${name})`, ...own.map((line) => `      ${line}`), '      ;;'].join('\n'),
    ...commands.map((one) => commandCase({ ...one, name: `'${name} ${one.name}'` })),
  ]
}

function namesOf(commands: readonly CommandDefinition[]): string {
  return commands.map((command) => command.name).join(' ')
}

function commandCase({ name, options, arguments: args }: CommandDefinition): string {
  const valued = options.filter(({ value }) => value)
  const lines = [
    `options='${flagsOf(options)}'`,
    ...(valued.length > 0 ? [`valued='${flagsOf(valued)}'`] : []),
    ...(args.length > 0 ? [`arguments=(${args.map(argument).join(' ')})`] : []),
    ...valueCase(valued),
  ]
  return [`    ${name})`, ...lines.map((line) => `      ${line}`), '      ;;'].join('\n')
}

function valueCase(valued: readonly OptionDefinition[]): string[] {
  const known = valued.flatMap(({ names, value }) => {
    const word = wordFor(value!.values)
    return word === '' ? [] : [`  ${names.join(' | ')}) value='${word}' ;;`]
  })
  return known.length > 0 ? ['case $prev in', ...known, 'esac'] : []
}

function argument({ values, repeats }: ArgumentDefinition): string {
  return `'${wordFor(values)}${repeats ? '...' : ''}'`
}

function wordFor(values: Values): string {
  if (typeof values === 'object') return values.words.join(' ')
  return values === 'anything' ? '' : `@${values}`
}

function flagsOf(options: readonly OptionDefinition[]): string {
  return options.flatMap(({ names }) => names).join(' ')
}
