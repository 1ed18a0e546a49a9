import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'SECURITY.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

/** The anchors that a renderer makes of a page's headings. */
function anchorsOf(page: string): string[] {
  const headings = readFileSync(join(root, page), 'utf8').matchAll(/^#+ (.+)$/gm)
  return [...headings].map(([, text]) =>
    text!
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  )
}

/** Links to pages and files of this checkout that lead nowhere. */
function brokenLinks(page: string): string[] {
  const targets = [...readFileSync(join(root, page), 'utf8').matchAll(/\]\(([^)\s]+)\)/g)].map(
    ([, to]) => to!,
  )
  return targets.filter((target) => {
    if (/^[a-z]+:/.test(target)) return false
    const [path = '', anchor] = target.split('#')
    const file = path === '' ? page : join(dirname(page), path)
    if (!existsSync(join(root, file))) return true
    return anchor !== undefined && !anchorsOf(file).includes(anchor)
  })
}

describe('the links of README and docs', () => {
  it.each(pages)('of %s lead somewhere', (page) => expect(brokenLinks(page)).toEqual([]))
})

describe('the lines of README and docs', () => {
  /** Tables, code and pictures cannot be wrapped. */
  function proseOf(page: string): string[] {
    const text = readFileSync(join(root, page), 'utf8').replace(/^```.*?^```$/gms, '')
    return text.split('\n').filter((line) => !/^(\|| {4}|\s*[-*]? ?!?\[|#)/.test(line))
  }

  it.each(pages)('of %s are wrapped', (page) => {
    expect(proseOf(page).filter((line) => line.length > 110)).toEqual([])
  })
})
