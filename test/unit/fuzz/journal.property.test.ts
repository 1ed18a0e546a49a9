import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fileJournal } from '../../../lib/control/journal/file-journal.ts'
import type { JournalEntry } from '../../../lib/control/journal/journal.ts'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { BallastError } from '../../../lib/host/errors.ts'
import { runs } from '../../support/runs.ts'
import { anyText, nearly } from './arbitraries.ts'

let directory: string
let path: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ballast-fuzz-'))
  path = join(directory, 'journal.jsonl')
})
afterEach(() => rm(directory, { recursive: true }))

const run = { wallTime: 1_700_000_000_000, uuid: 'u-1', name: 'vm "1"\n…', id: 4 }
const written: JournalEntry[] = [
  { ...run, kind: 'affinity', vcpu: 0, original: CpuSet.parse('0-3,8') },
  { ...run, kind: 'memory', original: 512 * 2 ** 20 },
  { ...run, kind: 'cpuShares', original: 1024 },
  { ...run, kind: 'memoryStatsPeriod', original: null },
  { ...run, kind: 'ksm', original: { pagesToScan: 100, sleep: 20 } },
]
const headers = [1, 2, 3, 4].map((version) => `${JSON.stringify({ journal: 'ballast', version })}\n`)
const lines = written.map((entry) => `${JSON.stringify(entry)}\n`).join('')
const pieces = ['{', '}', '"', 'null', '[]', '-1', '"kind":"memory"', '{"__proto__":1}', '\n\n', '\\ud800']

/** Any bytes, and files that are nearly a journal. */
const content = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  nearly(
    headers.map((header) => header + lines),
    pieces,
  ).map((text) => Buffer.from(text)),
  fc.tuple(fc.constantFrom(...headers), anyText).map(([header, text]) => Buffer.from(`${header}${text}\n`)),
  fc.tuple(fc.constantFrom(...headers), fc.json()).map(([header, json]) => Buffer.from(`${header}${json}\n`)),
)

const isDamaged = (error: unknown) => {
  if (error instanceof BallastError && error.code === 'ERR_JOURNAL') return undefined
  throw error
}

function expectEntry({ wallTime, uuid, name, id, kind, original }: JournalEntry): void {
  expect([wallTime, uuid, name, id].map((field) => typeof field)).toEqual([
    'number',
    'string',
    'string',
    'number',
  ])
  if (kind === 'affinity') expect(original).toBeInstanceOf(CpuSet)
  else if (kind === 'ksm') expect(typeof original.pagesToScan + typeof original.sleep).toBe('numbernumber')
  else if (original !== null) expect(original).toBeTypeOf('number')
}

describe('a journal, whatever is in the file', () => {
  it('is entries, or ERR_JOURNAL', async () => {
    let read = 0
    await fc.assert(
      fc.asyncProperty(content, async (bytes) => {
        await writeFile(path, bytes)
        const entries = await fileJournal(path).entries().catch(isDamaged)
        if (!entries) return
        entries.forEach(expectEntry)
        read++
      }),
      { numRuns: runs(500) },
    )
    expect(read).toBeGreaterThan(0)
  })

  it('is gone on with, or left as it is', async () => {
    await fc.assert(
      fc.asyncProperty(content, async (bytes) => {
        await writeFile(path, bytes)
        const before = await fileJournal(path).entries().catch(isDamaged)
        const other: JournalEntry = { ...run, uuid: 'u-other', kind: 'memory', original: 2 ** 20 }
        const recorded = await fileJournal(path)
          .record([other])
          .then(() => true, isDamaged)
        expect(recorded).toBe(before && true)
        if (!before) return
        const after = await fileJournal(path).entries()
        expect(JSON.parse(JSON.stringify(after))).toEqual(JSON.parse(JSON.stringify([...before, other])))
      }),
      { numRuns: runs(100) },
    )
  })
})
