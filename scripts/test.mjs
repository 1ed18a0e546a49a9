// `npm test`: sets up what is missing and runs every kind of test; of the lab its main cases (the rest: `npm run test:lab`).
// `npm test -- --only unit,libvirt` runs these steps alone.
// Plain JavaScript without dependencies, because it runs before node_modules is there.
import { command, fuzz, lab, notHere, runSteps, setUpBrowser, setUpLab, vitest } from './steps.mjs'

const npm = (script) => (output) => command(output, 'npm', 'run', '--silent', script)
const tests = (project) => (output) => vitest(output, project)

// Steps that compute share both cores in lanes of about the same length, and fill the pauses in which those of `long` wait for
// programs that they started. libvirt's tests, whose calls have deadlines, are beside others that wait for most of their time,
// and the lab has the machine to itself.
const groups = [
  { setup: (output) => command(output, process.execPath, 'scripts/setup.mjs', '--build') },
  [
    { 'build:gyp': npm('build:gyp') },
    { lint: npm('lint'), typecheck: npm('typecheck'), 'build:ts': npm('build:ts') },
    // libvirtd is among it, over which some tests of `conformance` and `libvirt` run.
    { 'setup:lab': setUpLab },
  ],
  [
    { unit: tests('unit'), package: packaged },
    // Tests of the page build it anew, where those of `unit` read it.
    { long, page: shown },
    { native: tests('native'), fuzz: fuzz(1), conformance: tests('conformance') },
  ],
  { libvirt: tests('libvirt'), prometheus, nats },
  { lab: mainCases },
]

await runSteps(groups, chosen(process.argv.slice(2)))

function chosen(args) {
  if (args.length === 0) return undefined
  const known = groups.flat().flatMap(Object.keys)
  const names = args[0] === '--only' && args.length === 2 ? args[1].split(',') : []
  if (names.length === 0 || names.some((name) => !known.includes(name))) {
    console.error(`Usage: npm test [-- --only STEP,...], with the steps ${known.join(', ')}`)
    process.exit(2)
  }
  return (name) => names.includes(name)
}

/** Processes, among them `ballast top` in a terminal of tmux. */
async function long(output) {
  await command(output, process.execPath, 'scripts/setup.mjs', '--terminal')
  return vitest(output, 'long')
}

/** The package; its completions with the shells that can be had. */
async function packaged(output) {
  await command(output, process.execPath, 'scripts/setup.mjs', '--shells')
  return vitest(output, 'package')
}

/** The page, in Chromium. */
async function shown(output) {
  const { skipped } = await setUpBrowser(output)
  return skipped ? notHere() : vitest(output, 'page')
}

/** Real guests, which the page shows too. */
async function mainCases(output) {
  await setUpBrowser(output)
  return lab(output, 'test/lab/main-cases.test.ts')
}

/** Metrics, alerts and the dashboard, with Prometheus itself. */
async function prometheus(output) {
  const { failed } = await command(output, process.execPath, 'scripts/setup.mjs', '--prometheus')
  return failed ? notHere() : vitest(output, 'prometheus')
}

/** What a fleet shares, on a real nats-server. */
async function nats(output) {
  const { failed } = await command(output, process.execPath, 'scripts/setup.mjs', '--nats')
  return failed ? notHere() : vitest(output, 'nats')
}
