import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { autopilot } from '../../lib/control/autopilot.ts'
import type { Tick } from '../../lib/control/tick.ts'
import { CpuSet } from '../../lib/host/cpuset.ts'
import type { Host } from '../../lib/host/host.ts'
import { connect } from '../../lib/libvirt/connect.ts'
import { pin } from '../../lib/policy/plan.ts'
import { MiB } from '../../lib/util/units.ts'
import type { View } from '../../lib/view/view.ts'
import { until } from '../lab/processes.ts'
import { domainNames } from '../lab/virsh.ts'
import { failureOf } from './failure.ts'
import { hasDaemon, startTestDaemon, type TestDaemon } from './test-daemon.ts'

/** Never content, so that every tick acts: the next pCPU of four, each time. */
const nextPcpu = (view: View) =>
  view.vcpus.map((vcpu) => pin(vcpu, CpuSet.of(((vcpu.affinity?.first ?? 0) + 1) % 4), 'test'))

/** It happens on the road of the tick after so many; so many follow it. */
const middle = 4
const after = 8

/** What of the host the loop comes to; each is one step of its road. */
const steps = ['sampleCpu', 'sampleMemory', 'pinVcpu'] as const
type Step = (typeof steps)[number]

/** What somebody does to the domain `test`, as virsh commands. */
const deeds: Record<string, readonly (readonly string[])[]> = {
  'is destroyed': [['destroy', 'test']],
  'is restarted': [
    ['destroy', 'test'],
    ['start', 'test'],
  ],
  'is paused': [['suspend', 'test']],
  'is paused for a moment': [
    ['suspend', 'test'],
    ['resume', 'test'],
  ],
  'loses a vCPU': [['setvcpus', 'test', '1']],
  'gets another size': [['setmem', 'test', '1048576']],
  'is pinned by somebody else': [['vcpupin', 'test', '0', '5']],
}

/** Codes that say that it was the domain which had changed; or that it was being changed. */
const changed = ['ERR_NO_DOMAIN', 'ERR_DOMAIN_NOT_RUNNING', 'ERR_INVALID_ARGUMENT']
const changing = ['ERR_DOMAIN_BUSY']
/** A busy machine makes ticks late that come 25 times a second, and calls that have an interval's time. */
const late = ['ERR_LATE', 'ERR_TIMEOUT']

/** A busy machine makes a loop of 25 ticks a second late; what is late does nothing, and counts for nothing here. */
const isLate = ({ errors }: Tick) => errors.some(({ code }) => code === 'ERR_LATE')

describe.skipIf(!hasDaemon)('a domain of a daemon', () => {
  let daemon: TestDaemon
  beforeAll(async () => {
    daemon = await startTestDaemon()
  })
  afterAll(() => daemon.remove())
  // libvirt's test driver forgets what was done to it once its last client has gone. The clients of our threads go a little
  // after the host was closed.
  beforeEach(async () => {
    await daemon.create('left', 1)
    await until('the daemon has forgotten the test before', 60_000, async () => {
      const names = await domainNames(daemon.uri)
      return !names.includes('left')
    })
  })

  const act = async (commands: readonly (readonly string[])[]) => {
    for (const command of commands) await daemon.virsh(...command)
  }

  /** `host`, on which `deed` is done when the loop is at `step` of its tick in the middle, and what became of that. */
  function disturbed(host: Host, step: Step, when: 'before' | 'after', deed: () => Promise<void>) {
    let beats = 0
    let isBegun = false
    /** What became of it. */
    let done: 'well' | { readonly error: unknown } | undefined
    const road = async (at: Step, moment: typeof when) => {
      if (isBegun || at !== step || moment !== when) return
      // Memory is sampled but once in a second.
      if (at !== 'sampleMemory' && beats <= middle) return
      isBegun = true
      done = await deed().then(
        () => 'well',
        (error: unknown) => ({ error }),
      )
    }
    const proxy = new Proxy(host, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        const at = steps.find((each) => each === name)
        if (!at) return value.bind(target)
        return async (...args: unknown[]) => {
          if (at === 'sampleCpu') beats++
          await road(at, 'before')
          const result: unknown = await value.apply(target, args)
          await road(at, 'after')
          return result
        }
      },
    })
    return { host: proxy, done: () => done }
  }

  const cases = Object.keys(deeds).flatMap((deed) =>
    steps.flatMap((step) => (['before', 'after'] as const).map((when) => [deed, when, step] as const)),
  )

  it.each(cases)('%s %s %s, and the loop goes on', async (deed, when, step) => {
    await using host = await connect(daemon.uri)
    const { id: before } = (await host.domains())[0]!
    const seen: Tick[] = []
    const road = disturbed(host, step, when, () => act(deeds[deed]!))
    let left = after
    for await (const tick of autopilot(road.host, { interval: 40, scheduler: nextPcpu })) {
      seen.push(tick)
      if (road.done() && !isLate(tick) && left-- === 0) break
    }
    expect(road.done()).toBe('well')
    const seenCodes = seen.flatMap(({ outcomes, errors }) =>
      [...errors, ...outcomes.flatMap((one) => one.error ?? [])].map(({ code }) => code),
    )
    // A call that is late holds up its domain until it returns.
    const isHeldUp = step === 'pinVcpu' || seenCodes.includes('ERR_TIMEOUT')
    const codes = [...late, ...changed, ...(isHeldUp ? changing : [])]
    for (const code of seenCodes) expect(codes).toContain(code)
    const last = seen.at(-1)!
    const [domain] = last.view.domains
    switch (deed) {
      case 'is destroyed':
        expect(domain).toBeUndefined()
        expect(last.outcomes).toEqual([])
        break
      case 'is paused':
        expect(last.outcomes).toEqual([])
        expect(last.skipped.map(({ reason }) => reason.kind)).toContain('paused')
        break
      case 'is restarted':
        expect(domain!.id).not.toBe(before)
        expect(last.outcomes.map(({ status }) => status)).toEqual(['applied', 'applied'])
        break
      case 'is pinned by somebody else':
        // Between sample and pin nobody could have seen it.
        if (step !== 'pinVcpu' || when === 'after')
          expect(last.outcomes.map(({ status }) => status)).toContain('applied')
        break
      default:
        expect(last.outcomes.map(({ status }) => status)).toEqual(
          deed === 'loses a vCPU' ? ['applied'] : ['applied', 'applied'],
        )
    }
  })

  it('that restarted does not get what was meant for the run before', async () => {
    await using host = await connect(daemon.uri)
    const [before] = await host.domains()
    await act(deeds['is restarted']!)
    const [now] = await host.domains()
    expect(now!.uuid).toBe(before!.uuid)
    expect(now!.id).not.toBe(before!.id)
    const affinity = [...(await host.sampleCpu()).affinity]
    const { actual } = await host.sampleMemory()
    const { uuid, id } = before!
    for (const call of [
      () => host.pinVcpu({ uuid, id }, 0, CpuSet.of(2)),
      () => host.setMemory({ uuid, id }, 512 * MiB),
      () => host.setMemoryStatsPeriod({ uuid, id }, 1),
      () => host.setCpuShares({ uuid, id }, 100),
    ]) {
      const { code, message } = await failureOf(call())
      expect(code).toBe('ERR_NO_DOMAIN')
      expect(message).toContain(`of domain "test": its run with id ${id} is over`)
    }
    expect([...(await host.sampleCpu()).affinity]).toEqual(affinity)
    expect((await host.sampleMemory()).actual).toEqual(actual)
    await host.pinVcpu(now!, 0, CpuSet.of(2))
    expect((await host.sampleCpu()).affinity[0]).toBe(1 << 2)
  })
})
