// Before `npm pack` and `npm publish`: compiles dist/, makes completions and man pages, and refuses to pack without every prebuilt addon, since the package
// has no install script that could build one.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** What a release holds, below prebuilds/. */
const platforms = ['linux-x64']

const missing = platforms.filter((platform) => {
  const folder = `${root}prebuilds/${platform}`
  return !existsSync(folder) || !readdirSync(folder).some((name) => name.endsWith('.node'))
})
if (missing.length > 0) {
  console.error(
    `prepack: no prebuilt addon for ${missing.join(', ')} in prebuilds/. Run \`npm run prebuild\` on that platform first.`,
  )
  process.exit(1)
}
for (const script of ['build:ts', 'build:packaging']) {
  const { status } = spawnSync('npm', ['run', '--silent', script], { cwd: root, stdio: ['ignore', 2, 2] })
  if (status !== 0) process.exit(status ?? 1)
}
