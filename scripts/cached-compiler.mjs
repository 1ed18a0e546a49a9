// A C++ compiler that compiles nothing twice, for the builds of the addon in `npm test`: `node scripts/cached-compiler.mjs
// COMPILER ARGUMENT...`. A source is known by its text after the preprocessor, so that it is the same in another folder.
import { spawnSync } from 'node:child_process'
import { writeObject } from './object-cache.mjs'

const [compiler, ...args] = process.argv.slice(2)
const at = args.indexOf('-o')
try {
  if (!args.includes('-c') || at < 0) run(args)
  else await compileOnce(args[at + 1], args.toSpliced(at, 2))
} catch (error) {
  if (error.status === undefined) throw error
  process.exitCode = error.status
}

async function compileOnce(output, flags) {
  // Writes the file of dependencies too, where one is asked for.
  const text = run([...flags.filter((flag) => flag !== '-c'), '-E', '-P'], 'pipe')
  await writeObject(output, { compiler, flags, text }, async (object) => run([...flags, '-o', object]))
}

/** What the compiler printed, if it is piped; throws its exit status where it is not 0, since it has said why. */
function run(given, stdout = 'inherit') {
  const options = { stdio: ['inherit', stdout, 'inherit'], maxBuffer: Number.POSITIVE_INFINITY }
  const { status, error, stdout: text } = spawnSync(compiler, given, options)
  if (error) throw error
  if (status !== 0) throw Object.assign(new Error(`${compiler} failed`), { status: status ?? 1 })
  return text
}
