// Libraries and headers of Debian for another machine, unpacked and not installed: those of this machine stay as they are.
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { architectures } from './targets.mjs'

const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ballast-sysroots')

/** What the addon is linked to, on either C library, and what that needs to run. */
const packages = ['libvirt-dev', 'libstdc++6', 'musl-dev']

/** The folder of an architecture's sysroot, of this machine's release of Debian; made if it is not there. */
export function sysrootOf(arch) {
  const release = /^VERSION_CODENAME=(.*)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown'
  const { debian } = architectures[arch]
  const sysroot = join(cache, `${release}-${debian}`)
  if (existsSync(sysroot)) return sysroot
  console.error(`Unpacking ${packages.join(', ')} of ${debian} into ${sysroot}`)
  mkdirSync(cache, { recursive: true })
  const into = mkdtempSync(`${sysroot}.`)
  try {
    download(debian, join(into, 'apt'))
    const archives = join(into, 'apt/archives')
    for (const file of readdirSync(archives).filter((name) => name.endsWith('.deb')))
      execFileSync('dpkg-deb', ['-x', join(archives, file), join(into, 'root')], { stdio: ['ignore', 2, 2] })
    // Another that came first is as good.
    if (!existsSync(sysroot)) renameSync(join(into, 'root'), sysroot)
  } finally {
    rmSync(into, { recursive: true, force: true })
  }
  return sysroot
}

/** The packages with all that they depend on, from the sources of this machine's apt, which learns nothing of it. */
function download(architecture, state) {
  for (const folder of ['lists/partial', 'archives/partial'])
    mkdirSync(join(state, folder), { recursive: true })
  const status = join(state, 'status')
  writeFileSync(status, '') // nothing is installed there
  const settings = {
    'APT::Architecture': architecture,
    'APT::Architectures': architecture,
    'APT::Sandbox::User': 'root', // its own user may not write here
    'Acquire::Languages': 'none',
    'Dir::State': state,
    'Dir::State::status': status,
    'Dir::Cache': state,
  }
  const options = ['-qq', ...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])]
  const apt = (...args) => execFileSync('apt-get', [...options, ...args], { stdio: ['ignore', 2, 2] })
  try {
    apt('update')
    apt('--yes', '--no-install-recommends', '--download-only', 'install', ...packages)
  } catch (error) {
    if (error.code === 'ENOENT') throw new Error('Foreign libraries come by apt-get, which is not here')
    throw error
  }
}
