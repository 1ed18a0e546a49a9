// `npm run build:packaging`: writes what packaging/ has from the program's own definitions. Tests hold it to them.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packagingFiles } from './files.ts'

const folder = new URL('../../packaging/', import.meta.url)

// Of the build, or of what is built where that is to be repeatable.
const seconds = process.env.SOURCE_DATE_EPOCH
const date = (seconds === undefined ? new Date() : new Date(1_000 * Number(seconds)))
  .toISOString()
  .slice(0, 10)

for (const [name, text] of packagingFiles(date)) {
  const path = fileURLToPath(new URL(name, folder))
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
