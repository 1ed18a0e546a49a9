import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { sysrootOf } from '../../scripts/prebuild/sysroot.mjs'
import { architectures, type Target } from '../../scripts/prebuild/targets.mjs'
import { programOf, unpack } from '../../scripts/unpacked.mjs'
import { output } from '../package/shell.ts'

/** How a program of JavaScript is run on a machine. */
export interface Runner {
  readonly command: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string>>
}

const version = process.versions.node.split('.')[0]
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ballast-nodes')

/** Node of another architecture, by qemu-user. There is none for musl in npm or Debian. */
export async function emulated({ arch }: Target): Promise<Runner> {
  const name = `qemu-${architectures[arch]!.cpu}-static`
  const of = 'qemu-user-static'
  if (!programOf(name, of)) unpack(of)
  const emulator = programOf(name, of)
  if (!emulator) throw new Error(`There is no ${name} in ${of}`)
  return { command: [emulator, await nodeOf(arch)], env: { QEMU_LD_PREFIX: sysrootOf(arch) } }
}

/** The path of a Node for another architecture, of the version of this one, from npm. */
async function nodeOf(arch: string): Promise<string> {
  const binary = `node-linux-${arch}`
  const place = join(cache, `${version}-${arch}`)
  const path = join(place, 'node_modules', binary, 'bin/node')
  if (!existsSync(path)) {
    const options = ['--prefix', place, '--force', '--silent', '--no-audit', '--no-fund']
    await output('/', 'npm', 'install', ...options, `${binary}@${version}`)
  }
  return path
}
