import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fileJournal } from '../../../../lib/control/journal/file-journal.ts'
import { withJournalLock } from '../../../../lib/control/journal/lock.ts'
import { MiB } from '../../../../lib/util/units.ts'
import { affinity, manyTimes, memory, period, plain } from '../../../unit/control/journal/entries.ts'

let directory: string
let path: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ballast-journal-'))
  path = join(directory, 'not', 'there', 'yet.jsonl')
})
afterEach(() => rm(directory, { recursive: true, force: true }))

describe('fileJournal', () => {
  it('is readable, and can be gone on with, after a crash at any byte', async () => {
    const entries = [affinity(0, '0-3'), memory(512 * MiB), period, affinity(1, '2')]
    await fileJournal(path).record(entries)
    const whole = await readFile(path)
    const more = memory(77 * MiB)
    for (let length = 0; length <= whole.length; length++) {
      await writeFile(path, whole.subarray(0, length))
      const lines = whole.subarray(0, length).filter((byte) => byte === 0x0a).length
      const survived = entries.slice(0, Math.max(0, lines - 1))
      expect(plain(await fileJournal(path).entries())).toEqual(plain(survived))

      const next = fileJournal(path)
      await next.record([{ ...more, id: 9 }])
      expect(plain(await next.entries())).toEqual(plain([...survived, { ...more, id: 9 }]))
      expect(plain(await fileJournal(path).entries())).toEqual(plain([...survived, { ...more, id: 9 }]))
    }
  })

  it('loses nothing of those who write to it while others write it anew', async () => {
    const writers = [0, 1, 2, 3].map(() => fileJournal(path))
    const [large, small] = [3, 20]
    await writers[0]!.record([affinity(9, '0-3')])
    await Promise.all(
      writers.map(async (journal, writer) => {
        for (let i = 0; i < (writer < 2 ? large : small); i++) {
          await journal.record(writer < 2 ? manyTimes(writer) : [affinity(100 * writer + i, '1')])
          // As controllers do between ticks: the lock is not fair to those that wait for it.
          if (writer < 2) await sleep(50)
        }
      }),
    )
    expect(await fileJournal(path).entries()).toHaveLength(1 + 2 + 2 * small)
    expect(await readdir(join(path, '..'))).toEqual(['yet.jsonl', 'yet.jsonl.lock'])
  })

  it('waits for one who writes to it, and changes nothing when that takes too long', async () => {
    const journal = fileJournal(path)
    await journal.record([affinity(0, '0-3')])
    const another = join(directory, 'not', 'there', '..', 'there', 'yet.jsonl')
    let late: Promise<void> | undefined
    await withJournalLock(another, async () => {
      await expect(journal.record([affinity(1, '1')])).rejects.toMatchObject({
        code: 'ERR_JOURNAL',
        message: expect.stringContaining('another path'),
      })
      expect(await fileJournal(path).entries()).toHaveLength(1)
      late = journal.record([affinity(2, '1')])
    })
    await late
    expect((await fileJournal(path).entries()).map((entry) => 'vcpu' in entry && entry.vcpu)).toEqual([0, 2])
  })
})
