// `npm run test:lab`: sets up what is missing, tries properties and seeds five times as often as `npm test`, with new values,
// and runs every test of the lab; `npm run test:lab -- --only M2` those that have this word in their name.
// Plain JavaScript without dependencies, because it runs before node_modules is there.
import { command, lab, runSteps, setUpBrowser, setUpLab, vitest } from './steps.mjs'

const [option, word, ...rest] = process.argv.slice(2)
if (rest.length > 0 || (option !== undefined && (option !== '--only' || !/^[\w -]+$/.test(word ?? '')))) {
  console.error('Usage: npm run test:lab [-- --only CASE]')
  process.exit(2)
}

process.env.BALLAST_RUNS ??= '5'
const search = { unit: (output) => vitest(output, 'unit'), long: (output) => vitest(output, 'long') }

await runSteps([
  { setup: (output) => command(output, process.execPath, 'scripts/setup.mjs', '--build') },
  { 'build:gyp': (output) => command(output, 'npm', 'run', '--silent', 'build:gyp') },
  ...(option === undefined ? Object.entries(search).map(([name, step]) => ({ [name]: step })) : []),
  { 'setup:lab': setUpLab },
  // Without a browser the page of real guests is left out.
  { 'setup:browser': setUpBrowser },
  { lab: (output) => lab(output, ...(option === undefined ? [] : ['--testNamePattern', `\\b${word}\\b`])) },
])
