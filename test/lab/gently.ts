import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Runs a program at low priority, since others measure times on the machine meanwhile; gives its output. */
export async function gently(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly path?: string; readonly env?: Record<string, string> } = {},
): Promise<string> {
  const { cwd, path, env = {} } = options
  const PATH = [path, process.env.PATH, '/usr/sbin', '/sbin'].filter(Boolean).join(':')
  const { stdout } = await run('nice', ['-n', '10', program, ...args], {
    ...(cwd !== undefined && { cwd }),
    env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive', PATH, ...env },
    maxBuffer: 64 << 20,
  })
  return stdout
}
