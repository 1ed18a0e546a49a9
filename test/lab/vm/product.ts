import { existsSync } from 'node:fs'
import { copyFile, mkdir, readdir, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { copyCheckout } from '../../package/checkout.ts'
import { gently } from '../gently.ts'
import { makeRunDirectory } from './directory.ts'
import type { HostVm } from './host-vm.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** Ballast of this checkout, as a host gets it. */
export interface Product {
  /** Has the tarball, and npm's cache with all that it depends on. */
  readonly tarball: string
  /** What `npm install -g` makes of it below a prefix. */
  readonly installed: string
}

/** Does `work` with the tarball of this checkout, compiled and packed. */
export async function withProduct<T>(
  log: (line: string) => void,
  work: (product: Product) => Promise<T>,
): Promise<T> {
  const directory = await makeRunDirectory()
  try {
    log('packing Ballast')
    return await work(await pack(directory))
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function pack(directory: string): Promise<Product> {
  const addon = `${root}build/Release/ballast.node`
  if (!existsSync(addon)) throw new Error('There is no addon to pack: npm run build:gyp first')
  const [checkout, tarball, installed] = ['checkout', 'tarball', 'installed'].map(
    (name) => `${directory}/${name}`,
  )
  copyCheckout(checkout!)
  // What `npm run prebuild` makes, without compiling it once more.
  await mkdir(`${checkout}/prebuilds/linux-x64`, { recursive: true })
  await copyFile(addon, `${checkout}/prebuilds/linux-x64/ballast.glibc.node`)
  await mkdir(tarball!)
  await gently('npm', ['pack', '--silent', '--pack-destination', tarball!], {
    cwd: checkout!,
    env: { BALLAST_PACK: 'own' },
  })
  const [file = ''] = await readdir(tarball!)
  const quietly = ['--no-audit', '--no-fund', '--no-update-notifier', '--silent']
  await gently(
    'npm',
    ['install', '-g', ...quietly, '--prefix', installed!, '--cache', `${tarball}/cache`, file],
    {
      cwd: tarball!,
    },
  )
  return { tarball: tarball!, installed: installed! }
}

/** Puts Ballast on a host, as `npm install -g` does it, without the minute that npm takes there. */
export async function installProduct(vm: HostVm, { installed }: Product): Promise<void> {
  await vm.send(`${installed}/lib/node_modules/ballast`, '/usr/lib/node_modules/ballast')
  await vm.run('ln -s ../lib/node_modules/ballast/dist/cli/main.js /usr/bin/ballast && ballast --version')
}

/** Settings under which npm on a host finds all that it needs in the cache beside the tarball in `folder`. */
export async function npmOffline(folder: string): Promise<string> {
  const registry = (await gently('npm', ['config', 'get', 'registry'], {})).trim()
  const settings = { offline: 'true', cache: `${folder}/cache`, registry, audit: 'false', fund: 'false' }
  return Object.entries(settings)
    .map(([name, value]) => `export npm_config_${name}='${value}'`)
    .join('\n')
}
