// `npm run lint:native` checks the layout of all C++ files, `npm run format:native` corrects it.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

const modes = { check: ['--dry-run', '-Werror'], write: ['-i'] }
const flags = modes[process.argv[2]]
if (!flags) {
  console.error(`usage: node scripts/clang-format.mjs ${Object.keys(modes).join(' | ')}`)
  process.exit(2)
}

const files = ['native', 'test/native'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true })
    .filter((file) => /\.(cc|h)$/.test(file))
    .map((file) => join(folder, file)),
)
const { status, error } = spawnSync('clang-format', [...flags, ...files], { cwd: root, stdio: 'inherit' })
if (error)
  console.error(`Cannot run clang-format: ${error.message}. Install it (apt-get install clang-format).`)
process.exit(status ?? 1)
