import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** Names that were replaced: the glossary in docs/architecture.md has one word for each thing. */
const identifiers = [
  'holdHost',
  'holdersOf',
  'stayConnected',
  'LastingHost',
  'Lanes',
  'RunBook',
  'DomainBooks',
  'SettingsBook',
  'MemoryBooks',
  'keepsLast',
  'RollbackHolds',
  'leftAlone',
  'foreign-change',
  'nonsense',
  'sufferers',
  'lostProgram',
  'MergingPace',
  'samePages',
  'SamePages',
  'homeless',
  'homecomings',
  'perhapsPinned',
  'telling(',
  'tellsOf',
  'Narrator',
  'ToldEvent',
  'cleanly(',
  'bringBack',
  'deadman',
  'ERR_HELD',
  'ERR_NO_ROOM',
].map((word) => [word, word] as const)

/** Idiom that nobody searches for: "skipped", "restored", "idle", "indefinitely", "another program" and "N" say it. */
const idiom = [
  ['left alone', /\bleft alone\b/i],
  ['brings back', /\b(bring|brings|bringing|brought) back\b/i],
  ['at rest', /\bat rest\b/i],
  ['for ever', /\bfor ever\b/i],
  ['someone else', /\b(someone|somebody) else\b/i],
  ['so many', /\bso many (milliseconds|seconds|bytes|times|views|moves)\b/i],
  ['beat', /\bbeats?\b/i],
  ['wait, as a figure', /\b(longest|least|mean|average) waits?\b|\bwaits? (unknown|of the worst)/i],
] as const

/** Options and values of the command line and of the configuration file that have other names now. */
const commandLine = [
  ['--keep', /--keep\b/],
  ['--reserve', /--reserve\b/],
  ['--domains', /(?<!-- sampling )--domains\b/],
  ['--policy', /--policy\b/],
  ['--reserved-cpus', /\breserved-cpus\b/],
  ['domain-settings:', /\bdomain-settings:/],
  [
    'policies in camelCase',
    /(--(policy|policies|scheduler|ballooning) |\b(policy|scheduler|ballooning): ?['"]?)(idleTax|oneMove|roundRobin)\b/,
  ],
] as const

const words: readonly (readonly [string, string | RegExp])[] = [...identifiers, ...idiom, ...commandLine]

function filesIn(folder: string, end: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(end))
    .map((name) => `${folder}/${name}`)
}

/** The lines that have a word, as `file:line: text`. */
function linesWith(word: string | RegExp, files: readonly string[]): string[] {
  const has = (line: string) => (typeof word === 'string' ? line.includes(word) : word.test(line))
  return files.flatMap((file) =>
    (texts.get(file) ?? []).flatMap((line, i) => (has(line) ? [`${file}:${i + 1}: ${line}`] : [])),
  )
}

const pages = ['README.md', ...filesIn('docs', '.md')]
const sources = filesIn('lib', '.ts')
const texts = new Map(
  [...pages, ...sources].map((file) => [file, readFileSync(join(root, file), 'utf8').split('\n')]),
)

describe('an old word is gone', () => {
  it.each(words)('from README and docs: %s', (_, word) => expect(linesWith(word, pages)).toEqual([]))

  it.each(words)('from lib: %s', (_, word) => {
    expect(linesWith(word, sources)).toEqual([])
  })
})
