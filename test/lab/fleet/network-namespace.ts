import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import type { CutOff } from './cut-off.ts'

/** Says its pid, and keeps the namespace until who holds the other end of its stdin ends, in whichever way. */
const keeper = 'echo $$; read -r _'

/**
 * A network namespace with nothing but one link to this machine. It has no name: it is gone with its last process, and the link
 * with it, also after a crash. Needs root.
 */
export class NetworkNamespace implements CutOff {
  readonly by = 'network namespace'
  readonly natsHost: string
  readonly within: readonly string[]
  readonly #link: string
  readonly #keeper: ChildProcess

  private constructor(keeper: ChildProcess, pid: number, link: string, natsHost: string) {
    this.natsHost = natsHost
    this.within = ['nsenter', `--net=/proc/${pid}/ns/net`]
    this.#link = link
    this.#keeper = keeper
  }

  /** Throws with what the kernel, or `ip`, has against it. */
  static async make(): Promise<NetworkNamespace> {
    const child = spawn('unshare', ['--net', 'sh', '-c', keeper], { stdio: ['pipe', 'pipe', 'pipe'] })
    let said = ''
    child.stderr!.on('data', (data) => {
      said += data
    })
    const pid = await new Promise<number>((resolve, reject) => {
      createInterface(child.stdout!).once('line', (line) => resolve(Number(line)))
      child.once('error', reject).once('close', () => reject(new Error(said.trim() || 'unshare ended')))
    })
    // Of those that are for measuring and routed nowhere, four for each pid.
    const network = `198.${18 + ((pid >> 14) & 1)}.${(pid >> 6) & 255}`
    const [outer, inner] = [1, 2].map((last) => `${network}.${4 * (pid & 63) + last}`) as [string, string]
    const link = `ballast${pid}`
    const namespace = new NetworkNamespace(child, pid, link, outer)
    try {
      await ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'outside', 'netns', String(pid))
      await ip('addr', 'add', `${outer}/30`, 'dev', link)
      await ip('link', 'set', link, 'up')
      await namespace.#inside('addr', 'add', `${inner}/30`, 'dev', 'outside')
      for (const device of ['lo', 'outside']) await namespace.#inside('link', 'set', device, 'up')
      return namespace
    } catch (error) {
      await namespace[Symbol.asyncDispose]()
      throw error
    }
  }

  async serverFor(address: string): Promise<string> {
    return address
  }

  /** Takes this machine's end of the link down: the other end sees a cable without anybody behind it. */
  async cut(isCut: boolean): Promise<void> {
    await ip('link', 'set', this.#link, isCut ? 'down' : 'up')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#keeper.once('close', resolve))
    this.#keeper.stdin!.end()
    await ended
  }

  async #inside(...words: readonly string[]): Promise<void> {
    const [program = '', ...rest] = [...this.within, 'ip', ...words]
    await run(program, rest)
  }
}

const run = promisify(execFile)

async function ip(...words: readonly string[]): Promise<void> {
  await run('ip', words)
}
