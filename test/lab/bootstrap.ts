import { mkdir, readdir } from 'node:fs/promises'
import { gently } from './gently.ts'

/** Options of mmdebstrap for a root that only programs use. */
export const bootstrapOptions = [
  '--mode=root',
  '--variant=essential',
  '--quiet',
  '--aptopt=APT::Install-Recommends "false"',
  '--dpkgopt=force-unsafe-io',
  ...['doc', 'man', 'locale', 'info'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
]

/** mmdebstrap, taken apart into `into`: it need not be installed. Gives the folder of its programs. */
export async function mmdebstrap(into: string): Promise<string> {
  await mkdir(into)
  // By its own user, apt could not write here.
  const download = () =>
    gently('apt-get', ['-qq', '-o', 'APT::Sandbox::User=root', 'download', 'mmdebstrap'], { cwd: into })
  await download().catch(async () => {
    // The lists of a fresh machine are empty or old.
    await gently('apt-get', ['-qq', 'update'])
    await download()
  })
  const [file = ''] = await readdir(into)
  await gently('dpkg-deb', ['-x', file, '.'], { cwd: into })
  return `${into}/usr/bin`
}

/** Runs mmdebstrap: what it mounts in the root is seen by it alone, and gone with it, however it ends. */
export async function bootstrapDebian(programs: string, args: readonly string[]): Promise<void> {
  await gently('unshare', ['--mount', 'mmdebstrap', ...args], { path: programs })
}

/** Where this machine's apt has Debian from. */
export async function debianMirror(): Promise<string> {
  const format = ['--format', '$(SITE) $(SUITE)', 'Created-By: Packages', 'Origin: Debian', 'Component: main']
  const sites = (await gently('apt-get', ['indextargets', ...format])).split('\n')
  const site = sites.map((line) => line.split(' ')).find(([, suite = '']) => !suite.includes('security'))?.[0]
  if (!site) throw new Error('None of the sources of apt is Debian')
  return site
}
