import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { labPackages } from '../../../scripts/setup.mjs'
import { bootstrapDebian, bootstrapOptions, debianMirror, mmdebstrap } from '../bootstrap.ts'
import { gently } from '../gently.ts'
import { runInWorld } from './enter.ts'
import { type World, type WorldName, worlds } from './worlds.ts'

const cache = `${process.env.XDG_CACHE_HOME ?? `${homedir()}/.cache`}/ballast-lab`
const prefix = 'world-'

/** Beside what the lab needs: for this project's programs and for taking kernels apart. */
const packages = [
  ...labPackages,
  'apt',
  'ca-certificates',
  'libatomic1',
  'libstdc++6',
  'procps',
  'util-linux',
  'zstd',
]

/** A root that was made, with the versions of what matters in it. */
export interface WorldRoot {
  readonly name: string
  readonly path: string
  readonly versions: string
}

/** The root of a world, made at first use, and anew when its recipe or its packages change: some minutes. Needs root. */
export async function worldRoot(name: WorldName, log: (line: string) => void): Promise<string> {
  if (process.getuid?.() !== 0) throw new Error('No other world here: its root is made and entered by root')
  const path = `${cache}/${prefix}${name}-${fingerprint(name, worlds[name])}`
  if (existsSync(path) && !(await hasNewer(path, log))) return path
  await mkdir(cache, { recursive: true })
  const into = await mkdtemp(`${path}.`)
  try {
    log(`making the root of ${name} (some minutes)`)
    await make(worlds[name], into)
    await removeWorlds(name)
    await rename(`${into}/root`, path)
  } finally {
    await rm(into, { recursive: true, force: true })
  }
  return path
}

/** The roots that are there. */
export async function worldRoots(): Promise<WorldRoot[]> {
  const names = await readdir(cache).catch(() => [])
  return names
    .filter((name) => name.startsWith(prefix) && !name.includes('.'))
    .map((name) => {
      const path = `${cache}/${name}`
      return { name: name.slice(prefix.length, name.lastIndexOf('-')), path, versions: versionsIn(path) }
    })
}

/** Removes the roots of this world, or of all. What is being made just now stays. */
export async function removeWorlds(name?: WorldName): Promise<void> {
  for (const root of await worldRoots()) {
    if (name === undefined || root.name === name) await rm(root.path, { recursive: true, force: true })
  }
}

/** Whether the archive has other packages than the root: asked once a day, and taken for no where it cannot be asked. */
async function hasNewer(root: string, log: (line: string) => void): Promise<boolean> {
  const asked = `${root}/asked`
  if (Date.now() - statSync(existsSync(asked) ? asked : `${root}/versions`).mtimeMs < 86_400_000) return false
  try {
    await runInWorld(root, ['apt-get', '-qq', 'update'])
    const upgrade = await runInWorld(root, ['apt-get', '-s', '-o', 'Debug::NoLocking=1', 'dist-upgrade'])
    await writeFile(asked, '')
    const newer = upgrade.match(/^Inst \S+/gm) ?? []
    if (newer.length > 0) log(`the archive has ${newer.length} newer packages for it`)
    return newer.length > 0
  } catch (error) {
    log(`the archive cannot be asked for newer packages: ${error instanceof Error ? error.message : error}`)
    return false
  }
}

async function make({ suite, newer, also = [] }: World, into: string): Promise<void> {
  const mirror = await debianMirror()
  const programs = await mmdebstrap(`${into}/mmdebstrap`)
  const preferences = `${into}/preferences`
  await writeFile(
    preferences,
    newer
      ? `Package: ${newer.sources.map((name) => `src:${name}`).join(' ')}\nPin: release n=${newer.suite}\nPin-Priority: 600\n`
      : '',
  )
  await bootstrapDebian(programs, [
    ...bootstrapOptions,
    // A mirror that lags has a list of testing that is out of date by its own word.
    '--aptopt=Acquire::Check-Valid-Until "false"',
    // Rules and configurations that they ship as examples.
    ...also.map((name) => `--dpkgopt=path-include=/usr/share/doc/${name}*`),
    // Devices are mounted when the root is entered.
    '--skip=output/mknod',
    `--include=${[...packages, ...also].join(',')}`,
    `--setup-hook=install -D -m 644 '${preferences}' "$1/etc/apt/preferences.d/lab"`,
    suite,
    `${into}/root`,
    `deb ${mirror} ${suite} main`,
    ...(newer ? [`deb ${mirror} ${newer.suite} main`] : []),
  ])
  const shown = ['libvirt-daemon', 'libvirt-daemon-driver-qemu', 'qemu-system-x86', 'libc6']
  const versions = await gently('dpkg-query', [
    `--admindir=${into}/root/var/lib/dpkg`,
    '-W',
    '-f',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: fields of dpkg-query
    '${Package} ${Version}\n',
    ...shown,
  ])
  await writeFile(`${into}/root/versions`, versions)
}

function versionsIn(path: string): string {
  return existsSync(`${path}/versions`) ? readFileSync(`${path}/versions`, 'utf8').trim() : ''
}

function fingerprint(name: string, world: World): string {
  const hash = createHash('sha256')
  hash.update(JSON.stringify([name, world, packages, bootstrapOptions]))
  hash.update(`${make}`)
  return hash.digest('hex').slice(0, 16)
}
