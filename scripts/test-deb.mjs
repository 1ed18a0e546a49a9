// `npm run test:deb`: makes the package for Debian, and installs, runs, upgrades, removes and purges it in a fresh root of
// Debian 13 below a temporary folder. Plain JavaScript without dependencies, because it runs before node_modules is there.
import { command, runSteps, vitest } from './steps.mjs'

const npm = (script) => (output) => command(output, 'npm', 'run', '--silent', script)

await runSteps([
  { setup: (output) => command(output, process.execPath, 'scripts/setup.mjs', '--build', '--deb') },
  { prebuild: npm('prebuild') },
  { 'package:deb': npm('package:deb') },
  { deb: (output) => vitest(output, 'deb') },
])
