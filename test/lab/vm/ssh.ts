import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** What a command came to. */
export interface Answer {
  /** Undefined: it was ended at its limit. */
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  /** Milliseconds after which it is given up. */
  readonly limit?: number
  /** A folder of this machine that is its input, as a tar file. */
  readonly folder?: string
}

/** Commands as root of a host, over one connection: to make one takes seconds under software emulation. */
export class Ssh {
  readonly #options: readonly string[]

  constructor({
    key,
    port,
    directory,
  }: { readonly key: string; readonly port: number; readonly directory: string }) {
    const settings = {
      IdentityFile: key,
      IdentitiesOnly: 'yes',
      BatchMode: 'yes',
      // Each image has keys of its own, and each VM a port.
      StrictHostKeyChecking: 'no',
      UserKnownHostsFile: '/dev/null',
      LogLevel: 'ERROR',
      ConnectTimeout: '30',
      ControlMaster: 'auto',
      ControlPath: `${directory}/ssh`,
      ControlPersist: 'yes',
    }
    const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])
    this.#options = ['-F', 'none', ...options, '-p', `${port}`, 'root@127.0.0.1']
  }

  async run(command: string, { limit = 60_000, folder }: RunOptions = {}): Promise<Answer> {
    const ssh = spawn('ssh', [...this.#options, command], { stdio: ['pipe', 'pipe', 'pipe'] })
    ssh.stdin.on('error', () => {}) // The command need not read its input.
    let [stdout, stderr] = ['', '']
    ssh.stdout.on('data', (data) => {
      stdout += data
    })
    ssh.stderr.on('data', (data) => {
      stderr += data
    })
    if (folder === undefined) ssh.stdin.end()
    else
      spawn('tar', ['-C', folder, '-cf', '-', '.'], { stdio: ['ignore', 'pipe', 2] }).stdout!.pipe(ssh.stdin)
    const timer = setTimeout(() => ssh.kill(), limit)
    const [code] = (await once(ssh, 'close')) as [number | null]
    clearTimeout(timer)
    return { code: code ?? undefined, stdout, stderr }
  }

  async shell(): Promise<number> {
    const [code] = (await once(spawn('ssh', ['-t', ...this.#options], { stdio: 'inherit' }), 'exit')) as [
      number,
    ]
    return code
  }

  /** Ends the connection that commands share. */
  async close(): Promise<void> {
    await once(spawn('ssh', ['-O', 'exit', ...this.#options], { stdio: 'ignore' }), 'exit')
  }
}
