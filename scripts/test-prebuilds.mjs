// `npm run test:prebuilds`: builds the addons of a release, packs them in one tarball, and tests each: it is run where
// this machine or qemu-user can, and what it needs is looked up in the libraries that it is for. Plain JavaScript
// without dependencies, because it runs before node_modules is there.
import { command, runSteps, vitest } from './steps.mjs'

await runSteps([
  { setup: (output) => command(output, process.execPath, 'scripts/setup.mjs', '--build', '--cross') },
  { 'prebuild:all': (output) => command(output, 'npm', 'run', '--silent', 'prebuild:all') },
  { prebuilds: (output) => vitest(output, 'prebuilds') },
])
