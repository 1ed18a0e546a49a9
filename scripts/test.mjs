// `npm test`: sets up what is missing and runs everything; `npm test -- --only unit,libvirt` runs these steps alone.
// Plain JavaScript without dependencies, because it runs before node_modules is there.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const inCi = process.env.CI === 'true'
const total = { passed: 0, failed: 0, skipped: 0 }
/** What failed, a line each: told again at the end, since half an hour of output stands before it. */
const failures = []

/** Each returns what it adds to the total. */
const steps = {
  setup: () => command(process.execPath, 'scripts/setup.mjs', '--build'),
  lint: () => command('npm', 'run', '--silent', 'lint'),
  typecheck: () => command('npm', 'run', '--silent', 'typecheck'),
  'build:gyp': () => command('npm', 'run', '--silent', 'build:gyp'),
  'build:ts': () => command('npm', 'run', '--silent', 'build:ts'),
  unit: () => vitest('unit'),
  native: () => vitest('native'),
  fuzz,
  // Installs what the lab needs; libvirtd is among it, over which some tests of `conformance` and `libvirt` run.
  'setup:lab': setUpLab,
  conformance: () => vitest('conformance'),
  libvirt: () => vitest('libvirt'),
  package: () => vitest('package'),
  lab: () => (whyNoLab() ? (inCi ? { failed: 1 } : { skipped: 1 }) : vitest('lab')),
}

for (const name of chosen(process.argv.slice(2))) {
  console.log(`\n== ${name}`)
  const outcomes = steps[name]()
  for (const [outcome, count] of Object.entries(outcomes)) total[outcome] += count
  if (outcomes.failed > 0 && !failures.some((line) => line.startsWith(`${name}: `)))
    failures.push(`${name}: see above`)
}
if (failures.length > 0) console.log(`\nFailed:\n${failures.map((line) => `  ${line}`).join('\n')}`)
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`)
process.exitCode = total.failed > 0 ? 1 : 0

function chosen(args) {
  if (args.length === 0) return Object.keys(steps)
  const names = args[0] === '--only' && args.length === 2 ? args[1].split(',') : []
  if (names.length === 0 || names.some((name) => !(name in steps))) {
    console.error(`Usage: npm test [-- --only STEP,...], with the steps ${Object.keys(steps).join(', ')}`)
    process.exit(2)
  }
  return names
}

function command(program, ...args) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: 'inherit' })
  if (error) console.error(`Cannot run ${program}: ${error.message}`)
  return status === 0 ? { passed: 1 } : { failed: 1 }
}

/** Counts the tests of one vitest project. One that crashes, or runs nothing, has failed. */
function vitest(project) {
  const directory = mkdtempSync(join(tmpdir(), 'ballast-test-'))
  const file = join(directory, 'report.json')
  try {
    const { failed: crashed = 0 } = command(
      process.execPath,
      'node_modules/vitest/vitest.mjs',
      'run',
      `--project=${project}`,
      // Cases with real guests take minutes each: each is told when it ends.
      `--reporter=${project === 'lab' ? 'verbose' : 'default'}`,
      '--reporter=json',
      `--outputFile.json=${file}`,
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

/** A short look for faults in the kernels; `npm run fuzz` takes longer ones. */
function fuzz() {
  const { failed } = command(process.execPath, 'scripts/setup.mjs', '--fuzz')
  if (failed) return inCi ? { failed: 1 } : { skipped: 1 }
  return command(process.execPath, 'scripts/fuzz.mjs', '--seconds', '2')
}

function setUpLab() {
  const { failed } = command(process.execPath, 'scripts/setup.mjs', '--lab')
  // Without it the lab says below that it cannot run, and whether that is a failure.
  return failed ? { skipped: 1 } : { passed: 1 }
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
