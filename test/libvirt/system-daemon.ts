import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { endProcess, identify, until } from '../lab/processes.ts'

/** A libvirtd of root's, in mount and network namespaces of its own: nothing of it meets the machine's own. */
export interface SystemDaemon {
  // In its mount namespace alone, where its sockets are where clients look for them.
  /** Libvirt's test driver, by way of its read-write socket: the driver has no usual one, but a session's. */
  readonly uri: string
  /** The same by way of its read-only socket, whatever the client asks for. */
  readonly readOnlyUri: string
  /** QEMU's driver, without a guest; which socket is used is up to the client. */
  readonly emptyUri: string
  /** What puts a command, as words before it, into that namespace. */
  readonly within: readonly string[]
  remove(): Promise<void>
}

/** Whether there can be one: only root's daemon has a read-only socket. */
export const hasSystemDaemon =
  process.getuid?.() === 0 &&
  spawnSync('libvirtd', ['--version']).status === 0 &&
  spawnSync('unshare', ['--mount', '--net', 'true']).status === 0

/** As on a distribution without polkit: who may read is anyone, who may write is root and its group. */
const configuration = `
auth_unix_ro = "none"
auth_unix_rw = "none"
unix_sock_ro_perms = "0777"
unix_sock_rw_perms = "0770"
`

/** What libvirtd would share with the machine's own. */
const covered = ['/run', '/etc/libvirt', '/var/lib/libvirt', '/var/cache/libvirt', '/var/log/libvirt']

export async function startSystemDaemon(): Promise<SystemDaemon> {
  const directory = mkdtempSync('/var/tmp/ballast-rights-')
  const [config, log] = [`${directory}/libvirtd.conf`, `${directory}/libvirtd.log`]
  writeFileSync(config, configuration)
  const output = openSync(log, 'a')
  const mounts = covered.map((path) => `if [ -d ${path} ]; then mount -t tmpfs tmpfs ${path}; fi`)
  // It ends with us, whatever becomes of us.
  const script = `set -e; ${mounts.join('; ')}; exec setpriv --pdeathsig TERM libvirtd --config ${config} --pid-file /run/libvirtd.pid`
  const daemon = spawn('unshare', ['--mount', '--net', 'sh', '-c', script], {
    cwd: '/',
    stdio: ['ignore', output, output],
    env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin`, LC_ALL: 'C' },
  })
  await once(daemon, 'spawn')
  const pid = daemon.pid!
  const within = ['nsenter', `--mount=/proc/${pid}/ns/mnt`]
  const uri = 'test+unix:///default?socket=/run/libvirt/libvirt-sock'
  const remove = async () => {
    await endProcess(pid)
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    await until('libvirtd answers', 60_000, async () => {
      if ((await identify(pid)) === undefined) throw new Error(`libvirtd ended: ${readFileSync(log, 'utf8')}`)
      const [command, ...args] = [...within, 'virsh', '-c', uri, 'uri']
      return spawnSync(command!, args).status === 0 ? true : undefined
    })
  } catch (error) {
    await remove()
    throw error
  }
  return { uri, readOnlyUri: `${uri}-ro`, emptyUri: 'qemu:///system', within, remove }
}
