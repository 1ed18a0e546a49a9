// `npm run fuzz [-- --seconds N] [--json] [TARGET...]`: builds each harness of test/native/fuzz with libFuzzer and
// the sanitizers, and lets each look for faults for N seconds (default 10). Begins with the inputs in
// test/native/fuzz/corpus. What makes a target fail is kept in build/fuzz; run the program there with it to see it again.
import { spawn, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { compiled, linked } from './object-cache.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const harnesses = join(root, 'test/native/fuzz')
const built = join(root, 'build/fuzz')
const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all']

const { seconds, json, targets } = options()
if (
  spawnSync(process.execPath, ['scripts/setup.mjs', '--fuzz'], { cwd: root, stdio: 'inherit' }).status !== 0
) {
  process.exit(1)
}
// In memory where there is such a place: some harnesses make files.
const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'ballast-fuzz-'))
const children = new Set()
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(directory, { recursive: true, force: true })
})
for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => process.exit(1))

mkdirSync(built, { recursive: true })
await build().catch((error) => {
  console.error(`fuzz: cannot compile:\n${error.stderr ?? error.message}`)
  process.exit(1)
})
const figures = await inTurn(targets, hunt)
for (const { target, output } of figures.filter(({ crashes }) => crashes > 0)) {
  console.log(`\n${target}:\n${output.trim()}`)
}
console.table(
  Object.fromEntries(
    figures.map(({ target, executions, edges, crashes }) => [
      target,
      { executions, 'edges covered': edges, crashes },
    ]),
  ),
)
const passed = figures.every(({ crashes, executions }) => crashes === 0 && executions > 0)
if (json) {
  console.log(JSON.stringify({ seconds, targets: figures.map(({ output, ...figure }) => figure), passed }))
}
process.exitCode = passed ? 0 : 1

function options() {
  const known = readdirSync(harnesses).flatMap((file) => (file.endsWith('.cc') ? [file.slice(0, -3)] : []))
  try {
    const { values, positionals } = parseArgs({
      options: { seconds: { type: 'string', default: '10' }, json: { type: 'boolean', default: false } },
      allowPositionals: true,
    })
    const seconds = /^\d{1,6}$/.test(values.seconds) ? Number(values.seconds) : 0
    if (seconds < 1) throw new Error(`--seconds must be a whole number above 0; got ${values.seconds}`)
    const unknown = positionals.find((name) => !known.includes(name))
    if (unknown !== undefined) throw new Error(`there is no harness ${unknown}: ${known.join(', ')}`)
    return { seconds, json: values.json, targets: positionals.length > 0 ? positionals : known }
  } catch (error) {
    console.error(`fuzz: ${error.message}`)
    process.exit(2)
  }
}

/** Makes a program of each harness and the sources under test. */
async function build() {
  // What needs neither libvirt nor Node.
  const sources = ['native/util', 'native/os'].flatMap((folder) =>
    readdirSync(join(root, folder)).flatMap((file) =>
      file.endsWith('.cc') ? [join(root, folder, file)] : [],
    ),
  )
  const flags = ['-std=c++17', '-O1', '-g1', '-Wall', '-Wextra', '-Werror', '-fsanitize=fuzzer-no-link']
  const all = [...sources, ...targets.map((target) => join(harnesses, `${target}.cc`))]
  const objects = await inTurn(all, (source) => compiled('clang++', [...sanitizers, ...flags], source))
  const shared = objects.slice(0, sources.length)
  await inTurn(targets, async (target, i) => {
    const program = await linked(
      'clang++',
      [...sanitizers, '-fsanitize=fuzzer'],
      [objects[sources.length + i], ...shared],
    )
    copyFileSync(program, join(built, target))
  })
}

/** Runs one harness; what it found new is forgotten, unless it made it fail. */
async function hunt(target) {
  const corpus = join(directory, `corpus-${target}`)
  mkdirSync(corpus)
  const { status, output } = await run(join(built, target), [
    `-max_total_time=${seconds}`,
    '-timeout=10',
    '-max_len=2048',
    '-print_final_stats=1',
    `-artifact_prefix=${join(built, `${target}-`)}`,
    corpus,
    join(harnesses, 'corpus', target),
  ])
  const last = (pattern) => Number([...output.matchAll(pattern)].at(-1)?.[1] ?? 0)
  return {
    target,
    executions: last(/^stat::number_of_executed_units: (\d+)/gm),
    edges: last(/ cov: (\d+)/g),
    crashes: status === 0 ? 0 : 1,
    output,
  }
}

/** Does `work` on each item, as many at once as there are processors. */
async function inTurn(items, work) {
  const results = []
  const waiting = items.entries()
  const worker = async () => {
    for (const [index, item] of waiting) results[index] = await work(item, index)
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker))
  return results
}

/** Runs a program to its end; all that it prints. */
function run(program, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR: directory },
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text
      })
    }
    children.add(child)
    child.on('error', reject)
    child.on('close', (status) => {
      children.delete(child)
      resolve({ status: status ?? 1, output })
    })
  })
}
