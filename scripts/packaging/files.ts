import { configurationSchema } from '../../lib/cli/config/schema.ts'

/** What of packaging/ is made from the program's own definitions: texts by their paths there. */
export function packagingFiles(): ReadonlyMap<string, string> {
  return new Map([['ballast.schema.json', `${JSON.stringify(configurationSchema(), undefined, 2)}\n`]])
}
