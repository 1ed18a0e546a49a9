import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { autopilot } from '../../../../lib/control/autopilot.ts'
import { fileJournal } from '../../../../lib/control/journal/file-journal.ts'
import { type Journal, memoryJournal } from '../../../../lib/control/journal/journal.ts'
import { restore } from '../../../../lib/control/restore/restore.ts'
import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { BallastError } from '../../../../lib/host/errors.ts'
import { setMemory } from '../../../../lib/policy/plan.ts'
import { GiB, MiB } from '../../../../lib/util/units.ts'
import type { View } from '../../../../lib/view/view.ts'
import { FakeHost, guest } from '../fake-host.ts'
import { change, scheduler, settings } from './fixtures.ts'

let directory: string
let path: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ballast-restore-'))
  path = join(directory, 'journal')
})
afterEach(() => rm(directory, { recursive: true, force: true }))

function twoGuests(): FakeHost {
  const vcpu = { pcpu: 0, usage: 0.2 }
  return new FakeHost([
    guest(1, {
      vcpus: [
        { affinity: CpuSet.of(0), ...vcpu },
        { affinity: CpuSet.range(0, 3), ...vcpu },
      ],
      period: 7,
    }),
    guest(2, { actual: 512 * MiB, rss: 512 * MiB, period: 7 }),
  ])
}

describe('the journal', () => {
  it('has the original before the change is made', async () => {
    const host = twoGuests()
    const journal = memoryJournal()
    const known: string[] = []
    host.obstacle = async (call, uuid) => {
      if (uuid === '') return
      const entries = (await journal.entries()).filter((entry) => entry.uuid === uuid)
      known.push(`${call}: ${entries.map(({ kind }) => kind).join(' ')}`)
    }
    await change(host, journal)
    expect(known.filter((line) => line.startsWith('setMemory:'))).toEqual([
      expect.stringContaining('memory'),
      expect.stringContaining('memory'),
    ])
    expect(known.filter((line) => line.startsWith('pinVcpu'))).toHaveLength(3)
    for (const line of known) {
      const kind = { pinVcpu: 'affinity', setMemory: 'memory', setMemoryStatsPeriod: 'memoryStatsPeriod' }[
        line.split(':')[0]!
      ]
      expect(line.split(': ')[1]!.split(' ')).toContain(kind)
    }
  })

  it('that cannot be written stops every change, and the tick says why', async () => {
    const host = twoGuests()
    const journal: Journal = {
      record: async () => {
        throw new BallastError('ERR_JOURNAL', 'disk full')
      },
      entries: async () => [],
    }
    const codes: (string | undefined)[] = []
    for await (const tick of autopilot(host, { interval: 1_000, ticks: 2, journal, scheduler })) {
      codes.push(...tick.outcomes.map(({ error }) => error?.code))
    }
    expect(new Set(codes)).toEqual(new Set(['ERR_JOURNAL']))
    expect(host.calls).toEqual([])
  })
})

describe('restore', () => {
  it('brings everything back, after a crash in mid-line too', async () => {
    const host = twoGuests()
    const before = settings(host)
    await change(host, fileJournal(path))
    expect(settings(host)).toEqual([
      ['vm1', 640, 1, '3', '3'],
      ['vm2', 640, 1, '3'],
    ])
    await appendFile(path, '{"wallTime":17000000,"uuid":"0000')
    const report = await restore(host, fileJournal(path))
    expect(settings(host)).toEqual(before)
    expect(report.restored).toHaveLength(7)
    expect(report.notRestored).toEqual([])
    expect(report.ended).toEqual([])
  })

  it('brings back what was found first, not what a later run found', async () => {
    const host = twoGuests()
    const before = settings(host)
    await change(host, fileJournal(path))
    await change(host, fileJournal(path), 800 * MiB)
    await restore(host, fileJournal(path))
    expect(settings(host)).toEqual(before)
  })

  it('says when a statistics period was not known, or cannot be set', async () => {
    const host = twoGuests()
    const entry = { wallTime: 0, kind: 'memoryStatsPeriod' } as const
    const [one, two] = host.guests
    const journal = memoryJournal()
    await journal.record([
      { ...entry, uuid: one!.uuid, name: 'vm1', id: 1, original: null },
      { ...entry, uuid: two!.uuid, name: 'vm2', id: 2, original: 3 },
    ])
    host.obstacle = (call) => {
      if (call === 'setMemoryStatsPeriod') throw new BallastError('ERR_DOMAIN_BUSY', 'another job holds it')
    }
    const { notRestored } = await restore(host, journal)
    expect(notRestored.map(({ entry, why }) => `${entry.name}: ${why}`)).toEqual([
      'vm1: the original is not known: `virsh dommemstat DOMAIN --period 0` turns it off',
      'vm2: another job holds it',
    ])
  })

  it('a second time sets affinities once more, and nothing else', async () => {
    const host = twoGuests()
    const journal = memoryJournal()
    await change(host, journal)
    await restore(host, journal)
    const calls = host.calls.length
    const restored = settings(host)
    // Before that a balloon may be on its way to what it was asked for before.
    await host.clock.sleepUntil(host.clock.now() + 60_000)
    expect((await restore(host, journal)).restored).toHaveLength(7)
    expect(settings(host)).toEqual(restored)
    // What is seen does not tell whether a pin that failed is still written somewhere.
    expect(host.calls.slice(calls).map((call) => call.split(' ')[0])).toEqual(new Array(3).fill('pinVcpu'))
  })

  it('leaves alone what has restarted or ended since', async () => {
    const host = twoGuests()
    const journal = memoryJournal()
    await change(host, journal)
    host.guests[0]!.id = 50
    host.guests.pop()
    const calls = host.calls.length
    const report = await restore(host, journal)
    expect(report).toMatchObject({ restored: [], notRestored: [] })
    expect(report.ended).toHaveLength(7)
    expect(host.calls).toHaveLength(calls)
  })

  it('does not take from a guest what it uses by now, and says so', async () => {
    const host = new FakeHost([guest(1, { actual: 512 * MiB, rss: 512 * MiB })])
    const journal = memoryJournal()
    await change(host, journal, GiB)
    host.guests[0]!.used = 700 * MiB
    const report = await restore(host, journal)
    expect(host.guests[0]!.actual).toBe(800 * MiB)
    expect(report.notRestored.find(({ entry }) => entry.kind === 'memory')?.why).toContain('it uses 700 MiB')
  })

  it('takes first, looks, and gives then what the host did not have before', async () => {
    const memory = 4 * GiB
    const host = new FakeHost(
      [
        guest(1, { actual: 1536 * MiB, rss: 1536 * MiB, used: 100 * MiB }),
        guest(2, { actual: 1536 * MiB, rss: 1536 * MiB, used: 100 * MiB }),
      ],
      { memory },
    )
    const journal = memoryJournal()
    const swap = (view: View) => [
      setMemory(view.domains[0]!, 512 * MiB, 'test'),
      setMemory(view.domains[1]!, 2 * GiB, 'test'),
    ]
    for await (const _ of autopilot(host, { interval: 1_000, ticks: 3, journal, ballooning: swap })) {
      for (const one of host.guests) one.rss = one.actual
    }
    expect(settings(host).map(([, mib]) => mib)).toEqual([512, 2048])
    // The host has other work by now: no room for both at their largest.
    const available = () => memory - host.guests.reduce((sum, { rss }) => sum + rss, 0) - 200 * MiB
    host.obstacle = () => {
      host.available = available()
    }
    const report = await restore(host, journal)
    expect(settings(host).map(([, mib]) => mib)).toEqual([1536, 1536])
    expect(report.restored.map(({ kind }) => kind)).toEqual(['memory', 'memory'])
    expect(host.calls.at(-1)).toBe('setMemory vm1 1536')
  })

  it('tells a call that failed, and restores the rest', async () => {
    const host = twoGuests()
    const journal = memoryJournal()
    await change(host, journal)
    host.obstacle = (call, uuid) => {
      if (call === 'pinVcpu' && uuid === host.guests[1]!.uuid)
        throw new BallastError('ERR_DOMAIN_BUSY', 'busy')
    }
    const report = await restore(host, journal)
    expect(report.restored).toHaveLength(6)
    expect(report.notRestored.find(({ entry }) => entry.kind === 'affinity')).toMatchObject({
      entry: { name: 'vm2' },
      why: 'busy',
      error: { code: 'ERR_DOMAIN_BUSY' },
    })
  })

  it('takes a mask that is wider than the host for free to run anywhere', async () => {
    const host = new FakeHost([guest(1, { vcpus: [{ affinity: CpuSet.range(0, 7), pcpu: 0, usage: 0 }] })])
    const journal = memoryJournal()
    await change(host, journal)
    const report = await restore(host, journal)
    expect(host.guests[0]!.vcpus[0]!.affinity.toString()).toBe('0-3')
    expect(report.restored.map(({ kind }) => kind)).toContain('affinity')
  })

  it('is refused on a read-only host', async () => {
    await expect(restore(new FakeHost([], { readOnly: true }), memoryJournal())).rejects.toMatchObject({
      code: 'ERR_PERMISSION_DENIED',
    })
  })

  it('brings back only what belongs to the resources that it is asked for', async () => {
    const host = twoGuests()
    const before = settings(host)
    const journal = memoryJournal()
    await change(host, journal)
    const report = await restore(host, journal, { resources: ['vcpus'] })
    expect(report.restored.map(({ kind }) => kind)).toEqual(['affinity', 'affinity', 'affinity'])
    expect(settings(host)).toEqual([
      ['vm1', 640, 1, '0', '0-3'],
      ['vm2', 640, 1, '0-3'],
    ])
    await restore(host, journal, { resources: ['memory'] })
    expect(settings(host)).toEqual(before)
  })

  it('gives at once what can be given when it is not to wait, and the rest later', async () => {
    const host = new FakeHost([guest(1, { actual: 1536 * MiB, rss: 512 * MiB, used: 100 * MiB })], {
      memory: 4 * GiB,
    })
    const journal = memoryJournal()
    await change(host, journal, 512 * MiB)
    host.available = 1024 * MiB
    const { notRestored } = await restore(host, journal, { wait: 0 })
    expect(notRestored.map(({ entry, why }) => `${entry.kind}: ${why}`)).toEqual([
      'memory: the host has 448 MiB left to grant',
    ])
    expect(host.guests[0]!.actual).toBe(960 * MiB)
    host.available = 4 * GiB
    // What the first one gave is no foreign change to the second.
    expect((await restore(host, journal, { wait: 0 })).external).toEqual([])
    expect(host.guests[0]!.actual).toBe(1536 * MiB)
  })

  it('does not ask for a size that it could not write down, unless it is the original', async () => {
    const one = { actual: 1024 * MiB, rss: 512 * MiB, used: 100 * MiB }
    const host = new FakeHost([guest(1, one), guest(2, one)], { memory: 4 * GiB })
    const journal = memoryJournal()
    await change(host, journal, 512 * MiB)
    host.available = 1300 * MiB
    const full: Journal = {
      record: async () => {
        throw new BallastError('ERR_JOURNAL', 'disk full')
      },
      entries: () => journal.entries(),
    }
    const { notRestored } = await restore(host, full, { wait: 0 })
    expect(host.guests.map(({ actual }) => actual / MiB)).toEqual([1024, 512])
    expect(notRestored).toMatchObject([{ entry: { name: 'vm2', kind: 'memory' }, why: 'disk full' }])
  })

  it('refuses a time to wait that is none', async () => {
    for (const options of [{ wait: -1 }, { wait: Number.NaN }, { timeout: -1 }]) {
      await expect(restore(twoGuests(), memoryJournal(), options)).rejects.toThrow(TypeError)
    }
  })
})
