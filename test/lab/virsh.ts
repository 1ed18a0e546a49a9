import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Runs virsh: the lab looks at the host with another client than the one under test. Gives its output. */
export async function virsh(uri: string, ...args: string[]): Promise<string> {
  const { stdout } = await run('virsh', ['-q', '-c', uri, ...args], {
    timeout: 120_000,
    env: { ...process.env, LC_ALL: 'C' },
  })
  return stdout.trim()
}

/** Names of the domains of a host, running or not. */
export async function domainNames(uri: string): Promise<string[]> {
  return (await virsh(uri, 'list', '--all', '--name')).split('\n').filter((name) => name !== '')
}
