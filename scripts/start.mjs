// `npm start`: both controllers on the simulated host. Needs node_modules and nothing else of the machine.
import { spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const cwd = fileURLToPath(new URL('..', import.meta.url))

const { status } = spawnSync(process.execPath, ['scripts/setup.mjs'], { cwd, stdio: 'inherit' })
if (status !== 0) process.exit(status ?? 1)

// Ctrl-C reaches the demo too: it has the last word.
process.on('SIGINT', () => {})
const demo = spawn(process.execPath, ['--import', 'tsx', 'examples/demo.ts', ...process.argv.slice(2)], {
  cwd,
  stdio: 'inherit',
})
demo.on('exit', (code, signal) => {
  process.exitCode = signal ? 1 : code
})
