// `npm test`: sets up what is missing and runs every kind of test; of the lab its main cases (the rest: `npm run test:lab`).
// `npm test -- --only unit,libvirt` runs these steps alone.
// Plain JavaScript without dependencies, because it runs before node_modules is there.
import { command, lab, notHere, runSteps, setUpLab, vitest } from './steps.mjs'

const npm = (script) => () => command('npm', 'run', '--silent', script)

const steps = {
  setup: () => command(process.execPath, 'scripts/setup.mjs', '--build'),
  lint: npm('lint'),
  typecheck: npm('typecheck'),
  'build:gyp': npm('build:gyp'),
  'build:ts': npm('build:ts'),
  unit: () => vitest('unit'),
  long: () => vitest('long'),
  native: () => vitest('native'),
  fuzz,
  // Installs what the lab needs; libvirtd is among it, over which some tests of `conformance` and `libvirt` run.
  'setup:lab': setUpLab,
  conformance: () => vitest('conformance'),
  libvirt: () => vitest('libvirt'),
  package: () => vitest('package'),
  lab: () => lab('test/lab/main-cases.test.ts'),
}

runSteps(steps, chosen(process.argv.slice(2)))

function chosen(args) {
  if (args.length === 0) return undefined
  const names = args[0] === '--only' && args.length === 2 ? args[1].split(',') : []
  if (names.length === 0 || names.some((name) => !(name in steps))) {
    console.error(`Usage: npm test [-- --only STEP,...], with the steps ${Object.keys(steps).join(', ')}`)
    process.exit(2)
  }
  return names
}

/** A short search for faults in the C++ code; `npm run fuzz` takes longer ones. */
function fuzz() {
  const { failed } = command(process.execPath, 'scripts/setup.mjs', '--fuzz')
  return failed ? notHere() : command(process.execPath, 'scripts/fuzz.mjs', '--seconds', '2')
}
