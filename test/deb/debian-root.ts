import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'

const release = 'trixie'
/** What the package depends on, so that nothing has to be downloaded when it is installed. */
const packages = ['ca-certificates', 'libvirt0', 'nodejs', 'procps', 'systemd']
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ballast-debian')

/** How a command in the root ended. */
export interface Ending {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * A fresh root of Debian, without a systemd that runs and without the machine's devices. Commands in it have a mount
 * and a process namespace of their own, so that nothing of them is left when they end.
 */
export class DebianRoot implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'ballast-root-'))

  constructor() {
    execFileSync('tar', ['-xf', archive(), '-C', this.path])
  }

  /** Runs a command line of sh. */
  run(line: string): Ending {
    const namespace = [
      '--mount',
      '--pid',
      '--fork',
      '--kill-child',
      `--mount-proc=${join(this.path, 'proc')}`,
    ]
    const { status, stdout, stderr } = spawnSync(
      'unshare',
      [
        ...namespace,
        'chroot',
        this.path,
        '/usr/bin/env',
        '-i',
        'PATH=/usr/sbin:/usr/bin:/sbin:/bin',
        'DEBIAN_FRONTEND=noninteractive',
        'sh',
        '-c',
        line,
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
    )
    return { code: status, stdout, stderr }
  }

  /** The same for one that must succeed; gives what it printed. */
  output(line: string): string {
    const { code, stdout, stderr } = this.run(line)
    if (code !== 0) throw new Error(`${line} ended with ${code}:\n${stdout}\n${stderr}`)
    return stdout
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** Made once by debootstrap from the machine's mirror, which takes minutes, and kept in a cache. */
function archive(): string {
  const path = join(cache, `${release}-${packages.join('+')}.tar`)
  if (existsSync(path)) return path
  mkdirSync(cache, { recursive: true })
  const made = mkdtempSync(join(cache, `${release}.`))
  try {
    execFileSync(
      'debootstrap',
      ['--variant=minbase', `--include=${packages.join(',')}`, release, join(made, 'root'), mirror()],
      { stdio: ['ignore', 2, 2] },
    )
    rmSync(join(made, 'root/var/cache/apt/archives'), { recursive: true, force: true })
    execFileSync('tar', ['-cf', join(made, 'tar'), '-C', join(made, 'root'), '.'])
    renameSync(join(made, 'tar'), path)
  } finally {
    rmSync(made, { recursive: true, force: true })
  }
  return path
}

/** The first address of Debian's packages that apt has. */
function mirror(): string {
  const files = ['/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list'].filter(existsSync)
  const addresses = files.flatMap(
    (file) => readFileSync(file, 'utf8').match(/https?:\/\/\S+\/debian\/?(?=\s)/g) ?? [],
  )
  return addresses.find((address) => !address.includes('snapshot')) ?? 'http://deb.debian.org/debian'
}
