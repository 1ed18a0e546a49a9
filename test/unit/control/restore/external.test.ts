import { describe, expect, it } from 'vitest'
import { memoryJournal } from '../../../../lib/control/journal/journal.ts'
import { restore } from '../../../../lib/control/restore/restore.ts'
import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { GiB, MiB } from '../../../../lib/util/units.ts'
import { FakeHost, guest } from '../fake-host.ts'
import { change, settings } from './fixtures.ts'

describe('what somebody else changed since', () => {
  /** A host on which a loop has pinned vm1 to 3 and set its balloon from 1024 to 640 MiB, and its journal. */
  async function changed(used = 200 * MiB) {
    const host = new FakeHost([
      guest(1),
      guest(2, { vcpus: [{ affinity: CpuSet.of(1), pcpu: 1, usage: 0.1 }] }),
    ])
    const journal = memoryJournal()
    await change(host, journal)
    host.guests[0]!.used = used
    return { host, journal, vm1: host.guests[0]! }
  }

  it('is left alone and named: pins, balloons, cpu_shares, statistics periods', async () => {
    const { host, journal, vm1 } = await changed()
    const { uuid, name, id } = vm1
    const requested = [{ wallTime: 0, from: 1024, to: 2048 }]
    await journal.record([{ uuid, name, id, wallTime: 0, kind: 'cpuShares', original: 1024, requested }])
    const [period] = [[{ wallTime: 0, from: 0, to: 1 }]]
    await journal.record([
      { uuid, name, id, wallTime: 0, kind: 'memoryStatsPeriod', original: 0, requested: period! },
    ])
    vm1.cpuShares = 300
    vm1.vcpus[0]!.affinity = CpuSet.of(2)
    vm1.actual = 900 * MiB
    vm1.period = 5
    await host.clock.sleepUntil(host.clock.now() + 60_000)
    const report = await restore(host, journal)
    expect(report.external.map(({ name, kind }) => `${name} ${kind}`).sort()).toEqual([
      'vm1 affinity',
      'vm1 cpuShares',
      'vm1 memory',
      'vm1 memoryStatsPeriod',
    ])
    expect(report.restored.map(({ name, kind }) => `${name} ${kind}`)).toEqual(['vm2 memory', 'vm2 affinity'])
    expect(settings(host)).toEqual([
      ['vm1', 900, 5, '2'],
      ['vm2', 1024, 1, '1'],
    ])
    expect(vm1.cpuShares).toBe(300)
  })

  it.each<[string, number, number, number, number]>([
    ['on its way', 800, 200, 10_000, 1024],
    ['that has not begun to move', 1024, 200, 10_000, 1024],
    ['that came to an end because its guest has no more to give', 800, 650, 3_600_000, 1024],
    ['that somebody set while nobody looked', 800, 200, 3_600_000, 800],
    ['that somebody set beyond where it ever was', 1200, 200, 0, 1200],
  ])('does not mean a balloon %s', async (_, actual, used, later, expected) => {
    const { host, journal, vm1 } = await changed(used * MiB)
    vm1.actual = actual * MiB
    await host.clock.sleepUntil(host.clock.now() + later)
    await restore(host, journal)
    expect(vm1.actual / MiB).toBe(expected)
  })

  it('is not what the kernel made of a pin, nor pCPUs that have gone offline', async () => {
    const host = new FakeHost([guest(1), guest(2), guest(3)])
    const journal = memoryJournal()
    const affinities = { vm1: [0, 1, 2], vm2: [1], vm3: [5] } as Record<string, number[]>
    for (const { uuid, name, id } of host.guests) {
      const from = CpuSet.of(3)
      const requested = [{ wallTime: 0, from, to: CpuSet.from(affinities[name]!) }]
      await journal.record([
        { uuid, name, id, wallTime: 0, kind: 'affinity', vcpu: 0, original: from, requested },
      ])
    }
    // All guests are kept within 1 to 3; pCPU 5 has gone.
    for (const [i, cpus] of [[1, 2], [1], [1, 2, 3]].entries()) {
      host.guests[i]!.vcpus[0]!.affinity = CpuSet.from(cpus)
    }
    expect((await restore(host, journal)).external).toEqual([])
    expect(host.guests.map(({ vcpus }) => `${vcpus[0]!.affinity}`)).toEqual(['3', '3', '3'])
  })

  it('cannot be told where an older journal does not say what was asked for', async () => {
    const { host, vm1 } = await changed()
    const journal = memoryJournal()
    const { uuid, name, id } = vm1
    await journal.record([{ uuid, name, id, wallTime: 0, kind: 'memory', original: GiB }])
    vm1.actual = 900 * MiB
    expect((await restore(host, journal)).restored).toHaveLength(1)
    expect(vm1.actual).toBe(GiB)
  })

  it('is not overwritten for KSM either', async () => {
    const remote = { running: true, canSwitch: false, advisor: undefined, saved: 0 }
    const host = new FakeHost([])
    const journal = memoryJournal()
    const [original, to, other] = [100, 400, 250].map((pagesToScan) => ({ pagesToScan, sleep: 20 }))
    const requested = [{ wallTime: 0, from: original!, to: to! }]
    const subject = { uuid: '', name: '', id: -1, wallTime: 0 }
    await journal.record([{ ...subject, kind: 'ksm', original: original!, requested }])
    host.ksmState = { ...remote, ...other! }
    expect((await restore(host, journal)).external).toHaveLength(1)
    expect(host.ksmState?.pagesToScan).toBe(250)
    host.ksmState = { ...remote, ...to! }
    expect((await restore(host, journal)).restored).toHaveLength(1)
    expect(host.ksmState?.pagesToScan).toBe(100)
  })
})
