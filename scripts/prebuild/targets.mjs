// What a release has prebuilt addons for, below prebuilds/ by the names that node-gyp-build looks for.

/** Names of each architecture, by Node's: Debian's, the GNU triplet's, and of Debian's cross compiler. */
export const architectures = {
  x64: { debian: 'amd64', cpu: 'x86_64', compiler: 'g++-x86-64-linux-gnu' },
  arm64: { debian: 'arm64', cpu: 'aarch64', compiler: 'g++-aarch64-linux-gnu' },
}

export const targets = Object.keys(architectures).flatMap((arch) =>
  ['glibc', 'musl'].map((libc) => ({ arch, libc, file: `prebuilds/linux-${arch}/ballast.${libc}.node` })),
)

/** The target of this machine. */
export function ownTarget() {
  const libc = process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl'
  return targets.find((target) => target.arch === process.arch && target.libc === libc)
}
