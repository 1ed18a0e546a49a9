import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { programOf } from '../../scripts/unpacked.mjs'
import { freePort } from './free-port.ts'

/**
 * Runs the server and says its pid. When whoever holds the other end of its stdin ends, in whichever way, the server is ended
 * and its folder removed.
 */
const guardian = `
directory=$1; shift
exec 3<&0
"$@" </dev/null 3<&- & server=$!
echo $server
( read -r _ <&3; kill -9 $server 2>/dev/null; rm -rf "$directory" ) >/dev/null 2>&1 & watch=$!
wait $server
kill $watch
`

/** What a server listens on and what it knows, beside its own store. */
export interface NatsServerOptions {
  /** Text of its configuration file, without listen and store, which are its own. Default: none. */
  readonly configuration?: string
  /** Default true. */
  readonly jetStream?: boolean
  /** Address of this machine that it listens on. Default: the loopback address. */
  readonly host?: string
}

/** A nats-server of its own, with a folder of its own, on a free port. */
export class NatsServer implements AsyncDisposable {
  /** `HOST:PORT` */
  readonly address: string
  readonly directory: string
  readonly #args: readonly string[]
  #guardian: ChildProcess | undefined
  #pid: number | undefined
  #said = ''

  private constructor(address: string, directory: string, args: readonly string[]) {
    this.address = address
    this.directory = directory
    this.#args = args
  }

  /** Throws with what to do where nats-server is not here. */
  static async start({
    configuration,
    jetStream = true,
    host = '127.0.0.1',
  }: NatsServerOptions = {}): Promise<NatsServer> {
    const directory = mkdtempSync(join(tmpdir(), 'ballast-nats-'))
    const port = await freePort()
    const args = ['--addr', host, '--port', String(port)]
    if (jetStream) args.push('-js', '--store_dir', join(directory, 'store'))
    if (configuration !== undefined) {
      const path = join(directory, 'nats.conf')
      writeFileSync(path, configuration)
      args.push('--config', path)
    }
    const server = new NatsServer(`${host}:${port}`, directory, args)
    try {
      await server.restart()
      return server
    } catch (error) {
      await server[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Of the server itself. */
  get pid(): number {
    if (this.#pid === undefined) throw new Error('nats-server does not run')
    return this.#pid
  }

  /** Starts it, on its port and with what is in its folder; resolves when it listens. */
  async restart(): Promise<void> {
    const program = programOf('nats-server')
    if (program === undefined) throw new Error('nats-server is not here: node scripts/setup.mjs --nats')
    const child = spawn('sh', ['-c', guardian, 'sh', this.directory, program, ...this.#args], {
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#said = ''
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-10_000)
    })
    this.#guardian = child
    this.#pid = await new Promise<number>((resolve, reject) => {
      createInterface(child.stdout!).once('line', (line) => resolve(Number(line)))
      child.once('exit', () => reject(new Error('nats-server did not start')))
    })
    while (!(await this.#answers())) {
      if (child.exitCode !== null) throw new Error(`nats-server ended: ${this.#said}`)
      await sleep(20)
    }
  }

  /** Ends it, as an administrator does or as a crash does; its folder stays. */
  async end(how: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#guardian
    if (child === undefined || child.exitCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    process.kill(this.pid, how)
    await ended
    this.#pid = undefined
  }

  /** Stops it where it stands, or lets it go on; resolves when each of its threads has stopped. */
  async freeze(frozen: boolean): Promise<void> {
    process.kill(this.pid, frozen ? 'SIGSTOP' : 'SIGCONT')
    const tasks = `/proc/${this.pid}/task`
    const isStopped = (task: string) => /\) T /.test(readFileSync(`${tasks}/${task}/stat`, 'utf8'))
    while (frozen && !readdirSync(tasks).every(isStopped)) await sleep(5)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL')
    this.#guardian?.stdin?.destroy()
    rmSync(this.directory, { recursive: true, force: true })
  }

  /** Whether it accepts clients: a line of JSON after INFO. */
  #answers(): Promise<boolean> {
    const [host, port] = this.address.split(':')
    return new Promise((resolve) => {
      const socket = connect(Number(port), host)
      const done = (answers: boolean) => {
        socket.destroy()
        resolve(answers)
      }
      socket.once('data', () => done(true)).once('error', () => done(false))
    })
  }
}
