// Installs what building Ballast, running its lab, its host in a VM, fuzzing its native code and trying its completions, its page and its package for Debian need and the machine lacks, and
// unpacks Prometheus, nats-server and libfaketime: `node scripts/setup.mjs [--build] [--cross] [--lab] [--host] [--fuzz] [--shells] [--terminal] [--deb] [--browser] [--prometheus] [--nats]`. Plain JavaScript without
// dependencies, because it runs before node_modules is there.
// Says nothing and does nothing when all is there.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { architectures } from './prebuild/targets.mjs'
import { programOf, unpack, wrongClockLibrary } from './unpacked.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

const debian = {
  name: 'apt',
  packages: {
    build: ['pkg-config', 'libvirt-dev', 'g++', 'make', 'cmake', 'python3', 'clang-format'],
    // Compilers for the architectures that this one is not.
    cross: Object.keys(architectures)
      .filter((arch) => arch !== process.arch)
      .map((arch) => architectures[arch].compiler),
    lab: [
      'libvirt-daemon-system',
      'libvirt-daemon-driver-qemu',
      'libvirt-clients',
      'libvirt-dev',
      'qemu-system-x86',
      'cpio',
      'xz-utils',
      'gcc',
      'libc6-dev',
      'pkg-config',
      'python3-libvirt',
    ],
    host: ['cpio', 'e2fsprogs', 'openssh-client', 'perl', 'xz-utils'],
    fuzz: ['clang', 'libclang-rt-dev'],
    shells: ['zsh', 'fish', 'mandoc'],
    terminal: ['tmux'],
    deb: ['debootstrap', 'lintian'],
    browser: ['chromium', 'fonts-dejavu-core', 'fonts-liberation'],
  },
  has: (name) => / ok installed$/m.test(spawnSync('dpkg-query', ['-s', name], { encoding: 'utf8' }).stdout),
  install(names) {
    // Another installation, as of the nightly upgrades of many hosts, is waited for.
    const options = ['-qq', '-y', '-o', 'DPkg::Lock::Timeout=300']
    const apt = (...args) => asRoot('apt-get', [...options, ...args], { DEBIAN_FRONTEND: 'noninteractive' })
    const install = () => apt('install', '--no-install-recommends', ...names)
    // The lists of a fresh machine are empty or old; a machine in use rarely needs them read again.
    if (!install() && !(apt('update') && install())) throw new Error('apt-get failed')
  },
}

const fedora = {
  name: 'dnf',
  packages: {
    build: [
      'pkgconf-pkg-config',
      'libvirt-devel',
      'gcc-c++',
      'make',
      'cmake',
      'python3',
      'clang-tools-extra',
    ],
    cross: [],
    lab: [
      'libvirt-daemon',
      'libvirt-daemon-driver-qemu',
      'libvirt-client',
      'libvirt-devel',
      'qemu-system-x86-core',
      'cpio',
      'xz',
      'gcc',
      'glibc-static',
      'libasan',
      'libubsan',
      'pkgconf-pkg-config',
      'python3-libvirt',
    ],
    host: [],
    fuzz: ['clang', 'compiler-rt'],
    shells: ['zsh', 'fish', 'mandoc'],
    terminal: ['tmux'],
    deb: [],
    browser: ['chromium', 'dejavu-sans-fonts', 'liberation-sans-fonts'],
  },
  has: (name) => spawnSync('rpm', ['-q', '--whatprovides', name]).status === 0,
  install(names) {
    if (!asRoot('dnf', ['-q', '-y', '--setopt=install_weak_deps=False', 'install', ...names])) {
      throw new Error('dnf failed')
    }
  },
}

/** The package manager that this script knows how to use here, or undefined. */
function distribution() {
  const there = (command) => spawnSync(command, ['--version']).status === 0
  if (there('dpkg-query') && there('apt-get')) return debian
  if (there('rpm') && there('dnf')) return fedora
  return undefined
}

/** Runs a command as root; whether it succeeded. Its own output goes to our stderr. */
function asRoot(command, args, env = {}) {
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n', 'env']
  const line = [
    ...sudo,
    ...Object.entries(sudo.length ? env : {}).map(([k, v]) => `${k}=${v}`),
    command,
    ...args,
  ]
  return (
    spawnSync(line[0], line.slice(1), { stdio: ['ignore', 2, 2], env: { ...process.env, ...env } }).status ===
    0
  )
}

/** What the lab needs, by Debian's names. */
export const labPackages = debian.packages.lab

/** Names of the system packages of these groups ('build', 'cross', 'lab', 'host', 'fuzz', 'shells', 'terminal', 'deb', 'browser') that are not installed; all of them, by
 * Debian's names, where neither apt nor dnf can tell. */
export function missingPackages(groups) {
  const system = distribution()
  const names = [...new Set(groups.flatMap((group) => (system ?? debian).packages[group]))]
  return system ? names.filter((name) => !system.has(name)) : names
}

function installPackages(groups) {
  const missing = missingPackages(groups)
  if (missing.length === 0) return
  const system = distribution()
  const list = missing.join(' ')
  if (!system) throw new Error(`Neither apt nor dnf is here. Install what Debian calls: ${list}`)
  console.error(`Installing with ${system.name}: ${list}`)
  try {
    system.install(missing)
  } catch (error) {
    throw new Error(`${error.message}. Install these as root, then try again: ${list}`)
  }
}

/** Whether node_modules holds what package-lock.json says; optional packages are for other platforms. */
function modulesInstalled() {
  const read = (path) => JSON.parse(readFileSync(root + path, 'utf8')).packages
  if (!existsSync(`${root}node_modules/.package-lock.json`)) return false
  const installed = read('node_modules/.package-lock.json')
  return Object.entries(read('package-lock.json')).every(
    ([path, { version, optional }]) => path === '' || optional || installed[path]?.version === version,
  )
}

function installModules() {
  if (modulesInstalled()) return
  console.error('Installing node_modules')
  // Not `npm ci`, which begins with removing what is there.
  execFileSync('npm', ['install', '--no-save', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const known = {
    '--build': 'build',
    '--cross': 'cross',
    '--lab': 'lab',
    '--host': 'host',
    '--fuzz': 'fuzz',
    '--shells': 'shells',
    '--terminal': 'terminal',
    '--deb': 'deb',
    '--browser': 'browser',
  }
  const args = process.argv.slice(2)
  const options = [...Object.keys(known), '--prometheus', '--nats']
  const wrong = args.find((arg) => !options.includes(arg))
  try {
    if (wrong !== undefined) throw new Error(`Unknown option ${wrong}. Usage: setup.mjs ${options.join(' ')}`)
    installPackages(args.flatMap((arg) => known[arg] ?? []))
    if (args.includes('--prometheus') && !(programOf('prometheus') && programOf('promtool', 'prometheus')))
      unpack('prometheus')
    if (args.includes('--nats') && !programOf('nats-server')) unpack('nats-server')
    // The lab's fleet runs an agent whose clock is wrong.
    if (args.includes('--nats') && !wrongClockLibrary()) unpack('libfaketime')
    installModules()
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  }
}
