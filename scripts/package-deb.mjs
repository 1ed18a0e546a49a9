// `npm run package:deb [-- amd64 | arm64]`: a package for Debian and Ubuntu, of the prebuilt addon in prebuilds/, with dpkg-deb
// alone. Where SOURCE_DATE_EPOCH is set it is the same to the byte each time.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { fill, librariesOf } from './deb-control.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
/** By Debian's names of architectures, Node's. */
const architectures = { amd64: 'x64', arm64: 'arm64' }

const own = Object.keys(architectures).find((name) => architectures[name] === process.arch)
const [architecture = own, ...rest] = process.argv.slice(2)
if (!Object.hasOwn(architectures, architecture ?? '') || rest.length > 0)
  fail('Usage: npm run package:deb [-- amd64 | arm64]')
const addon = `prebuilds/linux-${architectures[architecture]}/ballast.glibc.node`
if (!existsSync(join(root, addon))) fail(`There is no ${addon}: run \`npm run prebuild\` first`)

const { name, version, license } = readJson(join(root, 'package.json'))
const maintainer = `${process.env.DEBFULLNAME ?? 'Ballast developers'} <${process.env.DEBEMAIL ?? 'developers@ballast.invalid'}>`
const epoch = process.env.SOURCE_DATE_EPOCH
const date = epoch === undefined ? new Date() : new Date(1_000 * Number(epoch))
const stage = mkdtempSync(join(tmpdir(), 'ballast-deb-'))
try {
  for (const script of ['build:ts', 'build:packaging']) {
    execFileSync('npm', ['run', '--silent', script], { cwd: root, stdio: ['ignore', 2, 2] })
  }
  program()
  system()
  documentation()
  modes(stage)
  control()
  const file = `${name}_${version}_${architecture}.deb`
  execFileSync('dpkg-deb', ['-Zxz', '--root-owner-group', '--build', stage, join(root, file)], {
    stdio: ['ignore', 2, 2],
  })
  console.log(file)
} finally {
  rmSync(stage, { recursive: true, force: true })
}

/** The bundled program, what it imports, and the addon; libraries for programs of one's own come by npm. */
function program() {
  const home = 'usr/lib/ballast'
  put('package.json', `${home}/package.json`)
  for (const file of readdirSync(join(root, 'dist/cli')).filter((file) => file.endsWith('.js'))) {
    put(`dist/cli/${file}`, `${home}/dist/cli/${file}`)
  }
  const main = join(stage, home, 'dist/cli/main.js')
  // The system's Node, whatever another PATH has.
  writeFileSync(main, readFileSync(main, 'utf8').replace(/^#!.*/, '#!/usr/bin/node'))
  chmodSync(main, 0o755)
  put(addon, `${home}/${addon}`)
  for (const module of modules()) {
    cpSync(join(root, module), join(stage, home, module), {
      recursive: true,
      dereference: true,
      filter: (path) => isForRunning(path, join(root, module)),
    })
  }
  mkdirSync(join(stage, 'usr/bin'), { recursive: true })
  symlinkSync('../lib/ballast/dist/cli/main.js', join(stage, 'usr/bin/ballast'))
}

/** Paths of the modules that the program needs, those of building left out. */
function modules() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  return Object.entries(packages)
    .filter(([path, { dev, devOptional }]) => path.startsWith('node_modules/') && !dev && !devOptional)
    .map(([path]) => path)
    .filter((path) => !path.endsWith('/node-addon-api') && existsSync(join(root, path)))
}

/** Whether a program needs this path of a module: not what is read, tested or compiled, nor programs of its own. */
function isForRunning(path, module) {
  const within = relative(module, path)
  if (/^(tests?|__tests__|docs?|examples?|bench(mark)?s?|node_modules)(\/|$)/.test(within)) return false
  if (statSync(path).isDirectory()) return !/(^|\/)\./.test(within)
  const isOther = /\.(md|markdown|html|map|d\.[cm]?ts|ts|flow|yml|tgz)$|(^|\/)\.|\.test\.|^(tsconfig|eslint)/i
  return !isOther.test(within) && !readFileSync(path, 'latin1').startsWith('#!')
}

function system() {
  put('packaging/systemd/ballast.service', 'usr/lib/systemd/system/ballast.service')
  put('packaging/systemd/ballast.sysusers', 'usr/lib/sysusers.d/ballast.conf')
  put('packaging/systemd/ballast.tmpfiles', 'usr/lib/tmpfiles.d/ballast.conf')
  put('packaging/systemd/ballast.yaml', 'etc/ballast/ballast.yaml')
  put('packaging/ballast.schema.json', 'usr/share/ballast/ballast.schema.json')
  put('packaging/completions/ballast.bash', 'usr/share/bash-completion/completions/ballast')
  put('packaging/completions/_ballast', 'usr/share/zsh/vendor-completions/_ballast')
  put('packaging/completions/ballast.fish', 'usr/share/fish/vendor_completions.d/ballast.fish')
}

function documentation() {
  const folder = 'usr/share/doc/ballast'
  for (const page of readdirSync(join(root, 'packaging/man'))) {
    compressed(`usr/share/man/man${page.at(-1)}/${page}.gz`, readFileSync(join(root, 'packaging/man', page)))
  }
  for (const example of ['prometheus', 'grafana', 'nats'])
    put(`packaging/${example}`, `${folder}/examples/${example}`)
  for (const page of readdirSync(join(root, 'docs'), { recursive: true }).filter((page) =>
    page.endsWith('.md'),
  )) {
    put(`docs/${page}`, `${folder}/docs/${page}`)
  }
  const changes = ` -- ${maintainer}  ${date.toUTCString().replace('GMT', '+0000')}`
  compressed(
    `${folder}/changelog.gz`,
    `${name} (${version}) unstable; urgency=medium\n\n  * What users notice is in CHANGELOG.md.\n\n${changes}\n`,
  )
  compressed(`${folder}/CHANGELOG.md.gz`, readFileSync(join(root, 'CHANGELOG.md')))
  write(`${folder}/copyright`, copyright())
}

/** In Debian's machine-readable format. */
function copyright() {
  const text = readFileSync(join(root, 'LICENSE'), 'utf8').trim()
  const [, , holder = ''] = text.split('\n')
  const indented = text
    .split('\n')
    .slice(4)
    .map((line) => ` ${line === '' ? '.' : line}`)
  const others = modules().map((module) => {
    const { license, author } = readJson(join(root, module, 'package.json'))
    const who = typeof author === 'object' ? author?.name : author
    return `Files: usr/lib/ballast/${module}/*\nCopyright: ${who ?? `the authors of ${basename(module)}`}\nLicense: ${license}`
  })
  return [
    'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: Ballast',
    `Files: *\nCopyright: ${holder.replace(/^Copyright \(c\) /, '')}\nLicense: ${license}\n${indented.join('\n')}`,
    ...others,
    'Comment: the licences of the modules of npm are in their folders.',
  ]
    .join('\n\n')
    .concat('\n')
}

function control() {
  const folder = join(stage, 'DEBIAN')
  const files = filesBelow(stage)
  const size = Math.ceil(files.reduce((sum, file) => sum + lstatSync(join(stage, file)).size, 0) / 1_024)
  const libraries = librariesOf(join(root, addon))
  mkdirSync(folder)
  const template = readFileSync(join(root, 'packaging/debian/control'), 'utf8')
  writeFileSync(
    join(folder, 'control'),
    fill(template, { version, architecture, maintainer, size, libraries }),
  )
  writeFileSync(join(folder, 'conffiles'), '/etc/ballast/ballast.yaml\n')
  const sums = files
    .filter((file) => lstatSync(join(stage, file)).isFile() && !file.startsWith('etc/'))
    .map(
      (file) =>
        `${createHash('md5')
          .update(readFileSync(join(stage, file)))
          .digest('hex')}  ${file}\n`,
    )
  writeFileSync(join(folder, 'md5sums'), sums.join(''))
  for (const script of ['postinst', 'prerm', 'postrm']) {
    cpSync(join(root, 'packaging/debian', script), join(folder, script))
    chmodSync(join(folder, script), 0o755)
  }
  for (const file of ['control', 'conffiles', 'md5sums']) chmodSync(join(folder, file), 0o644)
  chmodSync(folder, 0o755)
}

function put(from, to) {
  cpSync(join(root, from), join(stage, to), { recursive: true })
}

function write(to, content) {
  mkdirSync(dirname(join(stage, to)), { recursive: true })
  writeFileSync(join(stage, to), content)
}

function compressed(to, content) {
  write(to, gzipSync(content, { level: 9 }))
}

/** As the packages of a distribution have them, whatever the checkout's umask was. */
function modes(folder) {
  chmodSync(folder, 0o755)
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) modes(path)
    else if (entry.isFile()) chmodSync(path, path.endsWith('dist/cli/main.js') ? 0o755 : 0o644)
  }
}

/** Paths of all files and links below a folder, relative to it, sorted. */
function filesBelow(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort()
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'))
}

function fail(message) {
  console.error(message)
  process.exit(2)
}
