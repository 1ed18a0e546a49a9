import { describe, expect, it } from 'vitest'
import { Actuator } from '../../../lib/control/actuator.ts'
import { memoryJournal } from '../../../lib/control/journal/journal.ts'
import { Ledger } from '../../../lib/control/ledger/ledger.ts'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { pin, setMemory } from '../../../lib/policy/plan.ts'
import { GiB, MiB } from '../../../lib/util/units.ts'
import { Observer } from '../../../lib/view/observer.ts'
import type { View } from '../../../lib/view/view.ts'
import { FakeHost, guest } from './fake-host.ts'

function setUp(guests: number) {
  const host = new FakeHost(Array.from({ length: guests }, (_, index) => guest(index + 1)))
  const ledger = new Ledger()
  const actuator = new Actuator(host, memoryJournal(), ledger, { dryRun: false, timeout: 500 })
  const observer = new Observer(host.topology, { hostMemoryReserve: 0, domainOverhead: 0 })
  const look = async (): Promise<View> => {
    const [cpu, memory] = await Promise.all([host.sampleCpu(), host.sampleMemory()])
    const view = observer.observe({ cpu, memory, targets: ledger.targetsOf(cpu.domains) })
    ledger.observe(view, memory.time)
    return view
  }
  return { host, ledger, actuator, look }
}

describe('the actuator', () => {
  it('shrinks first, pins then and grows last, whatever the order of the plan', async () => {
    const { host, actuator, look } = setUp(3)
    const view = await look()
    const [a, b, c] = view.domains
    const plan = [
      setMemory(a!, 2 * GiB, 'test'),
      pin(b!.vcpus[0]!, CpuSet.of(2), 'test'),
      setMemory(c!, 600.5 * MiB + 700, 'test'),
    ]
    const outcomes = await actuator.actuate(plan, view)
    expect(host.calls).toEqual(['setMemory vm3 600.5', 'pinVcpu vm2 0 2', 'setMemory vm1 2048'])
    expect(outcomes.map(({ action, status }) => `${action.domain} ${status}`)).toEqual([
      'vm3 applied',
      'vm2 applied',
      'vm1 applied',
    ])
  })

  it('works on a few domains at once, and on one of them in order', async () => {
    const { host, actuator, look } = setUp(12)
    for (const one of host.guests) one.vcpus.push({ ...one.vcpus[0]! })
    const view = await look()
    const begun = new Map<string, number>()
    let most = 0
    host.obstacle = async (_, uuid) => {
      begun.set(uuid, (begun.get(uuid) ?? 0) + 1)
      expect(begun.get(uuid)).toBe(1)
      most = Math.max(most, begun.size)
      await host.clock.sleepUntil(host.clock.now() + 10)
      begun.delete(uuid)
    }
    const outcomes = await actuator.actuate(
      view.vcpus.map((vcpu) => pin(vcpu, CpuSet.of(1), 'test')),
      view,
    )
    expect(most).toBe(4)
    expect(outcomes.map(({ duration }) => duration)).toEqual(Array(24).fill(10))
    expect(outcomes.map(({ action }) => action)).toMatchObject(view.vcpus.map(({ vcpu }) => ({ vcpu })))
  })

  it('waits for no call for long, keeps off that domain, and goes on with it when the call has come back', async () => {
    const { host, ledger, actuator, look } = setUp(1)
    let answer = () => {}
    host.obstacle = (call) =>
      call === 'pinVcpu'
        ? new Promise((resolve) => {
            answer = resolve
          })
        : undefined
    const to = async (cpu: number) => {
      const view = await look()
      const [outcome] = await actuator.actuate([pin(view.vcpus[0]!, CpuSet.of(cpu), 'test')], view)
      return outcome!
    }
    expect(await to(1)).toMatchObject({ status: 'failed', error: { code: 'ERR_TIMEOUT' }, duration: 500 })
    expect(await to(2)).toMatchObject({ status: 'failed', error: { code: 'ERR_DOMAIN_BUSY' }, duration: 0 })
    answer()
    await host.clock.sleepUntil(host.clock.now() + 1)
    host.obstacle = () => {}
    const view = await look()
    expect(view.vcpus[0]!.affinity?.toString()).toBe('1')
    expect(ledger.externalAffinity(view.vcpus[0]!)).toBeUndefined()
    expect(await to(3)).toMatchObject({ status: 'applied' })
  })

  it('has no more calls under way than the daemon can bear, however many guests are stuck', async () => {
    const { host, actuator, look } = setUp(20)
    const stuck = new Set(host.guests.slice(0, 12).map(({ uuid }) => uuid))
    const returns: (() => void)[] = []
    host.obstacle = async (_, uuid) => {
      if (stuck.has(uuid)) await new Promise<void>((resolve) => returns.push(resolve))
    }
    let cpu = 0
    const turn = async () => {
      const view = await look()
      const begun = host.clock.now()
      const to = CpuSet.of(++cpu)
      const outcomes = await actuator.actuate(
        view.vcpus.map((vcpu) => pin(vcpu, to, 'test')),
        view,
      )
      const errors = outcomes.map(({ error }) => error?.message)
      return {
        took: host.clock.now() - begun,
        applied: outcomes.filter(({ status }) => status === 'applied').length,
        hung: errors.filter((message) => message?.includes('did not answer')).length,
        busy: errors.filter((message) => message?.includes('An earlier call')).length,
        notTried: errors.filter((message) => message?.startsWith('Not tried')),
      }
    }
    const notTried = (guests: number, hung: number) =>
      Array(guests).fill(`Not tried: calls on ${hung} other guests have not returned yet`)
    expect(await turn()).toEqual({ took: 500, applied: 0, hung: 4, busy: 0, notTried: notTried(16, 4) })
    expect(await turn()).toEqual({ took: 500, applied: 0, hung: 4, busy: 4, notTried: notTried(12, 8) })
    expect(await turn()).toEqual({ took: 0, applied: 0, hung: 0, busy: 8, notTried: notTried(12, 8) })
    expect(returns).toHaveLength(8)
    for (const answer of returns) answer()
    stuck.clear()
    await host.clock.sleepUntil(host.clock.now() + 1)
    expect(await turn()).toMatchObject({ applied: 20, hung: 0, busy: 0, notTried: [] })
  })
})
