// `npm run build:packaging`: writes what packaging/ has from the program's own definitions. Tests hold it to them.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packagingFiles } from './files.ts'

const folder = new URL('../../packaging/', import.meta.url)

for (const [name, text] of packagingFiles()) {
  const path = fileURLToPath(new URL(name, folder))
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
