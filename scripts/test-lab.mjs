// `npm run test:lab`: sets up what is missing, tries properties and seeds five times as often as `npm test`, with new values,
// fuzzes ten times as long, and runs every test of the lab; `npm run test:lab -- --only M2` those that have this word in their
// name. With `--world NAME` the tests of the lab alone, on another Debian's libvirt, QEMU and guest kernel.
// Plain JavaScript without dependencies, because it runs before node_modules is there.
import { parseArgs } from 'node:util'
import { command, fuzz, lab, labIn, runSteps, setUpBrowser, setUpLab, vitest } from './steps.mjs'

const { only, world } = options()
process.env.BALLAST_RUNS ??= '5'
const search = {
  unit: (output) => vitest(output, 'unit'),
  long: (output) => vitest(output, 'long'),
  fuzz: fuzz(10),
}
const named = only === undefined ? [] : ['--testNamePattern', `\\b${only}\\b`]

await runSteps([
  { setup: (output) => command(output, process.execPath, 'scripts/setup.mjs', '--build') },
  { 'build:gyp': (output) => command(output, 'npm', 'run', '--silent', 'build:gyp') },
  ...(only === undefined && world === undefined
    ? Object.entries(search).map(([name, step]) => ({ [name]: step }))
    : []),
  { 'setup:lab': setUpLab },
  // Without a browser the page of real guests is left out.
  ...(world === undefined ? [{ 'setup:browser': setUpBrowser }] : []),
  { lab: (output) => (world === undefined ? lab(output, ...named) : labIn(world, output, ...named)) },
])

function options() {
  try {
    const { values } = parseArgs({ options: { only: { type: 'string' }, world: { type: 'string' } } })
    if (values.only !== undefined && !/^[\w -]+$/.test(values.only)) throw new Error('--only takes words')
    return values
  } catch (error) {
    console.error(`${error.message}\nUsage: npm run test:lab [-- [--only CASE] [--world NAME]]`)
    process.exit(2)
  }
}
