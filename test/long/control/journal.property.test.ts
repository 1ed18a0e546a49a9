import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fileJournal } from '../../../lib/control/journal/file-journal.ts'
import { parseJournal } from '../../../lib/control/journal/format.ts'
import { type JournalEntry, keep, subjectOf } from '../../../lib/control/journal/journal.ts'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { runs as times } from '../../support/runs.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ballast-journal-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const size = fc.integer({ min: 1, max: 2 ** 40 })
const cpus = fc.array(fc.nat(70), { minLength: 1, maxLength: 4 }).map((list) => CpuSet.from(list))
const pace = fc.record({ pagesToScan: fc.nat(9_999), sleep: fc.nat(99) })
const period = fc.oneof(fc.nat(9), fc.constant(null))

/** A setting of kind `kind`, as it is written down before it is changed. */
function change<Kind extends string, Value>(kind: Kind, value: fc.Arbitrary<Value>) {
  return fc
    .record({
      from: value,
      to: value,
      time: fc.nat(9_999),
      guest: fc.nat(2),
      name: fc.string({ unit: 'grapheme' }),
    })
    .map(({ from, to, time, guest, name }) => {
      const wallTime = 1_700_000_000_000 + time
      const requested = [{ wallTime, from, to }]
      return { kind, uuid: `u-${guest}`, name, id: guest, wallTime, original: from, requested }
    })
}

const pinning = fc
  .tuple(change('affinity', cpus), fc.nat(2))
  .map(([entry, vcpu]): JournalEntry => ({ ...entry, vcpu }))
const entry: fc.Arbitrary<JournalEntry> = fc.oneof(
  pinning,
  change('memory', size),
  change('cpuShares', size),
  change('memoryStatsPeriod', period),
  change('ksm', pace),
)
const step = fc.record({
  forgets: fc.integer({ min: 0, max: 5 }).map((one) => one === 0),
  entries: fc.array(entry, { maxLength: 3 }),
})

const plain = (entries: Iterable<JournalEntry>) => JSON.parse(JSON.stringify([...entries]))

/** What is kept after each line of a run with these steps. */
function statesOf(
  steps: readonly { readonly forgets: boolean; readonly entries: readonly JournalEntry[] }[],
) {
  const kept = new Map<string, JournalEntry>()
  const states = [plain([])]
  for (const { forgets, entries } of steps) {
    for (const one of entries) {
      if (forgets) kept.delete(subjectOf(one))
      else keep(kept, one)
      states.push(plain(kept.values()))
    }
  }
  return states
}

describe('a journal that was cut off at any byte', () => {
  it('tells what was written up to there, and can be gone on with', async () => {
    let runs = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 10 }),
        fc.array(fc.nat(), { minLength: 6, maxLength: 6 }),
        entry,
        async (steps, cuts, more) => {
          const path = join(directory, String(runs++))
          const journal = fileJournal(path)
          for (const { forgets, entries } of steps)
            await (forgets ? journal.forget(entries) : journal.record(entries))
          if (steps.every(({ entries }) => entries.length === 0)) return
          const whole = await readFile(path)
          const states = statesOf(steps)
          const stateAt = (length: number) => {
            const lines = whole.subarray(0, length).filter((byte) => byte === 0x0a).length
            return states[Math.max(0, lines - 1)]
          }
          for (let length = 0; length <= whole.length; length++) {
            const parsed = parseJournal(whole.subarray(0, length).toString('utf8'))
            if (!('kept' in parsed)) throw new Error(`${JSON.stringify(parsed)} after ${length} bytes`)
            expect(plain(parsed.kept.values())).toEqual(stateAt(length))
          }
          expect(stateAt(whole.length)).toEqual(states.at(-1))
          for (const cut of cuts) {
            const length = cut % (whole.length + 1)
            await writeFile(path, whole.subarray(0, length))
            expect(plain(await fileJournal(path).entries())).toEqual(stateAt(length))
            const next = fileJournal(path)
            await next.record([more])
            const kept = new Map<string, JournalEntry>()
            for (const one of readEntries(whole.subarray(0, length))) keep(kept, one)
            keep(kept, more)
            expect(plain(await next.entries())).toEqual(plain(kept.values()))
            expect(plain(await fileJournal(path).entries())).toEqual(plain(kept.values()))
          }
        },
      ),
      { numRuns: times(15) },
    )
  })
})

function readEntries(bytes: Buffer): Iterable<JournalEntry> {
  const parsed = parseJournal(bytes.toString('utf8'))
  return 'kept' in parsed ? parsed.kept.values() : []
}
