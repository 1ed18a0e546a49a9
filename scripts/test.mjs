// `npm test`: sets up what is missing and runs every kind of test; of the lab its main cases (the rest: `npm run test:lab`).
// `npm test -- --only unit,libvirt` runs these steps alone.
// Plain JavaScript without dependencies, because it runs before node_modules is there.
import { command, lab, notHere, runSteps, setUpBrowser, setUpLab, vitest } from './steps.mjs'

const npm = (script) => (output) => command(output, 'npm', 'run', '--silent', script)
const tests = (project) => (output) => vitest(output, project)

// Steps that compute share both cores in two lanes, so that none is idle when one of them comes to its last file; those that
// wait for most of their time (libvirt's timeouts, package managers, Prometheus, NATS) are beside each other. The page and the lab
// have the machine to themselves.
const groups = [
  { setup: (output) => command(output, process.execPath, 'scripts/setup.mjs', '--build') },
  { lint: npm('lint'), typecheck: npm('typecheck') },
  // The second installs what the lab needs; libvirtd is among it, over which some tests of `conformance` and `libvirt` run.
  [{ 'build:gyp': npm('build:gyp'), 'build:ts': npm('build:ts') }, { 'setup:lab': setUpLab }],
  [
    { unit: tests('unit'), long },
    { native: tests('native'), fuzz, conformance: tests('conformance') },
  ],
  { libvirt: tests('libvirt'), package: packaged, prometheus, nats },
  { page: shown },
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

/** A short search for faults in the C++ code; `npm run fuzz` takes longer ones. */
async function fuzz(output) {
  const { failed } = await command(output, process.execPath, 'scripts/setup.mjs', '--fuzz')
  return failed ? notHere() : command(output, process.execPath, 'scripts/fuzz.mjs', '--seconds', '2')
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
