// `npm start`: both controllers on the simulated host. Needs node_modules and nothing else of the machine.
import { spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const cwd = fileURLToPath(new URL('..', import.meta.url))
const usage = `Usage: npm start -- [--fast]

Shows both controllers at work on a simulated host, tick by tick, in a minute.

  --fast  do not wait between two ticks
  --help  print this`

/** Of what was given, checked before anything is installed. */
function read(args) {
  try {
    const options = { fast: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } }
    return parseArgs({ args, options }).values
  } catch (error) {
    console.error(`npm start: ${error.message}\n\n${usage}`)
    process.exit(2)
  }
}

const { help, fast } = read(process.argv.slice(2))
if (help) {
  console.log(usage)
  process.exit(0)
}

const { status } = spawnSync(process.execPath, ['scripts/setup.mjs'], { cwd, stdio: 'inherit' })
if (status !== 0) process.exit(status ?? 1)

// Ctrl-C reaches the demo too: it has the last word.
process.on('SIGINT', () => {})
const args = ['--import', 'tsx', 'examples/demo.ts', ...(fast ? ['--fast'] : [])]
const demo = spawn(process.execPath, args, { cwd, stdio: 'inherit' })
demo.on('exit', (code, signal) => {
  process.exitCode = signal ? 1 : code
  if (code !== 0) return
  console.log('Next: npm run playground              the same in your browser, with every policy')
  console.log(
    "      ballast top -c test:///default  libvirt's test host on the whole screen, once it is installed: README.md",
  )
})
