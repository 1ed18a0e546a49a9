import { describe, expect, it } from 'vitest'
import { type AutopilotOptions, autopilot } from '../../../../lib/control/autopilot.ts'
import { memoryJournal } from '../../../../lib/control/journal/journal.ts'
import type { Tick } from '../../../../lib/control/tick.ts'
import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { BallastError } from '../../../../lib/host/errors.ts'
import { type PinAction, type Plan, pin, setMemory } from '../../../../lib/policy/plan.ts'
import { sentenceOf } from '../../../../lib/policy/reason.ts'
import { lpt } from '../../../../lib/schedulers/baseline/lpt.ts'
import { GiB, MiB } from '../../../../lib/util/units.ts'
import type { View } from '../../../../lib/view/view.ts'
import { type FakeGuest, FakeHost, guest } from '../fake-host.ts'

/** A policy that asks for nothing to be heeded: every vCPU to this pCPU. */
const allTo =
  (cpu: number) =>
  (view: View): Plan<PinAction> =>
    view.vcpus.map((vcpu) => pin(vcpu, CpuSet.of(cpu), 'any'))

async function run(guests: FakeGuest[], options: Partial<AutopilotOptions>, prepare = (_: FakeHost) => {}) {
  const host = new FakeHost(guests)
  prepare(host)
  const ticks: Tick[] = []
  for await (const tick of autopilot(host, { interval: 1_000, ticks: 1, scheduler: allTo(2), ...options })) {
    ticks.push(tick)
  }
  return {
    host,
    ticks,
    tick: ticks.at(-1)!,
    left: ticks.at(-1)!.skipped.map(({ domain, reason }) => `${domain}: ${sentenceOf(reason)}`),
  }
}

const metadata = (number: number, attributes: string) =>
  guest(number, { metadata: `<settings ${attributes}/>` })

describe('a domain', () => {
  it('that its metadata or domainRules opts out is left alone, and nothing of it is changed', async () => {
    const guests = [metadata(1, "managed='no'"), guest(2), guest(3, { period: undefined })]
    const { host, left } = await run(guests, {
      domainRules: { vm2: { managed: false }, vm3: { managed: false } },
      ballooning: () => [],
      ticks: 3,
    })
    expect(host.calls).toEqual([])
    expect(left).toContain('vm1: its metadata says not to manage it')
    expect(left).toContain('vm2: the option domainRules says not to manage it')
  })

  it.each(["managed='maybe'", "cpus='0-zz'", "colour='red'"])(
    'with %s in its metadata too',
    async (attribute) => {
      const { host, left } = await run([metadata(1, attribute), guest(2)], {})
      expect(host.calls).toEqual(['pinVcpu vm2 0 2'])
      expect(left[0]).toMatch(/^vm1: its settings in its metadata are wrong: .+/)
    },
  )

  it('is pinned only within the pCPUs that both sides give it', async () => {
    const guests = [metadata(1, "cpus='1-2'"), metadata(2, "cpus='0-1'"), guest(3)]
    const domainRules = { vm3: { cpus: '3' } }
    const { host, tick } = await run(guests, { domainRules: domainRules })
    expect(host.calls).toEqual(['pinVcpu vm1 0 2'])
    expect(tick.clamps.map(({ rule, action }) => `${action.domain} ${rule}`)).toEqual([
      'vm2 allowed-cpus',
      'vm3 allowed-cpus',
    ])
    expect(tick.view.vcpus.map(({ allowed }) => `${allowed}`)).toEqual(['1-2', '0-1', '3'])
  })

  it('whose sides contradict each other, or leave it nothing here, is left alone', async () => {
    const guests = [metadata(1, "cpus='2-3'"), metadata(2, "cpus='40-50'")]
    const { host, left } = await run(guests, { domainRules: { vm1: { cpus: '0-1' } } })
    expect(host.calls).toEqual([])
    expect(left).toEqual([
      'vm1: domainRules (0-1) and its metadata (2-3) leave it none of the pCPUs that may be used (0-3)',
      'vm2: its metadata leave it none of the pCPUs that may be used (0-3)',
    ])
  })

  it('has the shares of its metadata, unless the option says otherwise', async () => {
    const guests = [metadata(1, "shares='2000'"), metadata(2, "shares='2000'"), guest(3)]
    const { tick } = await run(guests, { domainRules: { vm2: { shares: 500 } } })
    expect(tick.view.domains.map(({ settings }) => settings.shares)).toEqual([2000, 500, 1024])
  })
})

describe('its memory', () => {
  const sizes = "memoryFloorMiB='300' memoryCeilingMiB='600' memoryShares='2000'"

  it('has the larger floor and the smaller ceiling of both sides, and the shares of the option', async () => {
    const domainRules = { vm2: { memoryFloor: 400 * MiB, memoryCeiling: GiB, memoryShares: 5 } }
    const { tick } = await run([metadata(1, sizes), metadata(2, sizes), guest(3)], {
      domainRules: domainRules,
    })
    expect(tick.view.domains.map(({ settings }) => settings)).toMatchObject([
      { memoryFloor: 300 * MiB, memoryCeiling: 600 * MiB, memoryShares: 2000 },
      { memoryFloor: 400 * MiB, memoryCeiling: 600 * MiB, memoryShares: 5 },
      { memoryFloor: undefined, memoryCeiling: undefined, memoryShares: 1000 },
    ])
  })

  it('is left alone while both sides contradict each other', async () => {
    const domainRules = { vm1: { memoryFloor: GiB } }
    const { host, left } = await run([metadata(1, sizes)], { domainRules: domainRules, scheduler: undefined })
    expect(host.calls).toEqual([])
    const why =
      'its settings contradict each other: the memory floor, 1024 MiB, is above the memory ceiling, 600 MiB'
    expect(left).toContain(`vm1: ${why}`)
  })

  it('stays within them, whatever a policy wants', async () => {
    const all = (bytes: number) => (view: View) => view.domains.map((one) => setMemory(one, bytes, 'any'))
    for (const [wanted, expected] of [
      [100 * MiB, 300],
      [1.5 * GiB, 600],
    ] as const) {
      const guests = [{ ...metadata(1, sizes), actual: 512 * MiB, used: 50 * MiB }]
      const { host } = await run(guests, { ballooning: all(wanted), scheduler: undefined })
      expect(host.calls).toContain(`setMemory vm1 ${expected}`)
    }
  })
})

describe('metadata', () => {
  it('is read once for each run of a domain, and again when it changes', async () => {
    const host = new FakeHost([guest(1), guest(2)])
    const managed: boolean[] = []
    for await (const { index, view } of autopilot(host, { interval: 1_000, ticks: 6 })) {
      managed.push(view.domains[0]!.settings.managed)
      if (index === 1) host.guests[0]!.metadata = "<settings managed='no'/>"
      if (index === 2) host.emit({ kind: 'metadata', domain: host.guests[0]! })
      if (index === 3) host.guests[0] = guest(1, { id: 9 })
    }
    expect(managed).toEqual([true, true, true, false, true, true])
    expect(host.looks.filter(({ call }) => call === 'domainMetadata')).toHaveLength(4)
  })

  it('that cannot be read leaves the domain alone, is told, and is asked for again', async () => {
    let fails = 2
    const { host, ticks } = await run([guest(1)], { ticks: 3 }, (host) => {
      host.obstacle = (call) => {
        if (call === 'domainMetadata' && fails-- > 0) throw new BallastError('ERR_LIBVIRT', 'no luck')
      }
    })
    expect(ticks.map(({ errors }) => errors.map(({ message }) => message))).toEqual([
      ['no luck'],
      ['no luck'],
      [],
    ])
    expect(ticks[0]!.skipped[0]!.reason).toEqual({ kind: 'settings-unknown' })
    expect(host.calls).toEqual(['pinVcpu vm1 0 2'])
  })

  it('that is long in coming holds up no tick', async () => {
    const { host, ticks } = await run([guest(1)], { ticks: 3 }, (host) => {
      host.obstacle = async (call) => {
        if (call === 'domainMetadata') await host.clock.sleepUntil(1_500)
      }
    })
    expect(ticks.map(({ timing }) => timing.period)).toEqual([undefined, 1_000, 1_000])
    expect(ticks.map(({ outcomes }) => outcomes.length)).toEqual([0, 0, 1])
    expect(host.looks.filter(({ call }) => call === 'domainMetadata')).toHaveLength(1)
  })
})

describe('hostCpus', () => {
  it('are left to the host: what runs there is sent elsewhere, and nothing is sent there', async () => {
    const { tick, host } = await run([guest(1), guest(2)], { hostCpus: '0,2' })
    expect(host.calls).toEqual([])
    expect(tick.clamps.map(({ rule }) => rule)).toEqual(['allowed-cpus', 'allowed-cpus'])
    const busy = [1, 2].map((number) =>
      guest(number, { vcpus: [{ affinity: CpuSet.of(0), pcpu: 0, usage: 0.9 }] }),
    )
    const away = await run(busy, { hostCpus: CpuSet.of(0, 2), scheduler: lpt(), ticks: 3 })
    expect(away.host.calls.toSorted()).toEqual(['pinVcpu vm1 0 1', 'pinVcpu vm2 0 3'])
  })

  it('a vCPU that may still run there is not yet pinned', async () => {
    const free = guest(1, { vcpus: [{ affinity: CpuSet.of(0, 2), pcpu: 2, usage: 0.5 }] })
    expect((await run([free], { hostCpus: '0' })).host.calls).toEqual(['pinVcpu vm1 0 2'])
  })
})

describe('respectPins', () => {
  const pinned = () => [guest(1, { vcpus: [{ affinity: CpuSet.of(0, 1), pcpu: 0, usage: 0.5 }] }), guest(2)]

  it('keeps a vCPU within the affinity that it had at first', async () => {
    const { host, tick } = await run(pinned(), { respectPins: true })
    expect(host.calls).toEqual(['pinVcpu vm2 0 2'])
    expect(tick.view.vcpus.map(({ allowed }) => `${allowed}`)).toEqual(['0-1', '0-3'])
    expect((await run(pinned(), {})).host.calls).toHaveLength(2)
  })

  it('does not take its own pins of an earlier loop for the user’s', async () => {
    const journal = memoryJournal()
    const host = new FakeHost(pinned())
    const options = { interval: 1_000, ticks: 1, respectPins: true, journal }
    for await (const _ of autopilot(host, { ...options, scheduler: allTo(1) }))
      expect(host.calls).toHaveLength(2)
    for await (const { view } of autopilot(host, { ...options, scheduler: allTo(2) })) {
      expect(view.vcpus.map(({ allowed }) => `${allowed}`)).toEqual(['0-1', '0-3'])
    }
    expect(host.calls.at(-1)).toBe('pinVcpu vm2 0 2')
  })

  it('needs a journal that can be read', async () => {
    const broken = async () => {
      throw new BallastError('ERR_JOURNAL', 'torn')
    }
    const options = { respectPins: true, journal: { record: broken, entries: broken } }
    await expect(run([guest(1)], options)).rejects.toThrow('torn')
  })

  it('and settings that leave a vCPU nothing: it is left alone, and the tick says so', async () => {
    const { host, left } = await run(pinned(), {
      respectPins: true,
      domainRules: { vm1: { cpus: '2-3' } },
    })
    expect(host.calls).toEqual(['pinVcpu vm2 0 2'])
    expect(left).toEqual(['vm1: no pCPU is allowed for vCPU 0'])
  })
})
