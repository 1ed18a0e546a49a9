// `npm run fuzz [-- --seconds N] [--json] [KERNEL...]`: builds each harness of test/native/fuzz with libFuzzer and
// the sanitizers, and lets each look for faults for N seconds (default 10). Begins with the inputs in
// test/native/fuzz/corpus. What makes a kernel fail is kept in build/fuzz; run the program there with it to see it again.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))
const harnesses = join(root, 'test/native/fuzz')
const built = join(root, 'build/fuzz')
const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all']

const { seconds, json, kernels } = options()
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
  console.error(`fuzz: ${error.message}`)
  process.exit(1)
})
const figures = await inTurn(kernels, hunt)
for (const { kernel, output } of figures.filter(({ crashes }) => crashes > 0)) {
  console.log(`\n${kernel}:\n${output.trim()}`)
}
console.table(
  Object.fromEntries(
    figures.map(({ kernel, executions, edges, crashes }) => [
      kernel,
      { executions, 'edges covered': edges, crashes },
    ]),
  ),
)
const passed = figures.every(({ crashes, executions }) => crashes === 0 && executions > 0)
if (json) {
  console.log(JSON.stringify({ seconds, kernels: figures.map(({ output, ...figure }) => figure), passed }))
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
    return { seconds, json: values.json, kernels: positionals.length > 0 ? positionals : known }
  } catch (error) {
    console.error(`fuzz: ${error.message}`)
    process.exit(2)
  }
}

/** The kernels once, then each harness with them. */
async function build() {
  const sources = readdirSync(join(root, 'native/kernel')).filter((file) => file.endsWith('.cc'))
  const compile = async (args) => {
    const { status, output } = await run('clang++', [...sanitizers, ...args])
    if (status !== 0) throw new Error(`Cannot compile:\n${output}`)
  }
  const jobs = [
    ...sources.map((file) => ({ source: join(root, 'native/kernel', file), object: `kernel-${file}.o` })),
    ...kernels.map((kernel) => ({ source: join(harnesses, `${kernel}.cc`), object: `${kernel}.o` })),
  ]
  await inTurn(jobs, ({ source, object }) =>
    compile([
      ...['-std=c++17', '-O1', '-g1', '-Wall', '-Wextra', '-Werror', '-fsanitize=fuzzer-no-link'],
      ...[`-I${join(root, 'native')}`, '-c', source, '-o', join(directory, object)],
    ]),
  )
  const shared = sources.map((file) => join(directory, `kernel-${file}.o`))
  await inTurn(kernels, (kernel) =>
    compile(['-fsanitize=fuzzer', join(directory, `${kernel}.o`), ...shared, '-o', join(built, kernel)]),
  )
}

/** Runs one harness; what it found new is forgotten, unless it made it fail. */
async function hunt(kernel) {
  const corpus = join(directory, `corpus-${kernel}`)
  mkdirSync(corpus)
  const { status, output } = await run(join(built, kernel), [
    `-max_total_time=${seconds}`,
    '-timeout=10',
    '-max_len=2048',
    '-print_final_stats=1',
    `-artifact_prefix=${join(built, `${kernel}-`)}`,
    corpus,
    join(harnesses, 'corpus', kernel),
  ])
  const last = (pattern) => Number([...output.matchAll(pattern)].at(-1)?.[1] ?? 0)
  return {
    kernel,
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
    for (const [index, item] of waiting) results[index] = await work(item)
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
