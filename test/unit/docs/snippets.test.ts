import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it, vi } from 'vitest'
import * as scope from './scope.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

interface Snippet {
  /** `docs/policies.md:9`. */
  readonly place: string
  readonly file: string
}

/** Every block that is marked as TypeScript. */
function* snippetsOf(page: string): Generator<{ readonly place: string; readonly text: string }> {
  const source = readFileSync(join(root, page), 'utf8')
  for (const match of source.matchAll(/^```ts\n(.*?)^```$/gms)) {
    const line = source.slice(0, match.index).split('\n').length
    yield { place: `${page}:${line}`, text: match[1]! }
  }
}

/** As a module of its own: what it imports from the package, or uses without declaring it, comes from `scope.ts`. */
function asModule(text: string): string {
  const imported = [...text.matchAll(/^import \{([^}]*)\} from 'ballast'$/gm)].flatMap(([, names]) =>
    names!.split(',').map((name) => name.trim().replace(/^type /, '')),
  )
  const isDeclared = (name: string) =>
    new RegExp(`(const|let|function|using) (\\{[^}]*\\b)?${name}\\b`).test(text)
  const isUsed = (name: string) => new RegExp(`(?<![.'\\w])${name}\\b(?!['\\w]|:)`).test(text)
  const found = Object.keys(scope).filter(
    (name) => isUsed(name) && !imported.includes(name) && !isDeclared(name),
  )
  const body = text.replaceAll("from 'ballast'", "from '../../test/unit/docs/scope.ts'")
  return `import { ${found.join(', ')} } from '../../test/unit/docs/scope.ts'\n${body}\nexport {}\n`
}

mkdirSync(join(root, '.cache'), { recursive: true })
const directory = mkdtempSync(join(root, '.cache/snippets-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`)
    .sort(),
]
const snippets: Snippet[] = pages
  .flatMap((page) => [...snippetsOf(page)])
  .map(({ place, text }, index) => {
    const file = join(directory, `snippet-${index}.ts`)
    writeFileSync(file, asModule(text))
    return { place, file }
  })

describe('the snippets of README and docs', () => {
  it('are there', () => expect(snippets.length).toBeGreaterThan(20))

  it('compile', () => {
    const config = join(directory, 'tsconfig.json')
    writeFileSync(
      config,
      JSON.stringify({
        extends: join(root, 'tsconfig.json'),
        include: [`${directory}/*.ts`, join(root, 'lib/**/*.d.ts')],
      }),
    )
    const compile = () =>
      execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', config], {
        cwd: root,
        encoding: 'utf8',
      })
    try {
      compile()
    } catch (error) {
      const { stdout } = error as { stdout: string }
      const placed = stdout.replaceAll(/\S*snippet-(\d+)\.ts/g, (_, index) => snippets[Number(index)]!.place)
      throw new Error(placed)
    }
  })

  it.each(snippets)('$place runs', async ({ file }) => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    try {
      await import(`./${relative(import.meta.dirname, file)}`)
    } finally {
      log.mockRestore()
    }
  })
})
