import { describe, expect, it } from 'vitest'
import { autopilot } from '../../../lib/control/autopilot.ts'
import { guard } from '../../../lib/control/guard/guard.ts'
import { Ledger } from '../../../lib/control/ledger/ledger.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { CpuSource } from '../../../lib/host/sample.ts'
import { LogFormatter } from '../../../lib/report/log-lines.ts'
import { balance } from '../../../lib/schedulers/index.ts'
import { FakeHost, guest } from './fake-host.ts'

describe('a guest with one thread for all its vCPUs', () => {
  it('is left where it is, which is said once, and its memory is managed', async () => {
    const host = new FakeHost([
      guest(1, { vcpus: [], source: CpuSource.threadOfAll }),
      guest(2, { vcpus: [], source: CpuSource.none }),
    ])
    const ticks: Tick[] = []
    for await (const tick of autopilot(host, { interval: 1_000, ticks: 3, scheduler: balance() })) {
      ticks.push(tick)
    }
    expect(host.calls.filter((call) => call.startsWith('pinVcpu'))).toEqual([])
    expect(ticks[2]!.skipped).toEqual([
      {
        uuid: host.guests[0]!.uuid,
        domain: 'vm1',
        what: 'vcpus',
        rule: 'unmanaged',
        reason: { kind: 'one-vcpu-thread' },
      },
    ])
    const log = new LogFormatter()
    const lines = ticks.flatMap((tick) => log.lines(tick)).filter((line) => line.includes('one thread'))
    expect(lines).toHaveLength(1)

    const action = { kind: 'pin', uuid: host.guests[0]!.uuid, domain: 'vm1', vcpu: 0 } as const
    const pin = { ...action, cpus: CpuSet.of(0), reason: { kind: 'custom', text: 'a test' } } as const
    const limits = { guestFloor: 0, guestMargin: 0, domainOverhead: 0 }
    const { clamps } = guard([pin], ticks[2]!.view, limits, new Ledger())
    expect(clamps).toMatchObject([{ rule: 'unmanaged', cause: { kind: 'one-vcpu-thread' } }])
  })
})
