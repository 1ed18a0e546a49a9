// Objects and programs of C++, kept in .cache/objects by the content of all that they are made of: what is compiled takes
// minutes and rarely changes, and `npm test` builds the addon four times.
import { execFile, execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
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
  const digest = digestOf([version(compiler), ...flags, source], [readFileSync(source), headers()])
  return made(digest, `${basename(source)}.o`, (output) =>
    run(compiler, [...flags, `-I${join(root, 'native')}`, '-c', source, '-o', output]),
  )
}

/**
 * Writes to `output` the object of a source whose text after the preprocessor is `text`: that which was compiled of it with these
 * flags before, in any folder, or what `compile` makes at the path that it is given.
 */
export async function writeObject(output, { compiler, flags, text }, compile) {
  const digest = digestOf([version(compiler), ...essential(flags)], [text])
  // What was compiled with warnings as errors serves those too that only warn, and not the other way round.
  const object = flags.includes('-Werror') ? await made(digest, 'text.o', compile) : found(digest, 'text.o')
  if (object === undefined) await compile(output)
  else copyFileSync(object, output)
}

/** The flags that change the object or what is warned of: what others do, and the paths, the text has in it. */
function essential(flags) {
  const kept = flags.filter((flag) => !/^(-[DIM]|-isystem|-pthread$|-m64$|-Werror$|[^-])/.test(flag))
  // Symbols for a debugger name the folder.
  return [...new Set(kept.sort()), ...(kept.some((flag) => flag.startsWith('-g')) ? [process.cwd()] : [])]
}

/** Links objects that `compiled` gave; gives the program's path. */
export async function linked(compiler, flags, objects) {
  const digest = digestOf([version(compiler), ...flags, ...objects], [])
  return made(digest, 'program', (output) => run(compiler, [...flags, ...objects, '-o', output, '-lpthread']))
}

/** The file of this digest, made first if it is not there: under another name, since two processes may want it at once. */
async function made(digest, name, make) {
  const there = found(digest, name)
  if (there !== undefined) return there
  const path = join(cache, `${digest}-${name}`)
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

/** The file of this digest, if it is there; it is kept longer then. */
function found(digest, name) {
  const path = join(cache, `${digest}-${name}`)
  if (!existsSync(path)) return undefined
  const now = new Date()
  utimesSync(path, now, now)
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
  if (!versions.has(compiler)) {
    const print = (option) => execFileSync(compiler, [option], { encoding: 'utf8' })
    // Without the name that it was called by, since it has several, but with the machine that it compiles for.
    versions.set(compiler, print('--version').replace(/^\S+/, '') + print('-dumpmachine'))
  }
  return versions.get(compiler)
}

function digestOf(words, contents) {
  const hash = createHash('sha256').update(JSON.stringify(words))
  for (const content of contents) hash.update(`\0${content.length}\0`).update(content)
  return hash.digest('hex').slice(0, 32)
}
