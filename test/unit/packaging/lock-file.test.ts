import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

interface Entry {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const file = fileURLToPath(new URL('../../../package-lock.json', import.meta.url))
const text = readFileSync(file, 'utf8')
const entries: Readonly<Record<string, Entry>> = JSON.parse(text).packages

/** Whether a package that is installed at `path` finds `name`, as Node looks for it: in its own node_modules, then outwards. */
function finds(path: string, name: string): boolean {
  if (entries[`${path}${path && '/'}node_modules/${name}`]) return true
  return path !== '' && finds(path.slice(0, Math.max(path.lastIndexOf('/node_modules/'), 0)), name)
}

describe('package-lock.json', () => {
  it('has each package that one of its entries depends on: `npm ci` refuses it otherwise', () => {
    const missing = Object.entries(entries).flatMap(([path, entry]) =>
      Object.keys({ ...entry.dependencies, ...entry.devDependencies, ...entry.optionalDependencies })
        .filter((name) => !finds(path, name))
        .map((name) => `${path || 'ballast'} needs ${name}`),
    )
    expect(missing).toEqual([])
  })

  it('has no address of a registry', () => {
    expect(text).not.toContain('"resolved"')
  })
})
