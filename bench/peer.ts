import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const source = (name: string) => fileURLToPath(new URL(`raw/${name}`, import.meta.url))

/** Groups of bulk statistics: VCPU alone, or STATE, VCPU and BALLOON. */
export type Groups = 'vcpu' | 'full'

/** Another client of the same host, in a process of its own: it makes a pass whenever it is told to. */
export class Peer implements AsyncDisposable {
  readonly #name: string
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #answers: AsyncIterator<string>
  /** How it ended, with the last line of what it said of it. */
  readonly #ended: Promise<string>

  private constructor(name: string, command: string, args: readonly string[]) {
    this.#name = name
    // Ctrl-C is not for it: it ends when its input does.
    this.#process = spawn(command, args, { stdio: 'pipe', detached: true })
    let lastLine = ''
    createInterface({ input: this.#process.stderr }).on('line', (line) => {
      lastLine = line
    })
    this.#ended = new Promise((resolve) => {
      this.#process.once('error', (error) => resolve(error.message))
      this.#process.once('close', (code, signal) => resolve(`exit code ${code ?? signal}: ${lastLine}`))
    })
    // That it reads no more shows in its answers, which end then.
    this.#process.stdin.on('error', () => undefined)
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]()
  }

  /** The C program, which was compiled by {@link compileRawC}. */
  static rawC(program: string, uri: string): Peer {
    return new Peer('the C program', program, [uri])
  }

  /** libvirt-python; the distribution's interpreter, since the binding is a package of the distribution. */
  static python(uri: string): Peer {
    return new Peer('libvirt-python', '/usr/bin/python3', [source('raw.py'), uri])
  }

  /** Milliseconds that one pass took, by the peer's own clock. Rejects unless it saw so many `domains`. */
  async pass(groups: Groups, domains: number): Promise<number> {
    this.#process.stdin.write(`${groups}\n`)
    const { value, done } = await this.#answers.next()
    if (done) throw new Error(`${this.#name} ended: ${await this.#ended}`)
    const [nanoseconds, seen] = value.split(' ').map(Number)
    if (seen !== domains) throw new Error(`${this.#name} saw ${seen} domains instead of ${domains}`)
    return nanoseconds! / 1e6
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.stdin.end()
    await this.#ended
  }
}

/** Compiles raw/raw.c; the program goes away with what is returned. */
export async function compileRawC(): Promise<{ readonly program: string } & AsyncDisposable> {
  const directory = await mkdtemp(`${tmpdir()}/ballast-bench-`)
  const remove = () => rm(directory, { recursive: true, force: true })
  try {
    const { stdout } = await run('pkg-config', ['--cflags', '--libs', 'libvirt'])
    const program = `${directory}/raw`
    const warnings = ['-Wall', '-Wextra', '-Werror']
    await run('gcc', ['-O2', ...warnings, '-o', program, source('raw.c'), ...stdout.trim().split(/\s+/)])
    return { program, [Symbol.asyncDispose]: remove }
  } catch (error) {
    await remove()
    throw error
  }
}
