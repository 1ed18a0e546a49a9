import { cpSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** What a fresh checkout has not. */
const made = new Set(['.git', '.cache', 'node_modules', 'build', 'dist', 'prebuilds', 'coverage', 'api'])

/** The playground is built among the documents. */
const isSource = (path: string) => path !== join(root, 'docs/playground')

/** A folder for the test's own files. */
export function makeDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'ballast-package-'))
}

/**
 * Copies the sources, beside the same node_modules and objects of C++: builds there disturb nobody who uses the addon of
 * this checkout meanwhile.
 */
export function copyCheckout(to: string): void {
  mkdirSync(join(to, '.git'), { recursive: true }) // in a checkout warnings are errors
  for (const name of readdirSync(root)) {
    if (!made.has(name) && !name.endsWith('.tgz'))
      cpSync(join(root, name), join(to, name), { recursive: true, filter: isSource })
  }
  mkdirSync(join(root, '.cache'), { recursive: true })
  for (const shared of ['node_modules', '.cache']) symlinkSync(join(root, shared), join(to, shared))
}

/** Paths of all files below a folder, relative to it, sorted. */
export function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return files.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).sort()
}
