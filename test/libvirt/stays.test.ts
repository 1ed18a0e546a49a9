import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { autopilot } from '../../lib/control/autopilot.ts'
import type { Tick } from '../../lib/control/tick.ts'
import { CpuSet } from '../../lib/host/cpuset.ts'
import type { HostEvent } from '../../lib/host/host.ts'
import { reconnecting } from '../../lib/host/reconnecting-host.ts'
import { connect } from '../../lib/libvirt/connect.ts'
import { pin } from '../../lib/policy/plan.ts'
import type { View } from '../../lib/view/view.ts'
import { eventually } from './eventually.ts'
import { hasDaemon, startTestDaemon, type TestDaemon } from './test-daemon.ts'

/** Never content with where one vCPU is. */
const nextPcpu = (which: number) => (view: View) =>
  view.vcpus
    .filter(({ vcpu }) => vcpu === which)
    .map((vcpu) => pin(vcpu, CpuSet.of(((vcpu.affinity?.first ?? 0) + 1) % 4), 'test'))

describe.skipIf(!hasDaemon)('a loop over a daemon that', () => {
  let daemon: TestDaemon
  beforeEach(async () => {
    daemon = await startTestDaemon()
  })
  afterEach(() => daemon.remove())

  // Only a daemon that is frozen leaves three of them unanswered.
  const open = () => reconnecting(() => connect(daemon.uri, { keepAliveSeconds: 1, keepAliveCount: 3 }))

  /** Runs a loop until it acts again after `fault` was done and undone. */
  async function runOver(fault: (ticks: number, away: number) => Promise<boolean>) {
    await using host = await open()
    const events: HostEvent[] = []
    host.subscribe((event) => {
      if (event.kind === 'connected' || event.kind === 'disconnected') events.push(event)
    })
    const ticks: Tick[] = []
    let isOver = false
    // Another vCPU than before: with its connections the test driver has lost its pins, as QEMU's never are, and a
    // vCPU that is found elsewhere than it was pinned to is left alone.
    const scheduler = (view: View) => nextPcpu(isOver ? 1 : 0)(view)
    for await (const tick of autopilot(host, { interval: 200, scheduler })) {
      ticks.push(tick)
      const away = ticks.filter(({ errors }) => errors.length > 0).length
      isOver ||= await fault(ticks.length, away)
      if (isOver && events.at(-1)?.kind === 'connected' && tick.outcomes.length > 0) break
    }
    return { ticks, kinds: events.map(({ kind }) => kind) }
  }

  function judge(ticks: readonly Tick[]): void {
    const away = ticks.filter(({ errors }) => errors.length > 0)
    for (const { outcomes } of away) expect(outcomes).toEqual([])
    const back = ticks.findLastIndex(({ errors }) => errors.length > 0) + 1
    expect(ticks[back]!.outcomes).toEqual([])
    expect(ticks[back]!.view.interval).toBeUndefined()
    expect(ticks.at(-1)!.outcomes.map(({ status }) => status)).toEqual(['applied'])
  }

  it('is killed and started again goes on', async () => {
    const { ticks, kinds } = await runOver(async (count, away) => {
      if (count === 3) await daemon.kill()
      if (away !== 2) return false
      await daemon.start()
      return true
    })
    judge(ticks)
    expect(kinds).toEqual(['disconnected', 'connected'])
    for (const { errors } of ticks) expect(errors.length).toBeLessThanOrEqual(1)
  })

  it('freezes is given up within a keepalive, and taken up again when it goes on', async () => {
    const { ticks, kinds } = await runOver(async (count, away) => {
      if (count === 3) daemon.freeze()
      if (away !== 2) return false
      daemon.thaw()
      return true
    })
    judge(ticks)
    expect(kinds).toEqual(['disconnected', 'connected'])
  })

  it('comes back tells its events again', async () => {
    await using host = await open()
    const events: HostEvent[] = []
    host.subscribe((event) => events.push(event))
    await daemon.kill()
    await eventually(() => expect(events.map(({ kind }) => kind)).toEqual(['disconnected']))
    await daemon.start()
    await eventually(() => expect(events.map(({ kind }) => kind)).toEqual(['disconnected', 'connected']))
    await daemon.virsh('suspend', 'test')
    await eventually(() => expect(events.at(-1)).toMatchObject({ kind: 'lifecycle', event: 'suspended' }))
  })
})
