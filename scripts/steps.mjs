// What `test.mjs` and `test-lab.mjs` are made of: steps that are run one after the other, counted and timed.
// Plain JavaScript without dependencies, because it runs before node_modules is there.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const inCi = process.env.CI === 'true'
/** What failed, a line each: repeated at the end, since minutes of output stand before it. */
const failures = []

/**
 * Runs these steps, prints each one's time and at the end what failed and the total, and sets the exit code. A step
 * returns what it adds to the total: `{ passed, failed, skipped }`, as far as it is not 0.
 */
export function runSteps(steps, names = Object.keys(steps)) {
  const total = { passed: 0, failed: 0, skipped: 0 }
  const times = []
  for (const name of names) {
    console.log(`\n== ${name}`)
    const began = performance.now()
    const outcomes = steps[name]()
    times.push(`${name} (${Math.round((performance.now() - began) / 1_000)} s)`)
    console.log(`== ${times.at(-1)}`)
    for (const [outcome, count] of Object.entries(outcomes)) total[outcome] += count
    if (outcomes.failed > 0 && !failures.some((line) => line.startsWith(`${name}: `)))
      failures.push(`${name}: see above`)
  }
  console.log(`\n${times.join(', ')}`)
  if (failures.length > 0) console.log(`\nFailed:\n${failures.map((line) => `  ${line}`).join('\n')}`)
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
  console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`)
  process.exitCode = total.failed > 0 ? 1 : 0
}

/** Runs a program in the checkout; a step in itself. */
export function command(program, ...args) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: 'inherit' })
  if (error) console.error(`Cannot run ${program}: ${error.message}`)
  return status === 0 ? { passed: 1 } : { failed: 1 }
}

/** Runs one vitest project, and counts its tests. One that crashes, or runs nothing, has failed. */
export function vitest(project, ...args) {
  const directory = mkdtempSync(join(tmpdir(), 'ballast-test-'))
  const file = join(directory, 'report.json')
  try {
    const { failed: crashed = 0 } = command(
      process.execPath,
      'node_modules/vitest/vitest.mjs',
      'run',
      `--project=${project}`,
      // Cases with real guests take minutes each: each is reported when it ends.
      `--reporter=${project === 'lab' ? 'verbose' : 'default'}`,
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
    failures.push(...failedTests(report).map((line) => `${project}: ${line}`))
    return counted
  } catch (error) {
    console.error(`There is no report of the ${project} tests: ${error.message}`)
    return { failed: 1 }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** What a step that cannot be done here counts as: elsewhere it is left out, a CI that leaves out is broken. */
export function notHere() {
  return inCi ? { failed: 1 } : { skipped: 1 }
}

/** Installs what the lab needs. Where that fails, the lab says that it cannot run, and whether that is a failure. */
export function setUpLab() {
  const { failed } = command(process.execPath, 'scripts/setup.mjs', '--lab')
  return failed ? { skipped: 1 } : { passed: 1 }
}

/** Runs tests of the lab, where it can be up. */
export function lab(...args) {
  return whyNoLab() ? notHere() : vitest('lab', ...args)
}

/** Prints in one line why the lab cannot run here. */
function whyNoLab() {
  const program = `
    const { labUnavailable } = await import('./test/lab/available.ts')
    console.log(await labUnavailable() ?? '')`
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', program],
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
