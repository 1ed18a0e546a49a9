import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sysrootOf } from '../../scripts/prebuild/sysroot.mjs'
import { architectures, ownTarget, type Target, targets } from '../../scripts/prebuild/targets.mjs'
import { filesBelow, makeDirectory, root } from '../package/checkout.ts'
import { output, run } from '../package/shell.ts'
import { librariesOf, machineOf, symbolsOf } from './elf.ts'
import { emulated, type Runner } from './emulation.ts'

const directory = makeDirectory()
/** An empty project that the package is installed into. */
const project = join(directory, 'project')
const installed = join(project, 'node_modules/ballast')

beforeAll(async () => {
  const packed = await output(root, 'npm', 'pack', '--silent', '--pack-destination', directory)
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }')
  const began = performance.now()
  const tarball = `../${packed.trim()}`
  await output(project, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', tarball)
  const seconds = ((performance.now() - began) / 1_000).toFixed(1)
  const size = kib(join(directory, packed.trim()))
  console.log(`The tarball has ${size} KiB and is installed in an empty project in ${seconds} s`)
})

afterAll(() => rmSync(directory, { recursive: true, force: true }))

const kib = (file: string) => Math.round(statSync(file).size / 1_024)

it('are four, in one tarball', () => {
  const files = filesBelow(installed).filter((file) => file.endsWith('.node'))
  expect(files).toEqual(targets.map(({ file }) => file).sort())
  for (const file of files) {
    console.log(`${file}: ${kib(join(installed, file))} KiB`)
    // Stripped, and with no library in it.
    expect(kib(join(installed, file))).toBeLessThan(1_024)
  }
})

const machines: Record<string, string> = { x64: 'Advanced Micro Devices X86-64', arm64: 'AArch64' }

describe.each(targets)('$file', (target) => {
  const file = join(installed, target.file)

  it('is for its machine, and asks for shared libraries of it alone', async () => {
    expect(await machineOf(file)).toBe(machines[target.arch])
    const libraries = (await librariesOf(file)).filter((name) => !/^ld-linux/.test(name)) // part of glibc
    const c = target.libc === 'musl' ? 'libc.so' : 'libc.so.6'
    expect(libraries).toEqual([c, 'libgcc_s.so.1', 'libstdc++.so.6', 'libvirt.so.0'])
  })

  it('needs no symbol that its libraries and Node have not got', async () => {
    const needed = (await symbolsOf(file)).filter(({ isDefined, isWeak }) => !isDefined && !isWeak)
    const names = needed.map(({ name }) => name).filter((name) => !/^napi_|^node_api_/.test(name))
    expect(names.length).toBeGreaterThan(100)
    const there = new Set(await namesIn(await pathsOfLibraries(target, file)))
    expect(names.filter((name) => !there.has(name))).toEqual([])
    const libvirt = needed.flatMap(({ version = '' }) => /^LIBVIRT_(.*)$/.exec(version)?.[1] ?? [])
    expect(libvirt.length).toBeGreaterThan(10)
    expect(libvirt.filter((version) => isNewer(version, '1.2.14'))).toEqual([])
  })

  it('has a libc of one kind, and uses no locale, in which the two differ', async () => {
    const needed = (await symbolsOf(file)).filter(({ isDefined }) => !isDefined)
    const isOfGlibc = needed.some(({ version = '' }) => version.startsWith('GLIBC_'))
    expect(isOfGlibc).toBe(target.libc === 'glibc')
    // Mangled names of std::locale and of facets.
    const locales = needed
      .map(({ name }) => name)
      .filter((name) => /St6locale|5ctype|codecvt|basic_ios/.test(name))
    expect(locales).toEqual([])
  })

  // npm has no Node for musl that runs without Alpine's libstdc++, and Debian has neither.
  it.skipIf(target.libc === 'musl')('is loaded by Node, and asked for test:///default', async () => {
    const { command, env } = await runnerOf(target)
    const source = `import { connect } from 'ballast'
      const host = await connect('test:///default')
      console.log(process.arch, (await host.sampleCpu()).vcpu.length)
      await host.close()`
    writeFileSync(join(project, 'sample.mjs'), source)
    const [program, ...args] = command
    expect(await run(project, program, [...args, 'sample.mjs'], env)).toEqual({
      code: 0,
      stdout: `${target.arch} 2\n`,
      stderr: '',
    })
  })
})

async function runnerOf(target: Target): Promise<Runner> {
  return target === ownTarget() ? { command: [process.execPath], env: {} } : emulated(target)
}

/** The libraries that an addon asks for, as they are where it is for. */
async function pathsOfLibraries({ arch, libc }: Target, file: string): Promise<string[]> {
  const { cpu } = architectures[arch]!
  // Those of C++ are Debian's for both: their symbols are the same, but for locales.
  const folders = [`lib/${cpu}-linux-${libc === 'musl' ? 'musl' : 'gnu'}`, `lib/${cpu}-linux-gnu`]
  const paths = [...folders, `usr/lib/${cpu}-linux-gnu`].map((folder) => join(sysrootOf(arch), folder))
  return (await librariesOf(file)).map((name) => {
    const found = paths.map((path) => join(path, name)).find((path) => existsSync(path))
    if (!found) throw new Error(`There is no ${name} in ${paths.join(' or ')}`)
    return found
  })
}

async function namesIn(files: readonly string[]): Promise<string[]> {
  const symbols = await Promise.all(files.map(symbolsOf))
  return symbols.flat().flatMap(({ name, isDefined }) => (isDefined ? name : []))
}

function isNewer(version: string, than: string): boolean {
  return version.localeCompare(than, 'en', { numeric: true }) > 0
}
