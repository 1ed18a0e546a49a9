// Before `npm pack` and `npm publish`: compiles dist/, makes completions and man pages, and refuses to pack without
// every prebuilt addon, since the package has no install script that could build one. With BALLAST_PACK=own that of
// this machine is enough.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ownTarget, targets } from './prebuild/targets.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

const isOwn = process.env.BALLAST_PACK === 'own'
const needed = isOwn ? [ownTarget()] : targets
const missing = needed.map(({ file }) => file).filter((file) => !existsSync(join(root, file)))
if (missing.length > 0) {
  const cure = isOwn
    ? 'Run `npm run prebuild` first.'
    : 'Run `npm run prebuild:all` first; BALLAST_PACK=own packs that of this machine alone (`npm run prebuild`).'
  console.error(`prepack: no prebuilt addon ${missing.join(', ')}. ${cure}`)
  process.exit(1)
}
for (const script of ['build:ts', 'build:packaging']) {
  const { status } = spawnSync('npm', ['run', '--silent', script], { cwd: root, stdio: ['ignore', 2, 2] })
  if (status !== 0) process.exit(status ?? 1)
}
