// `npm run test:host`: sets up what is missing and runs the cases on a whole host in a VM; `npm run test:host -- --only UNIT`
// those that have this word in their name.
// Plain JavaScript without dependencies, because it runs before node_modules is there.
import { command, runSteps, vitest } from './steps.mjs'

const [option, word, ...rest] = process.argv.slice(2)
if (rest.length > 0 || (option !== undefined && (option !== '--only' || !/^[\w -]+$/.test(word ?? '')))) {
  console.error('Usage: npm run test:host [-- --only CASE]')
  process.exit(2)
}

await runSteps([
  { setup: (output) => command(output, process.execPath, 'scripts/setup.mjs', '--build', '--host') },
  { 'build:gyp': (output) => command(output, 'npm', 'run', '--silent', 'build:gyp') },
  {
    host: (output) =>
      vitest(output, 'host', ...(option === undefined ? [] : ['--testNamePattern', `\\b${word}\\b`])),
  },
])
