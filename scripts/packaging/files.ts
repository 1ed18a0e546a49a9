import { configurationSchema } from '../../lib/cli/config/schema.ts'
import { bashCompletion } from './bash.ts'
import { commandPages } from './command-pages.ts'
import { configurationPage } from './configuration-page.ts'
import { programDefinition } from './definition.ts'
import { fishCompletion } from './fish.ts'
import { zshCompletion } from './zsh.ts'

/**
 * What of packaging/ is made from the program's own definitions: texts by their paths there. Man pages have a date, as
 * 2026-01-02.
 */
export function packagingFiles(date: string): ReadonlyMap<string, string> {
  const program = programDefinition()
  const pages = commandPages(program, date).set('ballast.yaml.5', configurationPage(program.version, date))
  return new Map([
    ['ballast.schema.json', `${JSON.stringify(configurationSchema(), undefined, 2)}\n`],
    ['completions/ballast.bash', bashCompletion(program)],
    ['completions/_ballast', zshCompletion(program)],
    ['completions/ballast.fish', fishCompletion(program)],
    ...Array.from(pages, ([name, text]) => [`man/${name}`, text] as const),
  ])
}
