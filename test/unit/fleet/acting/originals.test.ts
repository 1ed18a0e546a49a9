import { describe, expect, it } from 'vitest'
import { type JournalEntry, memoryJournal } from '../../../../lib/control/journal/journal.ts'
import { Originals } from '../../../../lib/fleet/acting/originals.ts'
import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { BallastError } from '../../../../lib/host/errors.ts'
import type { DomainRef } from '../../../../lib/host/host.ts'

const there = { uuid: 'u1', name: 'one', id: 7, run: 'boot-a 100' }
const here = { uuid: 'u1', name: 'one', id: 2, run: 'boot-b 5' }

/** What the source's journal has of the guest: it had 2 of 4 pCPUs pinned and a smaller balloon. */
const entries: readonly JournalEntry[] = [
  {
    kind: 'affinity',
    vcpu: 0,
    ...there,
    wallTime: 1,
    original: CpuSet.range(0, 3),
    requested: [{ wallTime: 2, from: CpuSet.range(0, 3), to: CpuSet.of(1) }],
  },
  { kind: 'affinity', vcpu: 1, ...there, wallTime: 1, original: CpuSet.range(1, 2), requested: [] },
  { kind: 'affinity', vcpu: 2, ...there, wallTime: 1, original: CpuSet.of(3), requested: [] },
  {
    kind: 'memory',
    ...there,
    wallTime: 1,
    original: 1024,
    requested: [{ wallTime: 3, from: 1024, to: 512 }],
  },
]

/** Metadata that go with guests, as both hosts see them. */
class Metadata {
  readonly texts = new Map<string, string>()
  reads = 0
  async carry(domain: DomainRef, text: string | undefined): Promise<void> {
    const uuid = typeof domain === 'string' ? domain : domain.uuid
    if (text === undefined) this.texts.delete(uuid)
    else this.texts.set(uuid, text)
  }
  async carried(uuid: string): Promise<string | undefined> {
    this.reads++
    return this.texts.get(uuid)
  }
}

/** A source of 4 pCPUs whose guest is on its way, and a target of `cpuCount`. */
async function moved(cpuCount: number, written = entries) {
  const host = new Metadata()
  const source = memoryJournal()
  await source.record(written)
  await new Originals({ journal: source, host, cpuCount: () => 4 }).send('u1', there)
  const journal = memoryJournal()
  return { host, journal, target: new Originals({ journal, host, cpuCount: () => cpuCount }) }
}

const change: JournalEntry = {
  kind: 'memory',
  ...here,
  wallTime: 9,
  original: 512,
  requested: [{ wallTime: 9, from: 512, to: 768 }],
}

describe('originals of a guest that migrates', () => {
  it("are in the new host's journal before anything else of the guest", async () => {
    const { target, journal, host } = await moved(4)
    await target.journal.record([change])
    const known = await journal.entries()
    expect(known.map(({ kind, id, run }) => ({ kind, id, run }))).toEqual(
      entries.map(({ kind }) => ({ kind, id: here.id, run: here.run })),
    )
    expect(known.find(({ kind }) => kind === 'memory')).toMatchObject({
      original: 1024,
      requested: [
        { from: 1024, to: 512 },
        { from: 512, to: 768 },
      ],
    })
    expect(host.texts.size).toBe(0)
    // Once for each run.
    await target.journal.record([change])
    expect(host.reads).toBe(1)
  })

  it('are taken of a guest that nothing is changed of', async () => {
    const { target, journal } = await moved(4)
    await target.take([here])
    expect(await journal.entries()).toHaveLength(entries.length)
  })

  it.each([
    ['more', 8, ['0-7', '1-2', '3']],
    ['fewer', 2, ['0-1', '1']],
  ])('are of the pCPUs of a host that has %s', async (_, cpuCount, originals) => {
    const { target, journal } = await moved(cpuCount as number)
    await target.take([here])
    const known = (await journal.entries()).filter(({ kind }) => kind === 'affinity')
    expect(known.map(({ original }) => String(original))).toEqual(originals)
  })

  it('are none where nothing was changed, and what is no text of ours is left', async () => {
    const { host } = await moved(4, [])
    expect(host.texts.size).toBe(0)
    const journal = memoryJournal()
    const target = new Originals({ journal, host, cpuCount: () => 4 })
    for (const text of ['', 'x', '{}\n{}', '{"cpuCount":4}\n{"journal":"ballast","version":99}\n']) {
      host.texts.set('u1', text)
      await target.take([{ ...here, id: here.id + text.length, run: `other ${text.length}` }])
      expect(host.texts.get('u1')).toBe(text)
    }
    expect(await journal.entries()).toEqual([])
  })

  it('that cannot be read keep the guest from being changed; it is asked again', async () => {
    const { target, journal, host } = await moved(4)
    const carried = host.carried.bind(host)
    host.carried = () => Promise.reject(new BallastError('ERR_TIMEOUT', 'no answer'))
    await expect(target.journal.record([change])).rejects.toMatchObject({ code: 'ERR_JOURNAL' })
    await expect(target.take([here])).rejects.toMatchObject({ code: 'ERR_JOURNAL' })
    expect(await journal.entries()).toEqual([])
    host.carried = carried
    await target.take([here])
    expect(await journal.entries()).toHaveLength(entries.length)
  })

  it('are those of the run that moves, and of no other', async () => {
    const { host } = await moved(4, [...entries, { ...change, id: 6, run: 'boot-a 50' }])
    expect(host.texts.get('u1')!.match(/"kind"/g)).toHaveLength(entries.length)
  })
})
