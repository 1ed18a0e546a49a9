// What `test.mjs` and `test-lab.mjs` are made of: groups of steps, counted and timed.
// Plain JavaScript without dependencies, because it runs before node_modules is there.
import { spawn, spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const inCi = process.env.CI === 'true'
/** What failed, a line each: repeated at the end, since minutes of output stand before it. */
const failures = []

/**
 * Runs groups of steps one after the other, prints each one's time and at the end what failed and the total, and sets the exit
 * code. A group is an object of steps, which run at once, or an array of such objects, lanes, which run at once and the steps
 * of each in a row. A step is handed where its programs write to, and resolves to what it adds to the total:
 * `{ passed, failed, skipped }`, as far as it is not 0. What the second and later ones of a group write is shown when it ends.
 */
export async function runSteps(groups, isChosen = () => true) {
  const total = { passed: 0, failed: 0, skipped: 0 }
  const times = []
  const run = async (name, step, output) => {
    const began = performance.now()
    const outcomes = await step(output)
    times.push(`${name} (${Math.round((performance.now() - began) / 1_000)} s)`)
    for (const [outcome, count] of Object.entries(outcomes)) total[outcome] += count
    if (outcomes.failed > 0 && !failures.some((line) => line.startsWith(`${name}: `)))
      failures.push(`${name}: see above`)
    return `== ${times.at(-1)}`
  }
  const runLane = async (lane, output) => {
    const ended = []
    for (const [name, step] of lane) ended.push(await run(name, step, output))
    return ended.join('\n')
  }
  for (const group of groups) {
    const lanes = lanesOf(group, isChosen)
    if (lanes.length === 0) continue
    const titles = lanes.map((lane) => lane.map(([name]) => name).join(', then '))
    console.log(`\n== ${titles.join('; and beside it ')}`)
    const [first, ...others] = lanes
    const [ended, ...collected] = await Promise.all([
      runLane(first, 'inherit'),
      ...others.map((lane) => collect((output) => runLane(lane, output))),
    ])
    console.log(ended)
    for (const [i, { text, result }] of collected.entries())
      console.log(`\n== ${titles[i + 1]}\n${text}${result}`)
  }
  console.log(`\n${times.join(', ')}`)
  if (failures.length > 0) console.log(`\nFailed:\n${failures.map((line) => `  ${line}`).join('\n')}`)
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
  console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`)
  process.exitCode = total.failed > 0 ? 1 : 0
}

/** The chosen steps of a group, by lane: those that run in a row. */
function lanesOf(group, isChosen) {
  const lanes = Array.isArray(group) ? group.map(Object.entries) : Object.entries(group).map((step) => [step])
  return lanes.map((lane) => lane.filter(([name]) => isChosen(name))).filter((lane) => lane.length > 0)
}

/** Hands `work` a file to write to; what is in it in the end, and the result. */
async function collect(work) {
  const directory = mkdtempSync(join(tmpdir(), 'ballast-test-'))
  const path = join(directory, 'output')
  const file = openSync(path, 'a')
  try {
    const result = await work(file)
    return { text: readFileSync(path, 'utf8'), result }
  } finally {
    closeSync(file)
    rmSync(directory, { recursive: true, force: true })
  }
}

/** The programs that run now, each with all that it starts in a process group of its own. */
const running = new Set()
for (const [name, number] of [
  ['SIGHUP', 1],
  ['SIGINT', 2],
  ['SIGTERM', 15],
]) {
  process.on(name, () => {
    for (const child of running) endGroup(child)
    process.exit(128 + number)
  })
}

/** npm, compilers and others end without a word to what they have started. */
function endGroup({ pid }) {
  try {
    process.kill(-pid, 'SIGTERM')
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}

/** Runs a program in the checkout; a step in itself. */
export function command(output, program, ...args) {
  return commandIn(process.env, output, program, ...args)
}

/** The same in another environment. */
export function commandIn(env, output, program, ...args) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', output, output], detached: true })
    if (child.pid !== undefined) running.add(child)
    child.on('error', (error) => {
      console.error(`Cannot run ${program}: ${error.message}`)
      resolve({ failed: 1 })
    })
    child.on('close', (status) => {
      running.delete(child)
      resolve(status === 0 ? { passed: 1 } : { failed: 1 })
    })
  })
}

/** Runs one vitest project, and counts its tests. One that crashes, or runs nothing, has failed. */
export function vitest(output, project, ...args) {
  return vitestOn({ node: process.execPath, env: process.env, name: project }, output, project, ...args)
}

/**
 * The same on another Node, or by a command line that ends with one, in its environment; `name` is what failures are
 * listed under.
 */
export async function vitestOn({ node, env, name }, output, project, ...args) {
  const directory = mkdtempSync(join(tmpdir(), 'ballast-test-'))
  const file = join(directory, 'report.json')
  try {
    const { failed: crashed = 0 } = await commandIn(
      env,
      output,
      ...[node].flat(),
      'node_modules/vitest/vitest.mjs',
      'run',
      `--project=${project}`,
      // Cases with real guests take minutes each: each is reported when it ends.
      `--reporter=${project === 'lab' || project === 'host' ? 'verbose' : 'default'}`,
      '--reporter=json',
      `--outputFile.json=${file}`,
      ...args,
    )
    const report = JSON.parse(readFileSync(file, 'utf8'))
    const counted = {
      passed: report.numPassedTests,
      failed: report.numFailedTests + report.testResults.filter(didNotLoad).length,
      skipped: report.numPendingTests + report.numTodoTests,
    }
    if (crashed || counted.passed === 0) counted.failed ||= 1
    failures.push(...failedTests(report).map((line) => `${name}: ${line}`))
    return counted
  } catch (error) {
    console.error(`There is no report of the ${name} tests: ${error.message}`)
    return { failed: 1 }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** A search for faults in the C++ code, so many seconds in each of its parsers. */
export function fuzz(seconds) {
  return async (output) => {
    const { failed } = await command(output, process.execPath, 'scripts/setup.mjs', '--fuzz')
    return failed
      ? notHere()
      : command(output, process.execPath, 'scripts/fuzz.mjs', '--seconds', String(seconds))
  }
}

/** What a step that cannot be done here counts as: elsewhere it is left out, a CI that leaves out is broken. */
export function notHere() {
  return inCi ? { failed: 1 } : { skipped: 1 }
}

/** Installs what the lab needs. Where that fails, the lab says that it cannot run, and whether that is a failure. */
export async function setUpLab(output) {
  const { failed } = await command(output, process.execPath, 'scripts/setup.mjs', '--lab')
  return failed ? { skipped: 1 } : { passed: 1 }
}

/** Installs a browser for the page. */
export async function setUpBrowser(output) {
  const { failed } = await command(output, process.execPath, 'scripts/setup.mjs', '--browser')
  return failed ? { skipped: 1 } : { passed: 1 }
}

/** Runs tests of the lab, where it can be up. */
export async function lab(output, ...args) {
  return whyNoLab([process.execPath]) ? notHere() : vitest(output, 'lab', ...args)
}

/** The same on another Debian's libvirt, QEMU and guest kernel. */
export async function labIn(world, output, ...args) {
  const node = [process.execPath, '--import', 'tsx', 'test/lab/world/main.ts', world, 'node']
  return whyNoLab(node)
    ? notHere()
    : vitestOn({ node, env: process.env, name: world }, output, 'lab', ...args)
}

/** Prints in one line why the lab cannot run here, by a command line that ends with a Node. */
function whyNoLab([program, ...args]) {
  const asks = `
    const { labUnavailable } = await import('./test/lab/available.ts')
    console.log(await labUnavailable() ?? '')`
  const { status, stdout, stderr } = spawnSync(
    program,
    [...args, '--import', 'tsx', '--input-type=module', '--eval', asks],
    { cwd: root, encoding: 'utf8' },
  )
  const reason = status === 0 ? stdout.trim() : stderr.trim()
  if (reason) console.log(`The lab cannot run here: ${reason}`)
  return reason
}

/** A test file of which no test could be run. */
function didNotLoad({ status, assertionResults }) {
  return status === 'failed' && assertionResults.length === 0
}

/** The names of the tests that failed, each with the first line of why. */
function failedTests({ testResults }) {
  return testResults.flatMap((file) => [
    ...(didNotLoad(file) ? [`${file.name}: ${firstLine(file.message)}`] : []),
    ...file.assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName, failureMessages }) => `${fullName}: ${firstLine(failureMessages[0])}`),
  ])
}

function firstLine(text = '') {
  return text.split('\n', 1)[0]
}
