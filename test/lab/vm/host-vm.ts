import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm } from 'node:fs/promises'
import { freePort } from '../../support/free-port.ts'
import { endProcess, until } from '../processes.ts'
import { qemuCommand, type Start } from './command-line.ts'
import { makeRunDirectory, removeRunLeftovers } from './directory.ts'
import { type HostImage, hostImage } from './image.ts'
import { Qmp } from './qmp.ts'
import { type Answer, type RunOptions, Ssh } from './ssh.ts'

/** The VM itself broke: QEMU or its kernel ended, or the host answers no more. What ran in it is not to blame. */
export class VmDied extends Error {}

/** Milliseconds until a host answers: a first boot takes a minute on two idle cores, a saved state ten seconds. */
const bootLimit = 1_200_000

/** Milliseconds for a command, in which a few Node programs can start even on a busy machine. */
const commandLimit = 900_000

const guests = new URL('recipe/guests.sh', import.meta.url)

/** A whole host in a VM: Debian with systemd, libvirt and QEMU, booted anew, and gone when it is disposed of. */
export class HostVm implements AsyncDisposable {
  readonly #qemu: ChildProcess
  readonly #qmp: Qmp
  readonly #ssh: Ssh
  readonly #directory: string
  #stderr = ''

  private constructor(image: HostImage, directory: string, start: Start) {
    this.#directory = directory
    this.#ssh = new Ssh({ key: image.key, port: start.port, directory })
    const [program, ...args] = ['nice', '-n', '10', ...qemuCommand(image, start)]
    this.#qemu = spawn(program!, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR: directory },
    })
    this.#qemu.stderr!.on('data', (data) => {
      this.#stderr += data
    })
    this.#qmp = new Qmp(this.#qemu.stdout!, this.#qemu.stdin!)
  }

  /** A host as it was after its first boot. Throws {@link VmDied} when it does not come up. */
  static async boot(log: (line: string) => void): Promise<HostVm> {
    const image = await hostImage(log, saveState)
    await removeRunLeftovers()
    log('starting the host')
    const vm = await HostVm.#start(image, 'load')
    try {
      await vm.#alive(
        until('the saved state is loaded', bootLimit, async () => (await vm.#status()) === 'paused'),
      )
      await vm.#qmp.execute('cont')
      await vm.#answering()
      await vm.run(`date --set=@${Math.floor(Date.now() / 1_000)}`)
      return vm
    } catch (error) {
      await vm[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Runs a command in a shell of root's, and gives what it came to. Throws {@link VmDied} when the host is gone. */
  async exec(command: string, options: RunOptions = {}): Promise<Answer> {
    const answer = await this.#alive(this.#ssh.run(command, { limit: commandLimit, ...options }))
    if (answer.code === undefined) await this.#died(`no end of: ${command}`)
    // What ssh ends with when it has no connection (any more), or when the command's shell was killed.
    if (answer.code === 255 && (await this.#alive(this.#ssh.run('true'))).code !== 0)
      await this.#died(answer.stderr.trim())
    return answer
  }

  /** The output of a command that has to succeed. */
  async run(command: string, options: RunOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.exec(command, options)
    if (code !== 0) throw new Error(`In the VM, exit code ${code} of: ${command}\n${stdout}${stderr}`.trim())
    return stdout.trim()
  }

  /** Copies a folder of this machine to the host. */
  async send(folder: string, to: string): Promise<void> {
    await this.run(`mkdir -p ${to} && tar -C ${to} -xf -`, { folder })
  }

  /** Waits until a command succeeds; gives its output. */
  eventually(what: string, command: string, limit = commandLimit): Promise<string> {
    const succeeds = async () => {
      const { code, stdout } = await this.exec(command)
      return code === 0 && { stdout }
    }
    return until(what, limit, succeeds, 500).then(({ stdout }) => stdout.trim())
  }

  /** A shell for a person; gives its exit code. */
  shell(): Promise<number> {
    return this.#ssh.shell()
  }

  /** Ends the VM, and with it all that it wrote. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ssh.close()
    if (this.#qemu.pid !== undefined) await endProcess(this.#qemu.pid)
    await rm(this.#directory, { recursive: true, force: true })
  }

  static async #start(image: HostImage, as: Start['as']): Promise<HostVm> {
    const directory = await makeRunDirectory()
    return new HostVm(image, directory, { as, port: await freePort(), console: `${directory}/console` })
  }

  /** Boots a new image and saves it, idle, with guests that are suspended. */
  static async save(image: HostImage): Promise<void> {
    await using vm = await HostVm.#start(image, 'save')
    await vm.#answering()
    const state = await vm.exec('systemctl is-system-running --wait', { limit: bootLimit })
    if (state.stdout.trim() !== 'running')
      throw new Error(`The host is ${state.stdout.trim()}: ${await vm.run('systemctl --failed --plain')}`)
    await vm.run(await readFile(guests, 'utf8'), { limit: bootLimit })
    await vm.#qmp.execute('stop')
    await vm.#qmp.execute('migrate', { uri: `file:${image.state}` })
    await vm.#alive(
      until('the state is saved', bootLimit, async () => {
        const { status, 'error-desc': error } = (await vm.#qmp.execute('query-migrate')) as Migration
        if (status === 'failed') throw new Error(`QEMU cannot save its state: ${error}`)
        return status === 'completed'
      }),
    )
    const ended = once(vm.#qemu, 'exit')
    await vm.#qmp.execute('quit')
    await ended
  }

  async #status(): Promise<string> {
    return ((await this.#qmp.execute('query-status')) as { readonly status: string }).status
  }

  async #answering(): Promise<void> {
    const answers = async () => (await this.#ssh.run('true', { limit: 60_000 })).code === 0
    await this.#alive(until('the host answers', bootLimit, answers, 500))
  }

  /** The result of `work`, unless QEMU ends before. */
  async #alive<T>(work: Promise<T>): Promise<T> {
    const over = new AbortController()
    const ended =
      this.#qemu.exitCode !== null
        ? Promise.resolve()
        : once(this.#qemu, 'exit', { signal: over.signal }).catch(() => new Promise<never>(() => {}))
    try {
      return await Promise.race([work, ended.then(() => this.#died('QEMU ended'))])
    } finally {
      work.catch(() => {})
      over.abort()
    }
  }

  async #died(why: string): Promise<never> {
    const console = await readFile(`${this.#directory}/console`, 'utf8').catch(() => '')
    const { exitCode, signalCode } = this.#qemu
    const end = exitCode === null && signalCode === null ? 'QEMU runs' : `QEMU: ${exitCode ?? signalCode}`
    const last = [end, ...lastWords(console), this.#stderr.trim()].filter(Boolean).join('\n')
    throw new VmDied(`The VM died: ${why}\n${last}`)
  }
}

/** What a kernel said of its end, or its last lines. */
function lastWords(console: string): string[] {
  const lines = console.trim().split('\n')
  const trouble = lines.findIndex((line) => /BUG:|Oops|general protection|Kernel panic|Call Trace/.test(line))
  return trouble < 0 ? lines.slice(-5) : lines.slice(trouble, trouble + 80)
}

const saveState = (image: HostImage) => HostVm.save(image)

interface Migration {
  readonly status?: string
  readonly 'error-desc'?: string
}
