import { Command } from 'commander'
import { type CliContext, writeLines } from '../context.ts'

/** `ballast schema` */
export function schemaCommand(context: CliContext): Command {
  return new Command('schema')
    .summary('print the JSON Schema of configuration files, for editors')
    .description(
      'Prints the JSON Schema of the configuration file (draft 7). Editors that read YAML with yaml-language-server ' +
        'complete and check a file whose first line names it. "ballast check" finds more.',
    )
    .addHelpText(
      'after',
      `
Examples:
  ballast schema > ballast.schema.json
  sed -i '1i # yaml-language-server: $schema=./ballast.schema.json' ballast.yaml`,
    )
    .action(async () => {
      const { configurationSchema } = await import('../config/schema.ts')
      writeLines(context, [JSON.stringify(configurationSchema(), undefined, 2)])
    })
}
