import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { labUnavailable } from '../available.ts'
import { domainOf, removeLab, removeLeftovers } from '../cleanup.ts'
import { labUser, startPrivateDaemon } from '../daemon.ts'
import { makeDirectory, writeRecord } from '../directory.ts'
import { domainXml, type GuestOptions } from '../domain-xml.ts'
import { Guest } from '../guest.ts'
import { guestImage } from '../image.ts'
import { PrivateDaemon } from '../private-daemon.ts'
import { identify, processesIn, until } from '../processes.ts'
import { virsh } from '../virsh.ts'
import { watchOver } from '../watchdog.ts'
import { GuestConsole } from './console.ts'

/** One host of a fleet's lab: a libvirtd of its own, with a UUID of its own. */
export interface LabHost {
  readonly name: string
  readonly uuid: string
  /** For any libvirt client, and for the daemons of the other hosts. */
  readonly uri: string
  readonly directory: string
  readonly daemon: PrivateDaemon
}

/**
 * Several hosts on one machine, between which guests migrate for real: private libvirtds side by side. They share the
 * machine's pCPUs. Who wants hosts that are told apart gives each its own pCPUs: those of the others are none of
 * its own (`host-cpus`). Ends with {@link FleetLab.down}, or with the process that made it.
 */
export class FleetLab implements AsyncDisposable {
  readonly directory: string
  readonly hosts: readonly LabHost[]
  readonly #stopWatching: () => void
  readonly #log: (line: string) => void
  readonly #consoles = new Map<string, GuestConsole>()
  #rate: number | undefined

  private constructor(
    directory: string,
    hosts: readonly LabHost[],
    stopWatching: () => void,
    log: (line: string) => void,
  ) {
    this.directory = directory
    this.hosts = hosts
    this.#stopWatching = stopWatching
    this.#log = log
  }

  /** Brings up hosts with these names and without guests. */
  static async up(names: readonly string[], log: (line: string) => void = () => {}): Promise<FleetLab> {
    const reason = await labUnavailable({ system: false })
    if (reason !== undefined) throw new Error(`No lab here: ${reason}`)
    await removeLeftovers(log)
    const image = await guestImage(log)
    const user = await labUser()
    const keeper = await identify(process.pid)
    if (user === undefined || keeper === undefined) throw new Error('No user or no /proc to run a lab with')
    const record = { system: false, uri: '', keeper, kept: false }
    const directory = await makeDirectory(record)
    const stopWatching = watchOver(directory)
    try {
      // The same paths on all hosts, as on shared storage.
      await copyFile(image.kernel, `${directory}/vmlinuz`)
      await copyFile(image.initramfs, `${directory}/initramfs`)
      await mkdir(`${directory}/guests`, { mode: 0o711 })
      const hosts: LabHost[] = []
      for (const name of names) {
        const own = `${directory}/${name}`
        await mkdir(own, { mode: 0o711 })
        log(`starting the libvirtd of host ${name}`)
        const uri = await startPrivateDaemon(own, user)
        hosts.push({ name, uri, directory: own, uuid: await uuidOf(own), daemon: new PrivateDaemon(own) })
      }
      await writeRecord(directory, { ...record, uri: hosts[0]!.uri })
      return new FleetLab(directory, hosts, stopWatching, log)
    } catch (error) {
      stopWatching()
      await removeLab({ directory, record, alive: true })
      throw error
    }
  }

  host(name: string): LabHost {
    const host = this.hosts.find((one) => one.name === name)
    if (!host) throw new Error(`No host ${name} in this lab`)
    return host
  }

  /** Starts guests on a host and waits until all of them answer; their loads are equal. */
  async startAll(host: LabHost, list: readonly GuestOptions[]): Promise<Guest[]> {
    this.#log(`starting ${list.map(({ name }) => name).join(', ')} on ${host.name}`)
    await Promise.all(list.map((options) => this.#create(host, options)))
    const guests = await Promise.all(list.map(({ name }) => this.guest(name)))
    await Promise.all(guests.map(hasBooted))
    this.#rate ??= await guests[0]!.measureRate()
    for (const guest of guests) await guest.send(`rate ${this.#rate}`)
    return guests
  }

  /** A guest, on the host where it runs now. Its pid is that host's: ask again after it has moved. */
  async guest(name: string): Promise<Guest> {
    const host = await this.whereIs(name)
    if (!host) throw new Error(`${name} runs on no host`)
    const own = (await processesIn(host.directory)).find((process) => domainOf(process) === name)
    if (!own) throw new Error(`${name} has no QEMU on ${host.name}`)
    return new Guest({ name, domain: name, pid: own.pid, uri: host.uri, serial: this.#serial(name) })
  }

  /** The host that a guest runs on; undefined: none. Throws when it runs on two. */
  async whereIs(name: string): Promise<LabHost | undefined> {
    const running = await Promise.all(
      this.hosts.map(async (host) => ((await runningOn(host)).includes(name) ? [host] : [])),
    )
    const [host, other] = running.flat()
    if (host && other) throw new Error(`${name} runs on ${host.name} and on ${other.name}`)
    return host
  }

  async uuidOfGuest(name: string): Promise<string> {
    const host = await this.whereIs(name)
    if (!host) throw new Error(`${name} runs on no host`)
    return virsh(host.uri, 'domuuid', name)
  }

  /** Takes away guests, daemons and files. */
  async down(): Promise<void> {
    for (const console of this.#consoles.values()) await console[Symbol.asyncDispose]()
    const keeper = (await identify(process.pid))!
    const record = { system: false, uri: '', keeper, kept: false }
    await removeLab({ directory: this.directory, record, alive: true })
    this.#stopWatching()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.down()
  }

  async #create(host: LabHost, options: GuestOptions): Promise<void> {
    const { name } = options
    const port = `${this.directory}/guests/${name}.port`
    this.#consoles.set(name, await GuestConsole.open(port, this.#serial(name)))
    const files = {
      serial: port,
      connects: true,
      kernel: `${this.directory}/vmlinuz`,
      initramfs: `${this.directory}/initramfs`,
      swap: '',
    }
    const xml = `${this.directory}/guests/${name}.xml`
    await writeFile(xml, domainXml(name, options, files))
    await virsh(host.uri, 'create', xml)
  }

  #serial(name: string): string {
    return `${this.directory}/guests/${name}.serial`
  }
}

/**
 * Waits until a guest answers. What it was asked stays in the console until it reads it, so it is not asked again before it
 * could have answered on a busy machine.
 */
async function hasBooted(guest: Guest): Promise<void> {
  await until(`${guest.name} has booted`, 300_000, () => guest.send('stat', 10_000).catch(() => undefined))
}

/** Names of the guests that run on a host: not those that are on their way to it. None while its daemon is away. */
export async function runningOn({ uri }: LabHost): Promise<string[]> {
  const names = await virsh(uri, 'list', '--name', '--state-running').catch(() => '')
  return names.split('\n').filter((name) => name !== '')
}

async function uuidOf(directory: string): Promise<string> {
  const text = await readFile(`${directory}/home/.config/libvirt/libvirtd.conf`, 'utf8')
  return /host_uuid = "([^"]+)"/.exec(text)![1]!
}

/** Waits until a guest runs on one of these hosts alone. */
export async function arrived(lab: FleetLab, name: string, host: LabHost, limit = 120_000): Promise<void> {
  await until(`${name} runs on ${host.name}`, limit, async () => (await lab.whereIs(name)) === host)
}
