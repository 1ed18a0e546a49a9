import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fileJournal } from '../../../../lib/control/journal/file-journal.ts'
import { type Journal, type JournalEntry, memoryJournal } from '../../../../lib/control/journal/journal.ts'
import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { MiB } from '../../../../lib/util/units.ts'
import { affinity, memory, period, plain, resize, run } from './entries.ts'

let directory: string
let path: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ballast-journal-'))
  path = join(directory, 'not', 'there', 'yet.jsonl')
})
afterEach(() => rm(directory, { recursive: true, force: true }))

describe('memoryJournal', () => {
  it('drops what runs that have ended began with, once there is much of it', async () => {
    const journal = memoryJournal()
    const ended = (id: number): JournalEntry => {
      return { ...memory(MiB), id, wallTime: run.wallTime - 3_600_000 }
    }
    const active = [{ uuid: run.uuid, name: run.name, id: run.id }]
    await journal.record([ended(1_000), memory(MiB)], active)
    expect(await journal.entries()).toHaveLength(2)
    await journal.record(
      Array.from({ length: 1_000 }, (_, i) => ended(2_000 + i)),
      active,
    )
    expect((await journal.entries()).map(({ id }) => id)).toEqual([run.id])
  })
})

describe.each<[string, () => Journal]>([
  ['memoryJournal', memoryJournal],
  ['fileJournal', () => fileJournal(path)],
])('%s', (_, create) => {
  it('gives back what was recorded', async () => {
    const journal = create()
    await journal.record([affinity(0, '0-3,8'), memory(512 * MiB), period])
    const entries = await journal.entries()
    expect(plain(entries)).toEqual(plain([affinity(0, '0-3,8'), memory(512 * MiB), period]))
    expect(entries[0]!.original).toBeInstanceOf(CpuSet)
  })

  it('keeps only the first about each thing in each run of a domain', async () => {
    const journal = create()
    await journal.record([affinity(0, '0-3'), affinity(0, '1')])
    await journal.record([affinity(0, '2'), affinity(1, '3'), { ...affinity(0, '7'), id: 5 }])
    const kept = (await journal.entries()).map((entry) => `${entry.id} ${String(entry.original)}`)
    expect(kept).toEqual(['4 0-3', '4 3', '5 7'])
  })

  it('has what was asked for since, the last eight and the one that was seen last', async () => {
    const journal = create()
    await journal.record([resize(1024, 1)])
    for (let mib = 2; mib <= 12; mib++) await journal.record([resize(1024, mib)])
    await journal.record([resize(5, 13), resize(5, 14)])
    const [entry, ...others] = await journal.entries()
    expect(others).toEqual([])
    expect(entry).toMatchObject({ kind: 'memory', original: 1024 * MiB })
    expect(entry?.requested?.map(({ to }) => Number(to) / MiB)).toEqual([5, 8, 9, 10, 11, 12, 13, 14])
  })

  it('does not claim to know what was asked for where an entry does not say', async () => {
    const journal = create()
    await journal.record([memory(512 * MiB)])
    await journal.record([resize(512, 600)])
    expect((await journal.entries())[0]).not.toHaveProperty('requested', expect.anything())
  })

  it('takes many at once', async () => {
    const journal = create()
    await Promise.all(
      Array.from({ length: 20 }, (_, vcpu) => journal.record([affinity(vcpu, '1'), affinity(0, '9')])),
    )
    expect(await journal.entries()).toHaveLength(20)
  })
})
