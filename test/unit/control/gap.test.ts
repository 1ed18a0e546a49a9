import { describe, expect, it } from 'vitest'
import { type AutopilotOptions, autopilot } from '../../../lib/control/autopilot.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { BallastError } from '../../../lib/host/errors.ts'
import { reconnecting } from '../../../lib/host/reconnecting-host.ts'
import { pin, setMemory } from '../../../lib/policy/plan.ts'
import { GiB, MiB } from '../../../lib/util/units.ts'
import type { View } from '../../../lib/view/view.ts'
import { FakeDaemon } from './fake-daemon.ts'
import { guest } from './fake-host.ts'

/** Each vCPU to the next pCPU, so that there is always something to do. */
const roundAndRound = (view: View) =>
  view.vcpus.map((vcpu) => pin(vcpu, CpuSet.of(((vcpu.pcpu ?? 0) + 1) % 4), 'test'))
const allToSize = (bytes: number) => (view: View) =>
  view.domains.map((domain) => setMemory(domain, bytes, 'test'))

/** Runs a loop; `at` is called after each tick. */
async function run(daemon: FakeDaemon, options: AutopilotOptions, at: (tick: Tick) => void): Promise<Tick[]> {
  await using host = await reconnecting(daemon.connect)
  const ticks: Tick[] = []
  for await (const tick of autopilot(host, options)) {
    ticks.push(tick)
    at(tick)
  }
  return ticks
}

describe('a loop whose daemon goes away', () => {
  it('does nothing and says so once in each tick, looks once when it is back, and goes on', async () => {
    const daemon = new FakeDaemon([guest(1), guest(2)])
    const options = { interval: 1_000, ticks: 12, scheduler: roundAndRound, ballooning: allToSize(GiB) }
    const ticks = await run(daemon, options, ({ index }) => {
      if (index === 3) daemon.goAway()
      if (index === 5) daemon.comeBack()
    })
    const away = ticks.filter(({ errors }) => errors.length > 0)
    expect(away.length).toBeGreaterThanOrEqual(2)
    for (const { errors, plan, view } of away) {
      expect(errors.map(({ code }) => code)).toEqual(['ERR_DISCONNECTED'])
      expect(plan).toEqual([])
      expect(view.domains).toHaveLength(2)
    }
    const first = ticks[away.at(-1)!.index + 1]!
    expect(first.plan).toEqual([])
    expect(first.view.interval).toBeUndefined()
    for (const { usage, demand } of first.view.vcpus) expect([usage, demand]).toEqual([undefined, undefined])
    for (const { memory } of first.view.domains) expect(memory.swappedOut).toBeUndefined()
    const next = ticks[first.index + 1]!
    expect(next.outcomes.map(({ status }) => status)).toEqual(['applied', 'applied'])
    for (const { demand } of next.view.vcpus) expect(demand).toBeCloseTo(0.5)
    expect(daemon.connection.calls.length).toBeGreaterThan(0)
    expect(daemon.connections[0]!.listeners.size).toBe(0)
  })

  it('begins anew also where it is back before the next tick', async () => {
    const daemon = new FakeDaemon([guest(1)])
    const ticks = await run(daemon, { interval: 2_000, ticks: 5, scheduler: roundAndRound }, ({ index }) => {
      if (index !== 2) return
      daemon.goAway()
      daemon.comeBack()
    })
    expect(ticks.flatMap(({ errors }) => errors)).toEqual([])
    expect(ticks.map(({ view }) => view.interval)).toEqual([undefined, 1_000, 1_000, undefined, 1_000])
    expect(ticks[3]!.plan).toEqual([])
    expect(ticks[4]!.plan).toHaveLength(1)
  })

  it('forgets the level of before: the first that is known after it is that of after', async () => {
    const one = guest(1)
    const daemon = new FakeDaemon([one])
    const ticks = await run(daemon, { interval: 2_000, ticks: 8, scheduler: () => [] }, ({ index }) => {
      if (index !== 4) return
      daemon.goAway()
      daemon.comeBack()
      one.vcpus[0]!.usage = 0.1
    })
    expect(ticks.map(({ view }) => view.vcpus[0]!.demand)).toEqual([
      undefined,
      ...[0.5, 0.5, 0.5, 0.5].map((demand) => expect.closeTo(demand)),
      undefined,
      ...[0.1, 0.1].map((demand) => expect.closeTo(demand)),
    ])
  })

  it('asks again what may have changed meanwhile: an owner who now wants to be left alone is', async () => {
    const one = guest(1)
    const daemon = new FakeDaemon([one])
    const ticks = await run(daemon, { interval: 2_000, ticks: 6, scheduler: roundAndRound }, ({ index }) => {
      if (index !== 2) return
      daemon.goAway()
      daemon.comeBack()
      one.metadata = `<b:domain xmlns:b='https://ballast.dev/xmlns/domain/1' managed='no'/>`
    })
    expect(ticks.slice(0, 3).map(({ view }) => view.domains[0]!.settings.managed)).toEqual([true, true, true])
    expect(ticks.slice(3).flatMap(({ outcomes }) => outcomes)).toEqual([])
  })

  it('notices what somebody else changed meanwhile, and lets go of it', async () => {
    const one = guest(1)
    const daemon = new FakeDaemon([one])
    const ticks = await run(daemon, { interval: 2_000, ticks: 6, scheduler: roundAndRound }, ({ index }) => {
      if (index !== 2) return
      daemon.goAway()
      daemon.comeBack()
      one.vcpus[0]!.affinity = CpuSet.of(1)
    })
    expect(ticks.slice(3).flatMap(({ outcomes }) => outcomes)).toEqual([])
    expect(ticks[4]!.clamps.map(({ rule }) => rule)).toEqual(['external-change'])
  })

  it('keeps on the books what was asked when the connection broke: it may have been done', async () => {
    const one = guest(1)
    const daemon = new FakeDaemon([one])
    const later = allToSize(600 * MiB)
    const shrink = (view: View) => (view.interval === undefined ? [] : later(view))
    const ticks = await run(daemon, { interval: 2_000, ticks: 6, ballooning: shrink }, ({ index }) => {
      if (index > 0) return
      daemon.connection.obstacle = (call) => {
        if (call !== 'setMemory') return
        one.actual = 600 * MiB // it reached the daemon, whose answer did not come back
        daemon.goAway()
        daemon.comeBack()
        throw new BallastError('ERR_CONNECTION_LOST', 'socket is closed')
      }
    })
    const failed = ticks.flatMap(({ outcomes }) => outcomes.filter(({ status }) => status === 'failed'))
    expect(failed.map(({ error }) => error?.code)).toEqual(['ERR_DISCONNECTED'])
    expect(ticks.at(-1)!.skipped).toEqual([])
    expect(ticks.at(-1)!.view.domains[0]!.memory.actual).toBe(600 * MiB)
  })
})
