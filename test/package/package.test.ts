import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { copyCheckout, filesBelow, makeDirectory, root } from './checkout.ts'
import { deb } from './deb.ts'
import { type Outcome, output, run } from './shell.ts'
import { uses } from './uses.ts'

const directory = makeDirectory()
const checkout = join(directory, 'checkout')
/** An empty project that the package is installed into. */
const project = join(directory, 'project')
const installed = join(project, 'node_modules/ballast')

/** A tarball that was packed before, by another Node: to be installed as it is. */
const given = process.env.BALLAST_TARBALL

/** Makes do with the addon of this machine; `npm run test:prebuilds` packs all. */
const packsOwn = { BALLAST_PACK: 'own' }

let installation: Outcome
/** `npm pack` without a prebuilt addon. */
let packedTooEarly: Outcome
/** With that of this machine alone. */
let packedInPart: Outcome

beforeAll(async () => {
  const tarball = given ?? (await pack())
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }')
  const args = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=info', tarball]
  installation = await run(project, 'npm', args)
})

async function pack(): Promise<string> {
  copyCheckout(checkout)
  packedTooEarly = await run(checkout, 'npm', ['pack', '--pack-destination', directory], packsOwn)
  await output(checkout, 'npm', 'run', 'prebuild')
  packedInPart = await run(checkout, 'npm', ['pack', '--pack-destination', directory])
  const packed = await run(checkout, 'npm', ['pack', '--pack-destination', directory], packsOwn)
  expect(packed.code, packed.stderr).toBe(0)
  return `../${readPackage(checkout).name}-${readPackage(checkout).version}.tgz`
}

afterAll(() => rmSync(directory, { recursive: true, force: true }))

interface Manifest {
  readonly name: string
  readonly version: string
  readonly scripts: Readonly<Record<string, string>>
  readonly bin: Readonly<Record<string, string>>
  readonly gypfile: boolean
}

function readPackage(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}

/** Runs a program in the project; a module unless its name says otherwise. */
function runProgram(name: string, source: string, env: Record<string, string> = {}): Promise<Outcome> {
  writeFileSync(join(project, name), source)
  return run(project, process.execPath, [name], env)
}

/** Takes a sample of libvirt's test host and prints how many vCPUs it has. */
const sample = `
  const host = await connect('test:///default')
  console.log((await host.sampleCpu()).vcpu.length)
  await host.close()`

const twoVcpus: Outcome = { code: 0, stdout: '2\n', stderr: '' }

describe.skipIf(given)('packing', () => {
  it('is refused without every prebuilt addon', () => {
    expect(packedTooEarly.code).not.toBe(0)
    expect(packedTooEarly.stderr).toMatch(
      /no prebuilt addon prebuilds\/linux-\S+\.node\. Run `npm run prebuild`/,
    )
    expect(packedInPart.code).not.toBe(0)
    expect(packedInPart.stderr).toMatch(
      /no prebuilt addon (prebuilds\/linux-\S+, ){2}.*`npm run prebuild:all`/,
    )
  })
})

describe('the tarball', () => {
  it('holds what is needed to run and to build, and nothing else', () => {
    const files = filesBelow(installed)
    expect(files).toEqual(
      expect.arrayContaining([
        'CMakeLists.txt',
        'LICENSE',
        'README.md',
        'binding.gyp',
        'dist/cli/main.js',
        'dist/index.d.ts',
        'dist/index.js',
        'dist/page/index.html',
        'native/sources.txt',
        'package.json',
        'packaging/ballast.schema.json',
        'packaging/completions/ballast.bash',
        'packaging/man/ballast-run.1',
        'packaging/man/ballast.yaml.5',
        'packaging/systemd/ballast.service',
        'scripts/build-addon.mjs',
      ]),
    )
    expect(files.filter((file) => file.startsWith('prebuilds/'))).toEqual([
      expect.stringMatching(new RegExp(`^prebuilds/linux-${process.arch}/ballast\\.(glibc|musl)\\.node$`)),
    ])
    const expected =
      /^((dist|docs|native|packaging)\/.*|prebuilds\/.*\.node|scripts\/build-addon\.mjs|[^/]*\.(json|md|gyp|txt)|LICENSE)$/
    expect(files.filter((file) => !expected.test(file))).toEqual([])
    expect(files.filter((file) => /(test|\.o$|\.tgz$|package-lock|tsconfig)/.test(file))).toEqual([])
  })

  it('holds every source of the addon', () => {
    const sources = filesBelow(join(root, 'native'))
    expect(filesBelow(join(installed, 'native'))).toEqual(sources)
    const listed = readFileSync(join(root, 'native/sources.txt'), 'utf8').trim().split('\n')
    const compiled = sources.filter((file) => file.endsWith('.cc')).map((file) => `native/${file}`)
    expect([...listed].sort()).toEqual(compiled)
  })

  it('holds a compiled file for every one of the library, the bundled program and page, and no other', () => {
    const isProgram = (file: string) => /^(cli|page)\//.test(file)
    const library = filesBelow(join(root, 'lib')).filter(
      (file) => !file.endsWith('.d.ts') && !isProgram(file),
    )
    const all = filesBelow(join(installed, 'dist')).filter((file) => file.endsWith('.js'))
    const compiled = all.filter((file) => !isProgram(file))
    const bundled = /^(cli\/(main|chunk-\w+)|page\/assets\/(index|simulator)-[\w-]+)\.js$/
    expect(all.filter(isProgram).filter((file) => !bundled.test(file))).toEqual([])
    expect(compiled).toEqual(library.map((file) => file.replace(/\.ts$/, '.js')).sort())
  })
})

describe('installing', () => {
  it('succeeds, runs no script and warns of nothing that is ours', () => {
    expect(installation.code, installation.stderr).toBe(0)
    const { scripts, gypfile } = readPackage(installed)
    for (const script of ['preinstall', 'install', 'postinstall', 'prepare']) {
      expect(scripts).not.toHaveProperty(script)
    }
    expect(gypfile).toBe(false)
    const said = `${installation.stdout}\n${installation.stderr}`.split('\n')
    expect(
      said.filter((line) => /^npm warn .*(ballast|script)|^npm info run ballast|^gyp /i.test(line)),
    ).toEqual([])
  })

  it('builds nothing: the addon is the prebuilt one', () => {
    expect(filesBelow(installed).filter((file) => file.startsWith('build/'))).toEqual([])
  })
})

describe('the installed package', () => {
  it('is imported and samples a host', async () => {
    expect(await runProgram('import.js', `import { connect } from 'ballast'\n${sample}`)).toEqual(twoVcpus)
  })

  it('is required by a script that is no module', async () => {
    const source = `const { connect } = require('ballast')\n;(async () => {${sample}})()`
    const { stderr, ...outcome } = await runProgram('require.cjs', source)
    expect(outcome).toEqual({ code: 0, stdout: '2\n' })
    // Older Nodes call it experimental.
    expect(stderr.replace(/^.*ExperimentalWarning.*\n.*--trace-warnings.*\n/m, '')).toBe('')
  })

  it('has types that a strict consumer can rely on', async () => {
    writeFileSync(
      join(project, 'consumer.ts'),
      `import { type Host, CpuSet, connect, schedulers, simulate, scenarios, type Tick, autopilot } from 'ballast'

export async function level(uri: string): Promise<void> {
  await using host: Host = await connect(uri, { readOnly: true })
  for await (const tick of autopilot(host, { interval: 1_000, scheduler: schedulers.balance(), ticks: 1 })) {
    const summary: string = (tick satisfies Tick).summary
    console.log(summary, CpuSet.parse('0-3').size)
  }
  simulate(scenarios.A1())
  // @ts-expect-error: readonly is no option
  await connect(uri, { readonly: true })
}
`,
    )
    writeFileSync(
      join(project, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          target: 'es2022',
          lib: ['es2023', 'esnext.disposable'],
          module: 'nodenext',
          strict: true,
          noEmit: true,
          skipLibCheck: false,
          types: ['node'],
          typeRoots: [join(root, 'node_modules/@types')],
        },
        files: ['consumer.ts'],
      }),
    )
    await output(project, process.execPath, join(root, 'node_modules/typescript/bin/tsc'))
  })

  it('has a program that npx finds', async () => {
    const program = join(installed, readPackage(installed).bin.ballast!)
    expect(readFileSync(program, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
    expect(statSync(program).mode & 0o111).toBe(0o111)
    const help = await output(project, 'npx', '--no-install', 'ballast', '--help')
    expect(help).toMatch(/^Usage: ballast /)
    for (const command of ['cpu', 'memory', 'run', 'monitor']) expect(help).toContain(`  ${command}`)
  })

  it('needs no symbol of libvirt that is newer than 1.2.14', async () => {
    const [addon] = filesBelow(installed).filter((file) => file.endsWith('.node'))
    const symbols = await output(installed, 'objdump', '-T', addon!)
    const versions = [...symbols.matchAll(/LIBVIRT_(\d+)\.(\d+)\.(\d+)/g)].map(([, ...parts]) =>
      parts.map(Number).reduce((sum, part) => sum * 1_000 + part, 0),
    )
    expect(versions.length).toBeGreaterThan(10)
    expect(Math.max(...versions)).toBeLessThanOrEqual(1_002_014)
  })
})

describe('the installed package, as its users run it', () => uses(project))

describe('where the addon cannot be loaded', () => {
  const bare = join(directory, 'bare')
  const copy = join(bare, 'node_modules/ballast')
  const program = `
    import { connect, schedulers, simulate, scenarios } from 'ballast'
    const host = simulate(scenarios.A1())
    await host.sampleCpu()
    console.log(typeof schedulers.balance)
    try {
      await connect('test:///default')
    } catch ({ code, message }) {
      console.log(JSON.stringify({ code, message }))
    }`

  beforeAll(() => {
    cpSync(join(project, 'node_modules'), join(bare, 'node_modules'), { recursive: true })
    writeFileSync(join(bare, 'package.json'), '{ "private": true, "type": "module" }')
    writeFileSync(join(bare, 'program.js'), program)
  })

  async function tryIt(env: Record<string, string> = {}): Promise<{ code: string; message: string }> {
    const { code, stdout, stderr } = await run(bare, process.execPath, ['program.js'], env)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [scheduler, error] = stdout.trim().split('\n')
    expect(scheduler).toBe('function')
    return JSON.parse(error ?? '{}')
  }

  it('for want of libvirt, policies and the simulator work, and connect() says what to install', async () => {
    const libraries = join(directory, 'libraries')
    mkdirSync(libraries)
    writeFileSync(join(libraries, 'libvirt.so.0'), '')
    const error = await tryIt({ LD_LIBRARY_PATH: libraries })
    expect(error.code).toBe('ERR_ADDON_MISSING')
    expect(error.message).toMatch(/Install libvirt .*apt-get install libvirt0.*dnf install libvirt-libs/)
  })

  it.skipIf(given)('for want of a prebuilt one, connect() says how to build it, and that is so', async () => {
    rmSync(join(copy, 'prebuilds'), { recursive: true })
    const error = await tryIt()
    expect(error.code).toBe('ERR_ADDON_MISSING')
    expect(error.message).toMatch(/libvirt-dev.* `npm run build:gyp` in the package/)

    const launcher = [process.execPath, join(root, 'scripts/cached-compiler.mjs'), 'g++']
    const built = await run(copy, 'npm', ['run', 'build:gyp'], { CXX: launcher.join(' ') })
    expect(built.code, built.stderr).toBe(0)
    writeFileSync(join(bare, 'sample.js'), `import { connect } from 'ballast'\n${sample}`)
    expect(await run(bare, process.execPath, ['sample.js'])).toEqual(twoVcpus)
  })
})

const hasDpkg = spawnSync('dpkg-deb', ['--version']).status === 0
describe.skipIf(given || !hasDpkg)('the package for Debian', () => deb(checkout))

describe.skipIf(given)('the other build', () => {
  it('makes an addon of the same sources that loads and samples', async () => {
    await output(checkout, 'npm', 'run', 'build:cmake')
    expect(filesBelow(join(checkout, 'build'))).toContain('Release/ballast.node')
    rmSync(join(checkout, 'prebuilds'), { recursive: true })
    writeFileSync(join(checkout, 'sample.mjs'), `import { connect } from './dist/index.js'\n${sample}`)
    expect(await run(checkout, process.execPath, ['sample.mjs'])).toEqual(twoVcpus)
  })
})
