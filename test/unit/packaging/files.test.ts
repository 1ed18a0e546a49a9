import { describe, expect, it } from 'vitest'
import { type CommandDefinition, programDefinition } from '../../../scripts/packaging/definition.ts'
import { packagingFiles } from '../../../scripts/packaging/files.ts'
import { prose } from '../../../scripts/packaging/roff.ts'

const program = programDefinition()
const files = packagingFiles('2026-01-02')
const commands = withNested(program)

/** All commands but help, each under the words that it is called with. */
function withNested({ commands }: CommandDefinition, before = ''): CommandDefinition[] {
  return commands
    .filter(({ name }) => name !== 'help')
    .flatMap((command) => [
      { ...command, name: `${before}${command.name}` },
      ...withNested(command, `${before}${command.name}-`),
    ])
}

describe('the definition of the command line', () => {
  it('has what each option takes', () => {
    const run = program.commands.find(({ name }) => name === 'run')!
    const option = (long: string) => run.options.find(({ names }) => names.includes(long))
    expect(option('--connect')).toMatchObject({
      names: ['-c', '--connect'],
      value: { name: 'uri', values: 'anything' },
    })
    expect(option('--scheduler')?.value?.values).toEqual({
      words: expect.arrayContaining(['balance', 'none']),
    })
    expect(option('--config')?.value?.values).toBe('files')
    expect(option('--record')?.value?.values).toBe('directories')
    expect(option('--metrics')?.repeats).toBe(true)
    expect(option('--no-restore')?.value).toBeUndefined()
    expect(run.arguments).toMatchObject([
      { name: 'seconds', isRequired: false, description: expect.stringContaining('(default: 2)') },
    ])
  })

  it('has the examples, the notes and the exit codes of each command', () => {
    for (const { sections } of commands) expect([...sections.keys()].at(-1)).toBe('Exit codes')
    const whatIf = program.commands.find(({ name }) => name === 'whatif')!
    expect(whatIf.sections.get('Examples')).toMatch(/^ {2}ballast whatif .*\n {2}ballast whatif /)
    expect(whatIf.sections.get('')).toMatch(/^Each scheduler is played/)
  })
})

describe('a command within another', () => {
  it('has a page, its arguments, and a case in each completion', () => {
    const drain = commands.find(({ name }) => name === 'fleet-drain')!
    expect(drain.usage).toMatch(/^ballast fleet drain /)
    expect(drain.arguments).toMatchObject([{ name: 'host', isRequired: true }])
    expect(files.get('man/ballast-fleet.1')).toContain('ballast\\-fleet\\-drain')
    expect(files.get('completions/ballast.bash')).toContain("'fleet drain')")
    expect(files.get('completions/_ballast')).toContain('_ballast_fleet()')
    expect(files.get('completions/ballast.fish')).toContain(
      '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from drain',
    )
  })
})

describe('the files of packaging/ that are made', () => {
  it('are the schema, completions for three shells, and a man page for each command', () => {
    expect([...files.keys()].sort()).toEqual(
      [
        'ballast.schema.json',
        'completions/_ballast',
        'completions/ballast.bash',
        'completions/ballast.fish',
        'man/ballast.1',
        'man/ballast.yaml.5',
        ...commands.map(({ name }) => `man/ballast-${name}.1`),
      ].sort(),
    )
  })

  it('have every option of every command', () => {
    for (const { name, options } of commands) {
      const text = files.get(`man/ballast-${name}.1`)!.replaceAll('\\-', '-')
      for (const { names } of options) for (const flag of names) expect(text).toContain(`\\fB${flag}\\fR`)
    }
    for (const flag of new Set(commands.flatMap(({ options }) => options.flatMap(({ names }) => names)))) {
      expect(files.get('completions/ballast.bash')).toMatch(new RegExp(`[' ]${flag}[' ]`))
      expect(files.get('completions/_ballast')).toContain(flag)
      expect(files.get('completions/ballast.fish')).toContain(
        flag.replace(/^--/, '-l ').replace(/^-(?=\w$)/, '-s '),
      )
    }
  })
})

describe('prose of a man page', () => {
  it('has no line that is a macro, no escape, and short lines', () => {
    expect(prose('.so /etc/passwd')).toBe('\\&.so /etc/passwd')
    expect(prose("'a \\fB")).toBe("\\&'a \\efB")
    const words = prose(`${'x'.repeat(70)} yyyyyy .z`)
    expect(words).toBe(`${'x'.repeat(70)}\nyyyyyy .z`)
    expect(prose(`${'x'.repeat(80)} .z`)).toBe(`${'x'.repeat(80)}\n\\&.z`)
  })
})
