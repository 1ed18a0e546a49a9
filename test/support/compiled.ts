import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'

const root = fileURLToPath(new URL('../..', import.meta.url))

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder with the compiled library, examples and programs of tests, laid out as the checkout. */
    readonly compiled: string
  }
}

/** Programs that tests start as processes of their own. */
const programs = [
  'test/libvirt/children',
  'test/long/control/lock-host.ts',
  'test/long/bench/busy-parent.ts',
  'test/long/recording/killed-writer.ts',
  'test/unit/cli/simulated.ts',
]

/**
 * Compiles the library, the examples and the programs of tests into a package of their own beside the built addon:
 * plain Node runs them in a quarter of a second, and its workers too, which know no TypeScript.
 */
export default function compilePrograms(project: TestProject): () => void {
  const directory = mkdtempSync(join(tmpdir(), 'ballast-compiled-'))
  const remove = () => rmSync(directory, { recursive: true, force: true })
  try {
    // Some of them go on as another user.
    chmodSync(directory, 0o755)
    const manifest: object = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    writeFileSync(
      join(directory, 'package.json'),
      JSON.stringify({ ...manifest, exports: { '.': './lib/index.js' } }),
    )
    for (const shared of ['node_modules', 'build', 'prebuilds']) {
      if (existsSync(join(root, shared))) symlinkSync(join(root, shared), join(directory, shared))
    }
    const configuration = join(directory, 'tsconfig.json')
    writeFileSync(
      configuration,
      JSON.stringify({
        extends: join(root, 'tsconfig.json'),
        compilerOptions: { noEmit: false, declaration: false, rootDir: root, outDir: directory },
        include: ['lib', 'examples', ...programs].map((path) => join(root, path)),
      }),
    )
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', configuration])
  } catch (error) {
    remove()
    throw error
  }
  project.provide('compiled', directory)
  return remove
}
