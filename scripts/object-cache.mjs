// Objects and programs of C++, kept in .cache/objects by the content of all that they are made of: what is compiled under
// sanitizers for the tests and the fuzzer takes minutes, and rarely changes.
import { execFile, execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))
const cache = join(root, '.cache/objects')
/** Days after which what was not used is removed. */
const keptDays = 14
const day = 86_400_000
const run = promisify(execFile)

/** Compiles one source; gives the object's path. Rejects with what the compiler printed, in `stderr`. */
export async function compiled(compiler, flags, source) {
  const digest = digestOf([compiler, version(compiler), ...flags, source], [readFileSync(source), headers()])
  return made(digest, `${basename(source)}.o`, (output) =>
    run(compiler, [...flags, `-I${join(root, 'native')}`, '-c', source, '-o', output]),
  )
}

/** Links objects that `compiled` gave; gives the program's path. */
export async function linked(compiler, flags, objects) {
  const digest = digestOf([compiler, version(compiler), ...flags, ...objects], [])
  return made(digest, 'program', (output) => run(compiler, [...flags, ...objects, '-o', output, '-lpthread']))
}

/** The file of this digest, made first if it is not there: under another name, since two processes may want it at once. */
async function made(digest, name, make) {
  const path = join(cache, `${digest}-${name}`)
  if (existsSync(path)) {
    const now = new Date()
    utimesSync(path, now, now)
    return path
  }
  if (!existsSync(cache)) mkdirSync(cache, { recursive: true })
  removeUnused()
  const unfinished = `${path}.${process.pid}`
  try {
    await make(unfinished)
    renameSync(unfinished, path)
  } finally {
    rmSync(unfinished, { force: true })
  }
  return path
}

function removeUnused() {
  for (const name of readdirSync(cache)) {
    const path = join(cache, name)
    const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: Date.now() }
    if (Date.now() - mtimeMs > keptDays * day) rmSync(path, { force: true })
  }
}

/** The content of every header of ours: which of them a source includes is not looked into. */
function headers() {
  const found = ['native', 'test/native'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((file) => file.endsWith('.h'))
      .map((file) => join(folder, file)),
  )
  return digestOf(
    found.sort(),
    found.map((file) => readFileSync(join(root, file))),
  )
}

const versions = new Map()

function version(compiler) {
  if (!versions.has(compiler))
    versions.set(compiler, execFileSync(compiler, ['--version'], { encoding: 'utf8' }))
  return versions.get(compiler)
}

function digestOf(words, contents) {
  const hash = createHash('sha256').update(JSON.stringify(words))
  for (const content of contents) hash.update(`\0${content.length}\0`).update(content)
  return hash.digest('hex').slice(0, 32)
}
