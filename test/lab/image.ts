import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A kernel and an initramfs that boot into the agent. */
export interface GuestImage {
  readonly kernel: string
  readonly initramfs: string
}

/** In the order of loading: with virtio before virtio_ring the balloon silently stays dead. */
const modules = [
  'virtio_ring',
  'virtio',
  'virtio_pci_legacy_dev',
  'virtio_pci_modern_dev',
  'virtio_pci',
  'virtio_balloon',
  'virtio_blk',
  'virtio_mem',
]

const agentFolder = fileURLToPath(new URL('guest', import.meta.url))
const cache = `${process.env.XDG_CACHE_HOME ?? `${homedir()}/.cache`}/ballast-lab`
/** One that was taken apart for other modules lacks some of these. */
const kernel = `${cache}/kernel-${fingerprintOf(modules.join())}`

/** Why there is no kernel for guests and none can be had, in one line; undefined: there will be one. */
export function kernelUnavailable(): string | undefined {
  if (existsSync(kernel) || hasCommand('apt-get') || hasCommand('dnf')) return undefined
  return `the guests' kernel comes by apt-get or dnf, and neither is here`
}

/** The image, made at first use: the distribution's kernel, taken apart and not installed, and our agent. */
export async function guestImage(log: (line: string) => void): Promise<GuestImage> {
  await mkdir(cache, { recursive: true })
  if (!existsSync(kernel)) {
    log('fetching a kernel for the guests')
    await build(kernel, fetchKernel)
  }
  const found = await readdir(`${kernel}/modules`)
  const agent = await Promise.all((await agentFiles()).map((file) => readFile(file)))
  const initramfs = `${cache}/initramfs-${fingerprintOf(...agent, `${makeInitramfs}`, found.join())}`
  if (!existsSync(initramfs)) {
    log('compiling the agent and packing the initramfs')
    await build(initramfs, makeInitramfs)
  }
  return { kernel: `${kernel}/vmlinuz`, initramfs: `${initramfs}/initramfs` }
}

/** The sources of the agent and their headers. */
async function agentFiles(): Promise<string[]> {
  return (await readdir(agentFolder)).sort().map((file) => `${agentFolder}/${file}`)
}

/** Fills a directory beside its final place and renames it, so that labs starting at once do not meet half of it. */
async function build(place: string, fill: (into: string) => Promise<void>): Promise<void> {
  const into = await mkdtemp(`${place}.`)
  try {
    await fill(into)
    // Somebody else's that came first is as good.
    if (!existsSync(place)) await rename(into, place)
  } finally {
    await rm(into, { recursive: true, force: true })
  }
}

async function fetchKernel(into: string): Promise<void> {
  const unpacked = `${into}/unpacked`
  await mkdir(unpacked)
  if (hasCommand('apt-get')) await downloadDebian(into, unpacked)
  else await downloadFedora(into, unpacked)

  const files = (await readdir(unpacked, { recursive: true })).map((file) => `${unpacked}/${file}`)
  const vmlinuz = files.find((file) => /^vmlinuz/.test(basename(file)))
  if (vmlinuz === undefined) throw new Error('The kernel package holds no vmlinuz')
  await rename(vmlinuz, `${into}/vmlinuz`)
  const builtIn = files.find((file) => basename(file) === 'modules.builtin')
  const list = builtIn === undefined ? '' : await readFile(builtIn, 'utf8')
  await mkdir(`${into}/modules`)
  for (const name of modules) {
    const file = files.find((path) => basename(path).startsWith(`${name}.ko`))
    if (file !== undefined) await copyFile(file, `${into}/modules/${basename(file)}`)
    else if (!list.includes(`/${name}.ko`)) throw new Error(`The kernel package holds no module ${name}`)
  }
  for (const name of await readdir(`${into}/modules`)) {
    if (name.endsWith('.xz')) await run('xz', ['-d', `${into}/modules/${name}`])
    if (name.endsWith('.zst')) await run('zstd', ['-q', '-d', '--rm', `${into}/modules/${name}`])
  }
  for (const name of await readdir(into)) {
    if (name !== 'vmlinuz' && name !== 'modules') await rm(`${into}/${name}`, { recursive: true })
  }
}

async function downloadDebian(into: string, unpacked: string): Promise<void> {
  const ubuntu = /^ID=ubuntu$/m.test(await readFile('/etc/os-release', 'utf8'))
  const newest = ubuntu ? 'linux-image-virtual' : 'linux-image-cloud-amd64'
  const depends = async (name: string) => {
    const { stdout } = await run('apt-cache', ['depends', '--important', name], { env: { LC_ALL: 'C' } })
    return [...stdout.matchAll(/Depends: (\S+)/g)].map(([, dependency = '']) => dependency)
  }
  const download = async () => {
    const image = (await depends(newest)).find((name) => /^linux-image-\d/.test(name))
    if (image === undefined) throw new Error(`apt knows no package ${newest}`)
    // Debian's from 7.0 on is empty, and Ubuntu's lacks the modules: the rest is in packages of this version.
    const parts = (await depends(image)).filter((name) => /^linux-(binary|modules|base)-\d/.test(name))
    await run('apt-get', ['download', image, ...parts], { cwd: into })
  }
  try {
    await download()
  } catch {
    // The lists are missing or older than the archive: the error of the second try tells, if that is not it.
    const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n']
    const [command = '', ...rest] = [...sudo, 'apt-get', '-qq', 'update']
    await run(command, rest)
    await download()
  }
  for (const name of await readdir(into)) {
    if (name.endsWith('.deb')) await run('dpkg-deb', ['-x', `${into}/${name}`, unpacked])
  }
}

async function downloadFedora(into: string, unpacked: string): Promise<void> {
  await run('dnf', ['-q', 'download', '--destdir', into, 'kernel-core', 'kernel-modules-core'])
  for (const name of await readdir(into)) {
    if (!name.endsWith('.rpm')) continue
    await run('sh', [
      '-c',
      'rpm2cpio "$1" | (cd "$2" && cpio -idm --quiet)',
      '-',
      `${into}/${name}`,
      unpacked,
    ])
  }
}

async function makeInitramfs(into: string): Promise<void> {
  const tree = `${into}/tree`
  await mkdir(`${tree}/modules`, { recursive: true })
  const sources = (await agentFiles()).filter((file) => file.endsWith('.c'))
  await run('gcc', ['-O2', '-Wall', '-Wextra', '-Werror', '-static', '-o', `${tree}/init`, ...sources])
  const order = modules
    .filter((name) => existsSync(`${kernel}/modules/${name}.ko`))
    .map((name) => `${name}.ko`)
  for (const name of order) await copyFile(`${kernel}/modules/${name}`, `${tree}/modules/${name}`)
  // Their signatures go with it: to verify them takes an emulated guest half a second.
  for (const name of order) await run('strip', ['--strip-debug', `${tree}/modules/${name}`])
  await writeFile(`${tree}/modules/order`, `${order.join('\n')}\n`)
  await run('sh', [
    '-c',
    'cd "$1" && find . | cpio -o -H newc -R 0:0 --quiet > "$2"',
    '-',
    tree,
    `${into}/initramfs`,
  ])
  await rm(tree, { recursive: true })
}

function fingerprintOf(...parts: (string | Buffer)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex').slice(0, 16)
}

function hasCommand(name: string): boolean {
  return (process.env.PATH ?? '').split(':').some((directory) => existsSync(`${directory}/${name}`))
}
