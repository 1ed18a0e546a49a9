// `npm run prebuild:all`: the addons of a release, for x64 and arm64, glibc and musl, on one machine with Debian: by its cross
// compiler, and with its libraries of other machines. What was compiled before is not compiled again.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sysrootOf } from './sysroot.mjs'
import { architectures, ownTarget, targets } from './targets.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const own = ownTarget()

try {
  for (const target of targets) {
    console.log(`== ${target.file}`)
    build(target === own ? {} : environmentOf(target), target)
  }
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}

function build(env, { file }) {
  const { status } = spawnSync(process.execPath, ['scripts/build-addon.mjs', 'prebuild'], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: 'inherit',
  })
  if (status !== 0 || !existsSync(join(root, file))) throw new Error(`${file} could not be built`)
}

/** What prebuildify, node-gyp, make and pkg-config are told of a target that is not this machine's. */
function environmentOf({ arch, libc }) {
  const { cpu } = architectures[arch]
  const prefix = arch === process.arch ? '' : `${cpu}-linux-gnu-`
  const sysroot = sysrootOf(arch)
  const musl = libc === 'musl' ? forMusl(`${prefix}g++`, arch, sysroot) : { flags: [], linking: [] }
  return {
    PREBUILD_ARCH: arch,
    PREBUILD_LIBC: libc,
    PREBUILD_STRIP_BIN: `${prefix}strip`,
    CC: `${prefix}gcc`,
    AR: `${prefix}ar`,
    // As a folder of the system, where warnings are none of ours.
    CXX: [`${prefix}g++`, ...musl.flags, '-isystem', join(sysroot, 'usr/include')].join(' '),
    LDFLAGS: musl.linking.join(' '),
    PKG_CONFIG_LIBDIR: join(sysroot, `usr/lib/${cpu}-linux-gnu/pkgconfig`),
    PKG_CONFIG_SYSROOT_DIR: sysroot,
  }
}

/** The headers and libraries of musl in the place of glibc's; those of C++ are the compiler's own. */
function forMusl(compiler, arch, sysroot) {
  const { cpu } = architectures[arch]
  const own = foldersOf(compiler).filter((path) => /\/c\+\+\/|\/gcc(-cross)?\//.test(path))
  const folders = [...own, join(sysroot, `usr/include/${cpu}-linux-musl`)]
  return {
    flags: [
      '-nostdinc',
      '-nostdinc++',
      ...folders.flatMap((path) => ['-isystem', path]),
      '-include',
      join(root, 'scripts/prebuild/musl.h'),
      // They ask glibc which instructions there are.
      ...(arch === 'arm64' ? ['-mno-outline-atomics'] : []),
    ],
    linking: [
      `-B${join(sysroot, `usr/lib/${cpu}-linux-musl`)}`, // crti.o and crtn.o
      // Before the other one, which has libc.a alone: -lc would take all of it into the addon.
      `-L${join(sysroot, `lib/${cpu}-linux-musl`)}`,
      `-L${join(sysroot, `usr/lib/${cpu}-linux-musl`)}`,
    ],
  }
}

/** Where a compiler looks for headers of its own accord. */
function foldersOf(compiler) {
  const args = ['-E', '-v', '-x', 'c++', '/dev/null']
  const { status, stderr, error } = spawnSync(compiler, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`Cannot run ${compiler}: ${error?.message ?? stderr}`)
  return [...stderr.matchAll(/^ (\/\S+)$/gm)].map(([, path]) => resolve(path))
}
