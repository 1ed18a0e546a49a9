import { execFile, spawn } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const script = fileURLToPath(new URL('recipe/enter.sh', import.meta.url))
const checkout = realpathSync(fileURLToPath(new URL('../../..', import.meta.url)))
/** In a worktree they may be another checkout's. */
const modules = realpathSync(`${checkout}/node_modules`)

/** Runs a program in a root and gives its output; rejects when it fails. */
export async function runInWorld(root: string, command: readonly string[]): Promise<string> {
  const [program = '', ...args] = commandLine(root, command)
  const { stdout } = await run(program, args, { env: environment(), maxBuffer: 64 << 20 })
  return stdout
}

/** Runs a program in a root with our own input and output, in place of this one; resolves to its exit code. */
export function becomeInWorld(root: string, command: readonly string[]): Promise<number> {
  const [program = '', ...args] = commandLine(root, command)
  const child = spawn(program, args, { stdio: 'inherit', env: environment() })
  // Ctrl-C is for both, and it ends what it has begun before it ends.
  const forward = (signal: NodeJS.Signals) => child.kill(signal)
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, forward)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      for (const signal of signals) process.off(signal, forward)
      resolve(code ?? 1)
    })
  })
}

function commandLine(root: string, command: readonly string[]): readonly string[] {
  return [
    'unshare',
    '--mount',
    'sh',
    script,
    root,
    checkout,
    modules,
    realpathSync(process.execPath),
    ...command,
  ]
}

/** What is chosen by the world itself is not taken along. */
function environment(): NodeJS.ProcessEnv {
  const { XDG_CACHE_HOME: _cache, ...rest } = process.env
  return {
    ...rest,
    HOME: '/root',
    LC_ALL: 'C',
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    DEBIAN_FRONTEND: 'noninteractive',
  }
}
