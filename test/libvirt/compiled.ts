import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'

const root = fileURLToPath(new URL('../..', import.meta.url))

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder with the compiled programs of `children/`. */
    readonly children: string
  }
}

/**
 * Compiles the library and the programs of `children/` into a package of their own beside the built addon:
 * plain Node runs them, and its workers too, which know no TypeScript.
 */
export default function compileChildren(project: TestProject): () => void {
  const directory = mkdtempSync(join(tmpdir(), 'ballast-children-'))
  const remove = () => rmSync(directory, { recursive: true, force: true })
  try {
    cpSync(join(root, 'package.json'), join(directory, 'package.json'))
    for (const shared of ['node_modules', 'build', 'prebuilds']) {
      if (existsSync(join(root, shared))) symlinkSync(join(root, shared), join(directory, shared))
    }
    const configuration = join(directory, 'tsconfig.json')
    writeFileSync(
      configuration,
      JSON.stringify({
        extends: join(root, 'tsconfig.json'),
        compilerOptions: { noEmit: false, declaration: false, rootDir: root, outDir: directory },
        include: [join(root, 'lib'), join(root, 'test/libvirt/children')],
      }),
    )
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', configuration])
  } catch (error) {
    remove()
    throw error
  }
  project.provide('children', join(directory, 'test/libvirt/children'))
  return remove
}
