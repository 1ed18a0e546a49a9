import { afterEach, describe, expect, it, vi } from 'vitest'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { BallastError } from '../../../lib/host/errors.ts'
import type { Host, HostEvent } from '../../../lib/host/host.ts'
import { reconnecting } from '../../../lib/host/reconnecting-host.ts'
import { MiB } from '../../../lib/util/units.ts'
import { eventually } from '../../support/eventually.ts'
import { FakeDaemon } from '../control/fake-daemon.ts'
import { guest } from '../control/fake-host.ts'

async function listenTo(daemon: FakeDaemon): Promise<{ host: Host; events: HostEvent[] }> {
  const host = await reconnecting(daemon.connect)
  const events: HostEvent[] = []
  host.subscribe((event) => events.push(event))
  return { host, events }
}

const { uuid } = guest(1)
const disconnected = { code: 'ERR_DISCONNECTED' }
const gone = { kind: 'disconnected', reason: 'the daemon went away' }

afterEach(() => void vi.restoreAllMocks())

describe('reconnecting', () => {
  it('rejects when there is no daemon at the beginning', async () => {
    const failing = () => Promise.reject(new BallastError('ERR_CONNECTION_FAILED', 'no daemon'))
    await expect(reconnecting(failing)).rejects.toMatchObject({ code: 'ERR_CONNECTION_FAILED' })
  })

  it.each([true, false])(
    'tells once that the daemon went away, noticed by itself %j, and once that it is back',
    async (tells) => {
      const daemon = new FakeDaemon([guest(1)])
      const { host, events } = await listenTo(daemon)
      daemon.goAway({ tells })
      for (let call = 0; call < 3; call++) await expect(host.sampleCpu()).rejects.toMatchObject(disconnected)
      await expect(host.pinVcpu(uuid, 0, CpuSet.of(1))).rejects.toMatchObject(disconnected)
      expect(events).toEqual([tells ? gone : { kind: 'disconnected', reason: 'socket is closed' }])
      expect(daemon.connection.isClosed).toBe(true)
      await daemon.clock.sleepUntil(10_000)
      daemon.comeBack()
      await daemon.clock.sleepUntil(20_000)
      expect(events.slice(1)).toEqual([{ kind: 'connected' }])
      expect((await host.sampleCpu()).domains).toHaveLength(1)
      expect(daemon.connections).toHaveLength(2)
    },
  )

  it('hears of the new connection what it heard of the old, and nothing of the old any more', async () => {
    const daemon = new FakeDaemon([guest(1)])
    const { events } = await listenTo(daemon)
    const old = daemon.connection
    daemon.goAway()
    daemon.comeBack()
    await daemon.clock.sleepUntil(1_000)
    events.splice(0)
    old.emit({ kind: 'balloon', domain: guest(1), actual: 1 })
    daemon.connection.emit({ kind: 'balloon', domain: guest(1), actual: 2 })
    expect(events).toEqual([{ kind: 'balloon', domain: guest(1), actual: 2 }])
    expect([old.listeners.size, daemon.connection.listeners.size]).toEqual([0, 1])
  })

  it.each([
    [0, 1],
    [0.999_999, 0.5],
  ])(
    'tries again after pauses that grow from 500 ms to 30 s, shortened at random: %d',
    async (random, part) => {
      vi.spyOn(Math, 'random').mockReturnValue(random)
      const daemon = new FakeDaemon([])
      const { host } = await listenTo(daemon)
      daemon.goAway()
      await daemon.clock.sleepUntil(300_000)
      const pauses = daemon.attempts.slice(1).map((time, i) => time - daemon.attempts[i]!)
      const expected = pauses.map((_, i) => part * Math.min(30_000, 500 * 1.5 ** i))
      expect(pauses.length).toBeGreaterThan(12)
      for (const [i, pause] of pauses.entries()) expect(Math.abs(pause - expected[i]!)).toBeLessThanOrEqual(1)
      await host.close()
    },
  )

  it('says why it still is not connected', async () => {
    const daemon = new FakeDaemon([])
    const { host } = await listenTo(daemon)
    daemon.goAway()
    await daemon.clock.sleepUntil(1_000)
    await expect(host.sampleMemory()).rejects.toMatchObject({ cause: { code: 'ERR_CONNECTION_FAILED' } })
    await host.close()
  })

  it('takes no answer over a connection that is gone: it is from before', async () => {
    const daemon = new FakeDaemon([guest(1)])
    const { host } = await listenTo(daemon)
    let answer = () => {}
    const answered = new Promise<void>((resolve) => {
      answer = resolve
    })
    daemon.connection.obstacle = () => answered
    const sample = host.sampleMemory()
    const change = host.setMemory(uuid, 512 * MiB)
    const rejected = expect(sample).rejects.toMatchObject(disconnected)
    daemon.connection.emit({ kind: 'closed', reason: 'keepalive' })
    await daemon.clock.sleepUntil(1_000)
    answer()
    await rejected
    await change // what was done was done
  })

  it('ends with close(), also while it connects', async () => {
    const daemon = new FakeDaemon([])
    const { host, events } = await listenTo(daemon)
    daemon.goAway()
    await host.close()
    await host.close()
    daemon.comeBack()
    await daemon.clock.sleepUntil(60_000)
    await expect(host.domains()).rejects.toMatchObject({ code: 'ERR_ALREADY_CLOSED' })
    expect(events).toEqual([gone])
    expect(daemon.attempts).toHaveLength(1)
  })

  it('closes a connection that comes after close()', async () => {
    const daemon = new FakeDaemon([])
    let let_in = () => {}
    const door = new Promise<void>((resolve) => {
      let_in = resolve
    })
    const connect = async () => {
      if (daemon.connections.length > 0) await door
      return daemon.connect()
    }
    const host = await reconnecting(connect)
    daemon.goAway()
    daemon.comeBack()
    await daemon.clock.sleepUntil(1_000)
    await host.close()
    let_in()
    await eventually(() => expect(daemon.connections).toHaveLength(2))
    await eventually(() => expect(daemon.connection.isClosed).toBe(true))
  })

  it('stays with a host of which a pCPU was switched off meanwhile, and has its topology', async () => {
    const daemon = new FakeDaemon([])
    const { host, events } = await listenTo(daemon)
    daemon.goAway()
    daemon.offline = CpuSet.of(3)
    daemon.comeBack()
    await daemon.clock.sleepUntil(1_000)
    expect(events).toEqual([gone, { kind: 'connected' }])
    expect(`${host.topology.online}`).toBe('0-2')
  })

  it('gives up a host that comes back with other pCPUs', async () => {
    const daemon = new FakeDaemon([])
    const { host, events } = await listenTo(daemon)
    daemon.goAway()
    daemon.pcpus = 8
    daemon.comeBack()
    await daemon.clock.sleepUntil(1_000)
    expect(events).toEqual([gone, { kind: 'closed', reason: 'error' }])
    await expect(host.sampleCpu()).rejects.toMatchObject({ code: 'ERR_CONNECTION_LOST' })
    expect(daemon.connection.isClosed).toBe(true)
  })
})
