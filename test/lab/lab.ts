import { existsSync } from 'node:fs'
import { chown, copyFile, mkdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { labUnavailable } from './available.ts'
import { domainOf, removeLab, removeLeftovers } from './cleanup.ts'
import { labUser, startPrivateDaemon, useSystemDaemon } from './daemon.ts'
import { findLabs, type LabRecord, makeDirectory, writeRecord } from './directory.ts'
import { domainXml, type GuestOptions } from './domain-xml.ts'
import { Guest } from './guest.ts'
import { guestImage } from './image.ts'
import { PrivateDaemon } from './private-daemon.ts'
import { identify, processesIn } from './processes.ts'
import { virsh } from './virsh.ts'
import { watchOver } from './watchdog.ts'

/** Every domain of a lab on `qemu:///system` has this before its name. */
const systemPrefix = 'ballast-lab-'

/** QEMUs that are started at once; more only wait for one another. */
const startsAtOnce = 4

export interface LabOptions {
  /** Use `qemu:///system`, as root, instead of a private host. Default false. */
  readonly system?: boolean
  /** Told what is being done, a line at a time. */
  readonly log?: (line: string) => void
}

/**
 * A host for tests: real libvirtd, real QEMU, real Linux guests whose loads are changed from outside. Ends
 * with {@link Lab.down} or with the process that made it, however that ends, unless it is kept.
 */
export class Lab implements AsyncDisposable {
  /** For any libvirt client. */
  readonly uri: string
  readonly directory: string
  readonly #record: LabRecord
  readonly #log: (line: string) => void
  #stopWatching: () => void

  private constructor(
    directory: string,
    record: LabRecord,
    stopWatching: () => void,
    log: (line: string) => void,
  ) {
    this.directory = directory
    this.uri = record.uri
    this.#record = record
    this.#stopWatching = stopWatching
    this.#log = log
  }

  /** Brings up a host without guests, after taking away what crashed runs left. Rejects with the reason where none can be. */
  static async up(options: LabOptions = {}): Promise<Lab> {
    const { system = false, log = () => {} } = options
    const reason = await labUnavailable({ system })
    if (reason !== undefined) throw new Error(`No lab here: ${reason}`)
    await removeLeftovers(log)
    if (system && (await findLabs()).some(({ record }) => record.system)) {
      throw new Error('Another lab is up on qemu:///system, and there is room for one')
    }
    const image = await guestImage(log)
    const user = await labUser()
    const keeper = await identify(process.pid)
    if (user === undefined || keeper === undefined) throw new Error('No user or no /proc to run a lab with')

    const starting = { system, uri: '', keeper, kept: false }
    const directory = await makeDirectory(starting)
    const stopWatching = watchOver(directory)
    try {
      await copyFile(image.kernel, `${directory}/vmlinuz`)
      await copyFile(image.initramfs, `${directory}/initramfs`)
      await mkdir(`${directory}/guests`, { mode: 0o711 })
      if (!system) await chown(`${directory}/guests`, user.uid, user.gid)
      log(system ? 'looking for libvirtd' : `starting a libvirtd of its own in ${directory}`)
      const uri = system ? await useSystemDaemon(directory) : await startPrivateDaemon(directory, user)
      const record = { ...starting, uri }
      await writeRecord(directory, record)
      return new Lab(directory, record, stopWatching, log)
    } catch (error) {
      stopWatching()
      await removeLab({ directory, record: starting, alive: true })
      throw error
    }
  }

  /** The lab that was kept, if there is one. */
  static async kept(options: LabOptions = {}): Promise<Lab | undefined> {
    const { system = false, log = () => {} } = options
    const found = (await findLabs()).find(
      ({ record, alive }) => alive && record.kept && record.system === system,
    )
    return found && new Lab(found.directory, found.record, () => {}, log)
  }

  /** A glob over the names of its domains, as libvirt knows them. */
  get domains(): string {
    return this.#domain('*')
  }

  /** The libvirtd of a private host. Throws on `qemu:///system`: that one is the machine's. */
  get daemon(): PrivateDaemon {
    if (this.#record.system) throw new Error('The libvirtd of qemu:///system is not ours to break')
    return new PrivateDaemon(this.directory)
  }

  /** Lets it live on when this process ends, until somebody calls `down` on it. */
  async keep(): Promise<void> {
    const daemon = (await processesIn(this.directory)).find(({ command }) => command[0]?.endsWith('libvirtd'))
    // A daemon that was there before us lives as long as the machine, for all we know.
    const keeper = await identify(daemon?.pid ?? 1)
    if (keeper === undefined) throw new Error('The libvirtd of the lab ended')
    await writeRecord(this.directory, { ...this.#record, keeper, kept: true })
    this.#stopWatching()
  }

  /** Starts a guest and waits until it answers. */
  async start(options: GuestOptions): Promise<Guest> {
    const [guest] = await this.startAll([options])
    return guest!
  }

  /**
   * Starts several guests side by side and waits until all of them answer. Their loads are equal: what a
   * millisecond of work is was measured once for the whole lab, since all guests run the same agent.
   */
  async startAll(list: readonly GuestOptions[]): Promise<Guest[]> {
    const waiting = [...list.entries()]
    const guests: Guest[] = []
    const starter = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift())
        guests[next[0]] = await this.#create(next[1])
    }
    this.#log(`starting ${list.map(({ name }) => name).join(', ')}`)
    await Promise.all(Array.from({ length: startsAtOnce }, starter))
    const booting = guests.filter((_, i) => list[i]!.kernel !== false)
    await Promise.all(booting.map((guest) => guest.ready()))
    for (const guest of booting) await guest.send(`rate ${await this.#rate(guest)}`)
    return guests
  }

  /** Starts a guest without waiting until it has booted. */
  launch(options: GuestOptions): Promise<Guest> {
    return this.#create(options)
  }

  /** The running guest with this name. */
  async guest(name: string): Promise<Guest> {
    const domain = this.#domain(name)
    const process = (await processesIn(this.directory)).find((process) => domainOf(process) === domain)
    if (process === undefined) throw new Error(`No guest ${name} runs in this lab`)
    return new Guest({ name, domain, pid: process.pid, uri: this.uri, serial: this.#serial(name) })
  }

  /** Names of its running guests. */
  async guests(): Promise<string[]> {
    const domains = (await processesIn(this.directory)).map(domainOf).filter((domain) => domain !== '')
    return domains.map((domain) => (this.#record.system ? domain.slice(systemPrefix.length) : domain)).sort()
  }

  /** Takes away guests, daemon and files. */
  async down(): Promise<void> {
    await removeLab({ directory: this.directory, record: this.#record, alive: true })
    this.#stopWatching()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.down()
  }

  async #create(options: GuestOptions): Promise<Guest> {
    const { name } = options
    if (!/^[\w.-]+$/.test(name)) throw new Error(`A guest cannot be called ${JSON.stringify(name)}`)
    const swap = `${this.directory}/guests/${name}.swap`
    const xml = `${this.directory}/guests/${name}.xml`
    if (options.swapMiB) {
      await writeFile(swap, '')
      await truncate(swap, options.swapMiB * 1024 * 1024)
      const user = await labUser()
      // The system daemon gives it to its QEMU itself.
      if (user && !this.#record.system) await chown(swap, user.uid, user.gid)
    }
    const files = {
      serial: this.#serial(name),
      kernel: `${this.directory}/vmlinuz`,
      initramfs: `${this.directory}/initramfs`,
      swap,
    }
    await writeFile(xml, domainXml(this.#domain(name), options, files))
    await virsh(this.uri, 'create', xml, ...(options.kernel === false ? ['--paused'] : []))
    return this.guest(name)
  }

  async #rate(guest: Guest): Promise<string> {
    const path = `${this.directory}/rate`
    if (!existsSync(path)) await writeFile(path, `${await guest.measureRate()}`)
    return readFile(path, 'utf8')
  }

  #domain(name: string): string {
    return this.#record.system ? `${systemPrefix}${name}` : name
  }

  #serial(name: string): string {
    return `${this.directory}/guests/${name}.serial`
  }
}
