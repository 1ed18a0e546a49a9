import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chown, mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { identify, until } from './processes.ts'
import { virsh } from './virsh.ts'

/** Whom a private host runs as. */
export interface User {
  readonly uid: number
  readonly gid: number
}

const systemUri = 'qemu:///system'

/** For qemu.conf: otherwise guests need a virtlogd, which would have to be started and ended too. */
const noLogDaemon = 'stdio_handler = "file"\n'

/** Root's own libvirtd is always the system one, so root runs the private host as `nobody`; others as themselves. */
export async function labUser(): Promise<User | undefined> {
  const uid = process.getuid?.() ?? 0
  const gid = process.getgid?.() ?? 0
  if (uid !== 0) return { uid, gid }
  const nobody = /^nobody:[^:]*:(\d+):(\d+):/m.exec(await readFile('/etc/passwd', 'utf8'))
  return nobody ? { uid: Number(nobody[1]), gid: Number(nobody[2]) } : undefined
}

/**
 * Starts a libvirtd of the lab's own, with home, runtime directory, log and socket in `directory`; gives its URI. Where
 * one ran there before, it takes over that one's guests. Each directory is a host of its own, with a UUID: libvirt
 * migrates nothing to a host with the same.
 */
export async function startPrivateDaemon(directory: string, user: User): Promise<string> {
  const home = `${directory}/home`
  const runtime = `${directory}/run`
  for (const path of [home, `${home}/.config`, `${home}/.config/libvirt`, runtime]) {
    await mkdir(path, { mode: 0o700, recursive: true })
    await chown(path, user.uid, user.gid)
  }
  // Otherwise libvirtd starts a virtlogd beside itself, which would have to be ended too.
  await writeFile(`${home}/.config/libvirt/qemu.conf`, 'stdio_handler = "file"\n')
  const uuid = `${home}/.config/libvirt/libvirtd.conf`
  if (!existsSync(uuid)) await writeFile(uuid, `host_uuid = "${randomUUID()}"\n`)
  const socket = `${runtime}/libvirt/libvirt-sock`
  const pid = await launch(['libvirtd'], directory, { HOME: home, XDG_RUNTIME_DIR: runtime }, user)
  return answering('libvirtd', directory, `qemu+unix:///session?socket=${socket}`, pid)
}

/**
 * Gives the URI of the machine's own libvirtd; it is started here where none runs. Only one that was started here has a file of
 * `directory` on its command line, by which it is found and ended again.
 *
 * Where /dev/kvm is there for root and not for the user that QEMU runs as, libvirt probes QEMU anew for
 * every guest, in seconds each time; so our daemon does not see it. For that it has a mount namespace, in
 * which libvirt's own namespaces for guests fail: they are switched off there.
 */
export async function useSystemDaemon(directory: string): Promise<string> {
  if (await accepts('/run/libvirt/libvirt-sock')) {
    await virsh(systemUri, 'uri')
    return systemUri
  }
  const [noKvm, configuration] = [`${directory}/no-kvm`, `${directory}/qemu.conf`]
  await writeFile(noKvm, '', { mode: 0 })
  await writeFile(configuration, `${noLogDaemon}namespaces = []\n`)
  const mounts = [`mount --bind ${configuration} /etc/libvirt/qemu.conf`]
  if (existsSync('/dev/kvm')) mounts.push(`mount --bind ${noKvm} /dev/kvm`)
  const apart = ['unshare', '--mount', 'sh', '-c', `${mounts.join(' && ')} && exec "$@"`, 'sh']
  const pid = await launch([...apart, 'libvirtd'], directory, {})
  return answering('libvirtd', directory, systemUri, pid)
}

/** Starts a daemon that outlives us, its last word the program, with its output in `directory`; gives its pid. */
async function launch(
  command: readonly string[],
  directory: string,
  env: Record<string, string>,
  user?: User,
): Promise<number> {
  const program = command.at(-1)!
  const pidFile = `${user ? `${directory}/run` : directory}/${program}.pid`
  const log = await open(`${directory}/${program}.log`, 'a')
  try {
    const daemon = spawn(command[0]!, [...command.slice(1), '--pid-file', pidFile], {
      ...user,
      cwd: '/',
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin`, LC_ALL: 'C', ...env },
    })
    await once(daemon, 'spawn')
    daemon.unref()
    return daemon.pid!
  } finally {
    await log.close()
  }
}

async function answering(program: string, directory: string, uri: string, pid: number): Promise<string> {
  await until(`${program} answers at ${uri}`, 60_000, async () => {
    if ((await identify(pid)) === undefined) {
      const log = await readFile(`${directory}/${program}.log`, 'utf8')
      throw new Error(`${program} ended. Its last words: ${log.trimEnd().split('\n').slice(-5).join('\n')}`)
    }
    return virsh(uri, 'uri').catch(() => undefined)
  })
  return uri
}

/** Whether somebody listens on a socket. */
function accepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
