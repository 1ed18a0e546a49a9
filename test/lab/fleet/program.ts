import { copyFile, mkdir, symlink } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/**
 * Bundles the program of this checkout into `directory`, and gives the file that Node runs: to start it as TypeScript takes
 * each of a fleet's many processes seconds, on a machine that has guests to run.
 */
export async function bundleProgram(directory: string): Promise<string> {
  await mkdir(directory)
  await build({
    absWorkingDir: root,
    entryPoints: ['lib/cli/main.ts'],
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    packages: 'external',
    outdir: `${directory}/lib/cli`,
    logLevel: 'error',
  })
  // Where the addon and what is external are looked for.
  await copyFile(`${root}/package.json`, `${directory}/package.json`)
  for (const shared of ['node_modules', 'build']) await symlink(`${root}/${shared}`, `${directory}/${shared}`)
  return `${directory}/lib/cli/main.js`
}
