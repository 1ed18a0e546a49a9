import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bootstrapDebian, bootstrapOptions, debianMirror, mmdebstrap } from '../bootstrap.ts'
import { gently } from '../gently.ts'

/** The files that a host boots from; the folder has them under these names. */
export interface HostImage {
  readonly directory: string
  readonly kernel: string
  readonly initramfs: string
  /** As it was when {@link HostImage.state} was saved: raw, and only written to while the image is made. */
  readonly disk: string
  /** Memory and devices of the host, booted and idle. */
  readonly state: string
  /** Private key that root of the host lets in. */
  readonly key: string
  /** Folder of the QEMU that the host runs in. */
  readonly qemu: string
}

/** Fills in what an image lacks: boots it and saves {@link HostImage.state}. */
export type SaveState = (image: HostImage) => Promise<void>

const recipe = fileURLToPath(new URL('recipe', import.meta.url))
const cache = `${process.env.XDG_CACHE_HOME ?? `${homedir()}/.cache`}/ballast-lab`
const prefix = 'host-'

/** Programs that are needed to make an image and to use it, with the Debian packages that have them. */
const programs = {
  'apt-get': 'apt',
  perl: 'perl',
  mke2fs: 'e2fsprogs',
  cpio: 'cpio',
  xz: 'xz-utils',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
} as const

/** Why there can be no host in a VM on this machine, in one line; undefined: there can. */
export function hostVmUnavailable(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return `the host in a VM needs Linux on x86-64, this is ${process.platform} on ${process.arch}`
  }
  if (process.getuid?.() !== 0) return 'the files of the host are made by root'
  const missing = Object.entries(programs).filter(([program]) => !hasProgram(program))
  if (missing.length === 0) return undefined
  return `programs are missing, of the Debian packages ${[...new Set(missing.map(([, name]) => name))].join(' ')}`
}

/** The image, made anew when the recipe, its packages or npm changed. Rejects with the reason where it cannot be made. */
export async function hostImage(log: (line: string) => void, saveState: SaveState): Promise<HostImage> {
  const reason = hostVmUnavailable()
  if (reason !== undefined) throw new Error(`No host in a VM here: ${reason}`)
  const name = `${prefix}${await fingerprint()}`
  const image = imageIn(`${cache}/${name}`)
  if (existsSync(image.directory)) return image

  await mkdir(cache, { recursive: true })
  const into = await mkdtemp(`${image.directory}.`)
  try {
    log('making the files of the host (some minutes)')
    await make(imageIn(into))
    log('booting it for the first time, to save it as it is then')
    await saveState(imageIn(into))
    await removeHostImages()
    await rename(into, image.directory)
  } finally {
    await rm(into, { recursive: true, force: true })
  }
  return image
}

/** Removes what is in the cache, but not what is being made just now. */
export async function removeHostImages(): Promise<void> {
  for (const name of await readdir(cache).catch(() => [])) {
    if (name.startsWith(prefix) && !name.includes('.'))
      await rm(`${cache}/${name}`, { recursive: true, force: true })
  }
}

function imageIn(directory: string): HostImage {
  const place = (name: string) => `${directory}/${name}`
  return {
    directory,
    kernel: place('vmlinuz'),
    initramfs: place('initramfs'),
    disk: place('disk'),
    state: place('state'),
    key: place('key'),
    qemu: place('qemu'),
  }
}

async function fingerprint(): Promise<string> {
  const hash = createHash('sha256')
  for (const file of (await readdir(recipe)).sort()) hash.update(await readFile(`${recipe}/${file}`))
  // What the saved state depends on: its devices are those of the command line.
  hash.update(await readFile(fileURLToPath(new URL('command-line.ts', import.meta.url))))
  hash.update(await readFile(`${npmFolder()}/package.json`))
  return hash.digest('hex').slice(0, 16)
}

/** npm's own folder, beside the Node that runs. */
function npmFolder(): string {
  return `${dirname(dirname(process.execPath))}/lib/node_modules/npm`
}

async function make(image: HostImage): Promise<void> {
  const { directory } = image
  const root = `${directory}/root`
  await gently('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'ballast-lab', '-f', image.key])
  await bootstrap(root, image, await mmdebstrap(`${directory}/mmdebstrap`))

  const [version = ''] = await readdir(`${root}/lib/modules`)
  await rename(`${root}/boot/vmlinuz-${version}`, image.kernel)
  await makeInitramfs(root, `${root}/lib/modules/${version}`, image.initramfs)
  await gently('mke2fs', ['-q', '-t', 'ext4', '-d', root, image.disk, '4G'])
  await rm(root, { recursive: true })
  await rm(`${directory}/mmdebstrap`, { recursive: true })
}

async function bootstrap(root: string, image: HostImage, programsIn: string): Promise<void> {
  const packages = (await readFile(`${recipe}/packages.txt`, 'utf8')).trim().split('\n')
  const mirror = await debianMirror()
  const hook = (script: string, ...args: string[]) =>
    `--customize-hook=sh '${recipe}/${script}' "$1" ${args.map((word) => `'${word}'`).join(' ')}`
  const args = [
    ...bootstrapOptions,
    `--include=${packages.join(',')}`,
    `--setup-hook=install -D -m 644 '${recipe}/preferences' "$1/etc/apt/preferences.d/lab"`,
    hook('kernel.sh'),
    hook('settings.sh', `${image.key}.pub`, npmFolder()),
    hook('qemu.sh', image.qemu),
    '',
    root,
    `deb ${mirror} trixie main`,
    `deb ${mirror} trixie-backports main`,
  ]
  await bootstrapDebian(programsIn, args)
}

async function makeInitramfs(root: string, modules: string, file: string): Promise<void> {
  const tree = `${file}.tree`
  for (const folder of ['dev', 'new']) await mkdir(`${tree}/${folder}`, { recursive: true })
  await copyFile(`${root}/usr/bin/busybox`, `${tree}/busybox`)
  await copyFile(`${recipe}/init`, `${tree}/init`)
  await chmod(`${tree}/init`, 0o755)
  await copyFile(`${modules}/kernel/drivers/block/virtio_blk.ko.xz`, `${tree}/virtio_blk.ko.xz`)
  await gently('xz', ['-d', `${tree}/virtio_blk.ko.xz`])
  await gently('sh', ['-c', 'find . | cpio -o -H newc -R 0:0 --quiet > "$1"', 'sh', file], { cwd: tree })
  await rm(tree, { recursive: true })
}

function hasProgram(name: string): boolean {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin']
  return folders.some((folder) => existsSync(`${folder}/${name}`))
}
