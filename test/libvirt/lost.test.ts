import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CpuSet } from '../../lib/host/cpuset.ts'
import type { Host, HostEvent } from '../../lib/host/host.ts'
import { type ConnectOptions, connect } from '../../lib/libvirt/connect.ts'
import { KiB } from '../../lib/util/units.ts'
import { timed, timedBesideTimer } from '../support/timed.ts'
import { runChild } from './child.ts'
import { eventually } from './eventually.ts'
import { failureOf, libvirtFailureOf } from './failure.ts'
import { hasDaemon, startTestDaemon, type TestDaemon } from './test-daemon.ts'

/** Milliseconds for which a daemon that does not answer holds up close(), and in which it is over then. */
const closing = { lasts: 1_000, limit: 1_900 }

describe.skipIf(!hasDaemon)('a daemon that', () => {
  let daemon: TestDaemon
  beforeEach(async () => {
    daemon = await startTestDaemon()
  })
  afterEach(() => daemon.remove())

  /** Connects, and gathers what the host tells. */
  async function listenTo(options: ConnectOptions = {}): Promise<{ host: Host; events: HostEvent[] }> {
    const host = await connect(daemon.uri, options)
    const events: HostEvent[] = []
    host.subscribe((event) => events.push(event))
    return { host, events }
  }

  /** Every call that asks libvirt. */
  async function allCalls(host: Host): Promise<(() => Promise<unknown>)[]> {
    // Its deadline may be short.
    const { uuid } = await eventually(() => host.domain('test'))
    return [
      () => host.domains(),
      () => host.sampleCpu(),
      () => host.sampleMemory(),
      () => host.pinVcpu(uuid, 0, CpuSet.of(1)),
      () => host.setMemory(uuid, 1_048_576 * KiB),
    ]
  }

  /** Milliseconds that no call takes on this machine now, of a daemon that answers. */
  async function generousDeadline(): Promise<number> {
    await using host = await connect(daemon.uri)
    let slowest = 0
    for (const call of await allCalls(host)) slowest = Math.max(slowest, (await timed(call)).took)
    return Math.ceil(Math.max(200, 20 * slowest))
  }

  /** A keepalive that finds out soon, before any deadline does, and never about a daemon that is only slow. */
  async function keepalive(): Promise<ConnectOptions> {
    const keepAliveSeconds = Math.ceil((await generousDeadline()) / 1_000)
    const deadline = 60_000 + 10_000 * keepAliveSeconds
    return { keepAliveSeconds, keepAliveCount: 1, callDeadline: deadline, memoryDeadline: deadline }
  }

  it('dies is a lost connection: told once, and by every call at once', async () => {
    const { host, events } = await listenTo()
    const calls = await allCalls(host)
    for (const call of calls) await call()
    await daemon.kill()
    await eventually(() => expect(events).toEqual([{ kind: 'closed', reason: 'eof' }]))
    for (const call of calls) {
      const error = await libvirtFailureOf(call())
      expect(error).toMatchObject({ code: 'ERR_CONNECTION_LOST', libvirtDomain: 7 })
    }
    expect(events).toHaveLength(1)
    await host.close()
    expect((await failureOf(host.sampleCpu())).code).toBe('ERR_ALREADY_CLOSED')
  })

  it('comes again is there for a new connection, not for the old one', async () => {
    const { host } = await listenTo()
    await daemon.kill()
    await daemon.start()
    await using anew = await connect(daemon.uri)
    expect((await anew.sampleCpu()).domains).toHaveLength(1)
    expect((await failureOf(host.sampleCpu())).code).toBe('ERR_CONNECTION_LOST')
    await host.close()
  })

  it('freezes is given up by keepalive, with what was under way', async () => {
    const { host, events } = await listenTo(await keepalive())
    daemon.freeze()
    expect((await libvirtFailureOf(host.sampleCpu())).code).toBe('ERR_CONNECTION_LOST')
    await eventually(() => expect(events).toEqual([{ kind: 'closed', reason: 'keepalive' }]))
    daemon.thaw()
    await host.close()
  })

  it('freezes takes with it nothing of the process when several calls were under way', async () => {
    const { host } = await listenTo(await keepalive())
    const calls = await allCalls(host)
    daemon.freeze()
    const errors = await Promise.all(calls.map((call) => failureOf(call())))
    expect(errors.map(({ code }) => code)).toEqual(calls.map(() => 'ERR_CONNECTION_LOST'))
    daemon.thaw()
    await using anew = await connect(daemon.uri)
    expect((await anew.sampleCpu()).domains).toHaveLength(1)
    await host.close()
  })

  it('freezes lets calls overrun their deadline, and they work again when it goes on', async () => {
    const deadline = await generousDeadline()
    const { host } = await listenTo({ callDeadline: deadline, keepAliveSeconds: 0 })
    const calls = await allCalls(host)
    daemon.freeze()
    for (const call of calls) {
      const error = await failureOf(call())
      expect(error.code).toBe('ERR_TIMEOUT')
      expect(error.message).toMatch(/^\w+: no answer within \d+ ms; its outcome is unknown$/)
      expect(error.message).toContain(` ${deadline} ms`)
    }
    daemon.thaw()
    for (const call of calls) await eventually(call)
    await host.close()
  })

  it('freezes holds up neither the JS thread nor another connection', async () => {
    const { host } = await listenTo({ keepAliveSeconds: 0 })
    await using local = await connect('test:///default')
    const calls = await allCalls(host)
    daemon.freeze()
    let settled = 0
    const pending = calls.map((call) => call().finally(() => settled++))
    const opening = connect(daemon.uri).finally(() => settled++)
    for (let turn = 0; turn < 100; turn++) await local.sampleCpu()
    expect(settled).toBe(0)
    daemon.thaw()
    await Promise.all(pending)
    await (await opening).close()
    await host.close()
  })

  it('freezes is not waited for by close(), and nothing is left open when it goes on', async () => {
    const callDeadline = await generousDeadline()
    const before = await settledOpenFiles()
    const { host } = await listenTo({ callDeadline, keepAliveSeconds: 0 })
    await eventually(() => host.sampleMemory()) // over connections of its own
    expect(openFiles()).toBeGreaterThan(before)
    daemon.freeze()
    const failures = [failureOf(host.sampleCpu()), failureOf(host.sampleMemory())]
    await Promise.all([host.close(), host.close()])
    for (const failure of failures) expect((await failure).code).toBe('ERR_TIMEOUT')
    expect((await failureOf(host.domains())).code).toBe('ERR_ALREADY_CLOSED')
    daemon.thaw()
    await eventually(() => expect(openFiles()).toBe(before))
  })

  it('freezes holds close() up for a second, however long calls may take', async () => {
    const { host } = await listenTo()
    await host.sampleMemory()
    daemon.freeze()
    const { took, most } = await timedBesideTimer(closing.limit, () => host.close())
    expect(took).toBeGreaterThan(0.9 * closing.lasts)
    expect(took).toBeLessThan(most)
    daemon.thaw()
  })

  it('freezes does not hold up the end of a process that closes', async () => {
    const { code, signal, stdout, stderr } = await runChild('close-frozen', [
      daemon.uri,
      `${daemon.pid}`,
      `${closing.limit}`,
    ])
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
    const { took, most } = JSON.parse(stdout) as Awaited<ReturnType<typeof timedBesideTimer>>
    expect(took).toBeLessThan(most)
    daemon.thaw()
  })

  it('freezes does not hold up a worker that ends before it has taken over its connection', async () => {
    const { code, signal, stdout, stderr } = await runChild('end-opening', [daemon.uri, `${daemon.pid}`])
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
    // Closing it on the worker's own thread would take until the daemon goes on.
    expect(stdout).toBe('ended')
    daemon.thaw()
  })
})

/** Once what was closed before is closed: a connection goes on a thread of its own, some time after close(). */
function settledOpenFiles(): Promise<number> {
  return eventually(async () => {
    const open = openFiles()
    await sleep(500)
    expect(openFiles()).toBe(open)
    return open
  })
}

function openFiles(): number {
  return readdirSync('/proc/self/fd').length
}
