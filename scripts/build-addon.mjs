// Builds the native addon: `gyp` and `cmake` into build/Release, `debug` into build/Debug, `prebuild` into prebuilds/
// for the package.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const bin = join(root, 'node_modules/.bin')

const commands = {
  gyp: ['node-gyp', 'rebuild'],
  // Unoptimized, with symbols: node-gyp-build prefers it to none, but a Release build to it.
  debug: ['node-gyp', 'rebuild', '--debug'],
  cmake: ['cmake-js', 'rebuild', '--parallel', String(availableParallelism())],
  prebuild: ['prebuildify', '--napi', '--strip', '--tag-libc', `--target=${process.version}`],
}

const command = commands[process.argv[2]]
if (!command) {
  console.error(`usage: node scripts/build-addon.mjs ${Object.keys(commands).join(' | ')}`)
  process.exit(2)
}

const isCheckout = existsSync(join(root, '.git'))
const env = {
  ...process.env,
  PATH: bin + delimiter + process.env.PATH,
  JOBS: 'max',
  // Warnings are errors in a checkout. In an installed package they are not: a user's compiler may know new ones.
  BALLAST_STRICT: isCheckout ? '1' : '0',
}
// What was compiled before is not compiled again.
if (isCheckout) {
  const launcher = [process.execPath, join(root, 'scripts/cached-compiler.mjs')]
  if (command[0] === 'cmake-js') env.CMAKE_CXX_COMPILER_LAUNCHER = launcher.join(';')
  else env.CXX = [...launcher.map((path) => JSON.stringify(path)), process.env.CXX ?? 'g++'].join(' ')
}
// Headers beside the running Node, as most installations have them; otherwise node-gyp downloads them.
const nodePrefix = dirname(dirname(process.execPath))
if (existsSync(join(nodePrefix, 'include/node/node_api.h'))) {
  env.npm_config_nodedir = nodePrefix
  env.npm_package_config_node_gyp_nodedir = nodePrefix
}

const [tool, ...args] = command
// Found in our node_modules; in an installed package, which has none, npm's own node-gyp is found.
const { status, error } = spawnSync(tool, args, { cwd: root, env, stdio: 'inherit' })
if (error) console.error(`Cannot run ${tool}: ${error.message}. Run npm install first.`)
process.exit(status ?? 1)
