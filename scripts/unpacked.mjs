// Programs of packages that are unpacked and not installed: their services would begin at once, and go on on somebody's machine.
// Plain JavaScript without dependencies, because set-up uses it before node_modules is there.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ballast-unpacked')

/** The path of a program: the installed one, or that of the package of Debian of the same name once it is unpacked; undefined: neither. */
export function programOf(name, of = name) {
  const { status, stdout } = spawnSync('sh', ['-c', 'command -v "$1"', 'sh', name], { encoding: 'utf8' })
  if (status === 0) return stdout.trim()
  // Of daemons a user without root has not always the path.
  const paths = ['/usr/sbin', join(cache, of, 'usr/bin'), join(cache, of, 'usr/sbin')]
  return paths.map((directory) => join(directory, name)).find((path) => existsSync(path))
}

/** The path of libfaketime for programs with threads: of the installed package, or once it is unpacked; undefined: neither. */
export function wrongClockLibrary() {
  const roots = ['/usr/lib', join(cache, 'libfaketime', 'usr/lib')].filter((root) => existsSync(root))
  // Debian has a directory for each architecture there.
  const directories = roots.flatMap((root) => readdirSync(root).map((name) => join(root, name)))
  const paths = directories.map((directory) => join(directory, 'faketime/libfaketimeMT.so.1'))
  return paths.find((path) => existsSync(path))
}

/** Unpacks a package of Debian or Ubuntu, unless it is already. Throws where that cannot be done. */
export function unpack(name) {
  const place = join(cache, name)
  if (existsSync(place)) return
  console.error(`Unpacking ${name} into ${cache}`)
  mkdirSync(cache, { recursive: true })
  const into = mkdtempSync(`${place}.`)
  try {
    download(name, into)
    const archive = readdirSync(into).find((file) => file.endsWith('.deb'))
    execFileSync('dpkg-deb', ['-x', join(into, archive), into], { stdio: ['ignore', 2, 2] })
    rmSync(join(into, archive))
    // Another that came first is as good.
    if (!existsSync(place)) renameSync(into, place)
  } finally {
    rmSync(into, { recursive: true, force: true })
  }
}

function download(name, into) {
  const options = { cwd: into, stdio: ['ignore', 2, 2] }
  // Its own user may not write here, which it warns of.
  const asRoot = process.getuid?.() === 0 ? ['-o', 'APT::Sandbox::User=root'] : []
  try {
    execFileSync('apt-get', ['-qq', ...asRoot, 'download', name], options)
  } catch (error) {
    if (error.code === 'ENOENT') throw new Error(`${name} comes by apt-get, which is not here`)
    // The lists are missing or old.
    const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n']
    const [command, ...rest] = [...sudo, 'apt-get', '-qq', 'update']
    execFileSync(command, rest, options)
    execFileSync('apt-get', ['-qq', ...asRoot, 'download', name], options)
  }
}
