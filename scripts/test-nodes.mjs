// `npm run test:nodes`: unit, conformance, `test:///` and package tests on each Node that Ballast is for, all with the addon
// and the tarball that this Node has built; `npm run test:nodes -- --only 24` on one of them.
// Plain JavaScript without dependencies, because it runs before node_modules is there.
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { command, commandIn, runSteps, vitestOn } from './steps.mjs'

/** Beside the one that runs this. Their binaries are packages of npm, kept in a cache. */
const others = ['22', '24', '26']
const suites = ['unit', 'conformance', 'libvirt', 'package']
const own = process.versions.node.split('.')[0]
const versions = [own, ...others.filter((version) => version !== own)]
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ballast-nodes')
const binary = `node-linux-${process.arch}`

const [option, only, ...rest] = process.argv.slice(2)
if (rest.length > 0 || (option !== undefined && (option !== '--only' || !versions.includes(only)))) {
  console.error(`Usage: npm run test:nodes [-- --only ${versions.join(' | ')}]`)
  process.exit(2)
}

const packed = mkdtempSync(join(tmpdir(), 'ballast-nodes-'))
try {
  await runSteps([
    { setup: (output) => command(output, process.execPath, 'scripts/setup.mjs', '--build') },
    { 'build:gyp': (output) => command(output, 'npm', 'run', '--silent', 'build:gyp') },
    { prebuild: (output) => command(output, 'npm', 'run', '--silent', 'prebuild') },
    { pack },
    ...versions.filter((version) => only === undefined || version === only).flatMap(stepsOn),
  ])
} finally {
  rmSync(packed, { recursive: true, force: true })
}

function stepsOn(version) {
  const steps = suites.map((suite) => {
    const name = `${suite} on Node ${version}`
    return { [name]: (output) => vitestOn({ ...nodeOf(version), name }, output, suite) }
  })
  return version === own
    ? steps
    : [{ [`install Node ${version}`]: (output) => install(output, version) }, ...steps]
}

/** Its program, and an environment in which `npm` and `npx` use it too. */
function nodeOf(version) {
  const node = version === own ? process.execPath : pathOf(version)
  const [tarball] = readdirSync(packed)
  const env = {
    ...process.env,
    PATH: dirname(node) + delimiter + process.env.PATH,
    BALLAST_RUNS: process.env.BALLAST_RUNS ?? '0.2',
    BALLAST_TARBALL: join(packed, tarball ?? ''),
  }
  return { node, env }
}

function pathOf(version) {
  return join(cache, version, 'node_modules', binary, 'bin/node')
}

/** With the addon of this machine alone. */
function pack(output) {
  const env = { ...process.env, BALLAST_PACK: 'own' }
  return commandIn(env, output, 'npm', 'pack', '--silent', '--pack-destination', packed)
}

function install(output, version) {
  if (existsSync(pathOf(version))) return { passed: 1 }
  const place = ['--prefix', join(cache, version), '--no-audit', '--no-fund']
  return command(output, 'npm', 'install', '--silent', ...place, `${binary}@${version}`)
}
