import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { labUser, startPrivateDaemon } from '../lab/daemon.ts'
import { endProcess, identify, processesIn, signal } from '../lab/processes.ts'
import { virsh } from '../lab/virsh.ts'
import { domainXml } from './node-xml.ts'

/** Whether a libvirtd of our own can be started here; `npm test` installs it where it can. */
export const hasDaemon = spawnSync('libvirtd', ['--version']).status === 0 && (await labUser()) !== undefined

if (!hasDaemon && process.env.CI === 'true') {
  throw new Error('libvirtd cannot be run here: it is needed for the tests over a daemon')
}

const parent = '/var/tmp'

/** Ends the daemons, frozen ones too, of test processes that were killed before they could. */
async function removeLeftovers(): Promise<void> {
  for (const name of readdirSync(parent)) {
    const maker = /^ballast-test-(\d+)-/.exec(name)?.[1]
    const directory = `${parent}/${name}`
    if (maker === undefined || (await identify(Number(maker))) !== undefined) continue
    for (const { pid } of await processesIn(directory)) signal(pid, 'SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  }
}

/**
 * A libvirtd of the test's own that serves libvirt's test driver: hosts without guests, but with a socket, a
 * daemon that can die or freeze, events, and a state that other clients share.
 */
export interface TestDaemon {
  /** `test:///default` behind the daemon: one pCPU map of 16, one domain named `test` with two vCPUs. */
  readonly uri: string
  readonly pid: number
  /** Runs virsh on {@link uri}. */
  virsh(...args: string[]): Promise<string>
  /** Starts one more domain. */
  create(name: string, vcpus: number): Promise<void>
  /** Lets it take no step until `thaw`. */
  freeze(): void
  thaw(): void
  /** Kills it; a daemon that is started again has forgotten everything. */
  kill(): Promise<void>
  start(): Promise<void>
  /** Ends it and removes what it left. */
  remove(): Promise<void>
}

export async function startTestDaemon(): Promise<TestDaemon> {
  await removeLeftovers()
  const user = await labUser()
  if (!user) throw new Error('There is no user that the daemon could run as')
  let directory = ''
  const end = async (how: (pid: number) => unknown) => {
    signal(daemon.pid, 'SIGCONT')
    how(daemon.pid)
    await endProcess(daemon.pid)
    rmSync(directory, { recursive: true, force: true })
  }
  const daemon = {
    uri: '',
    pid: 0,
    virsh: (...args: string[]) => virsh(daemon.uri, ...args),
    async create(name: string, vcpus: number) {
      const file = `${directory}/${name}.xml`
      writeFileSync(file, domainXml({ name, vcpus }))
      await daemon.virsh('create', file)
    },
    freeze: () => signal(daemon.pid, 'SIGSTOP'),
    thaw: () => signal(daemon.pid, 'SIGCONT'),
    kill: () => end((target) => signal(target, 'SIGKILL')),
    remove: () => end(() => {}),
    async start() {
      // Short, since socket paths end at 107 characters; open for the user that it runs as.
      directory = mkdtempSync(`${parent}/ballast-test-${process.pid}-`)
      chmodSync(directory, 0o711)
      const uri = await startPrivateDaemon(directory, user)
      daemon.uri = uri.replace(/^qemu/, 'test').replace('///session', '///default')
      daemon.pid = (await processesIn(directory))[0]!.pid
    },
  }
  await daemon.start()
  return daemon
}
