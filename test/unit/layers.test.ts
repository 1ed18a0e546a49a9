import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Folders of lib, bottom up, each with some that it must not import. Peers do not import each other. */
const forbidden: Readonly<Record<string, readonly string[]>> = {
  util: ['host', 'view', 'libvirt'],
  host: ['view', 'policy', 'libvirt', 'addon'],
  addon: ['view', 'libvirt', 'control'],
  libvirt: ['view', 'control', 'simulation'],
  simulation: ['view', 'control', 'libvirt', 'whatif'],
  view: ['policy', 'control', 'simulation', 'addon'],
  policy: ['schedulers', 'control'],
  schedulers: ['ballooning', 'control', 'libvirt'],
  ballooning: ['schedulers', 'control'],
  combinators: ['schedulers', 'ballooning', 'control'],
  control: ['report', 'cli', 'libvirt', 'simulation', 'whatif'],
  report: ['recording', 'cli', 'libvirt', 'whatif'],
  recording: ['cli', 'libvirt', 'simulation', 'whatif', 'fleet'],
  fleet: ['cli', 'libvirt', 'simulation', 'whatif', 'addon'],
  whatif: ['cli', 'libvirt', 'addon'],
  page: ['cli', 'libvirt', 'addon'],
  cli: [],
}

/** Files by path, and whether the linter's rules forbid what they import. */
const examples: Readonly<Record<string, { readonly text: string; readonly isForbidden: boolean }>> = {
  'lib/view/cpu/room.ts': { text: "export type { A } from '../../control/a.ts'\n", isForbidden: true },
  'lib/view/cpu/fine.ts': { text: "export type { A } from '../../host/a.ts'\n", isForbidden: false },
  'lib/report/fine.ts': { text: "export type { A } from '../control/a.ts'\n", isForbidden: false },
  'lib/host/circle.ts': { text: "import './circle-too.ts'\n\nexport type A = 1\n", isForbidden: true },
  'lib/host/circle-too.ts': { text: "export type { A } from './circle.ts'\n", isForbidden: true },
  ...Object.fromEntries(
    Object.entries(forbidden).flatMap(([folder, above]) =>
      above.map((other) => [
        `lib/${folder}/${other}.ts`,
        { text: `export * from '../${other}/a.ts'\n`, isForbidden: true },
      ]),
    ),
  ),
}

/** Paths of the examples in which the linter finds something, with this project's rules. */
function reported(): Set<string> {
  const directory = mkdtempSync(join(tmpdir(), 'ballast-layers-'))
  try {
    copyFileSync(join(root, 'biome.json'), join(directory, 'biome.json'))
    for (const [path, { text }] of Object.entries(examples)) {
      mkdirSync(join(directory, dirname(path)), { recursive: true })
      writeFileSync(join(directory, path), text)
    }
    const { stdout } = spawnSync(
      join(root, 'node_modules/.bin/biome'),
      ['lint', '--reporter=json', '--max-diagnostics=none', '.'],
      { cwd: directory, encoding: 'utf8' },
    )
    const { diagnostics }: { diagnostics: { location: { path: string | { file: string } } }[] } =
      JSON.parse(stdout)
    const paths = diagnostics.map(({ location: { path } }) => (typeof path === 'string' ? path : path.file))
    return new Set(paths.map((path) => path.replace(/^\.\//, '')))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

describe('the layers of lib', () => {
  it('are all there, and each has its rule', () => {
    const folders = readdirSync(join(root, 'lib'), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    )
    expect(folders.map(({ name }) => name).sort()).toEqual(Object.keys(forbidden).sort())
  })

  it('import nothing from above, and nothing in a circle', () => {
    const expected = Object.entries(examples).filter(([, { isForbidden }]) => isForbidden)
    expect([...reported()].sort()).toEqual(expected.map(([path]) => path).sort())
  })
})
