import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FleetBus } from '../../lib/fleet/bus/fleet-bus.ts'
import { natsBus } from '../../lib/fleet/nats/nats-bus.ts'
import { eventually } from '../libvirt/eventually.ts'
import { NatsServer } from '../support/nats.ts'
import { eventOf, orderOf, reportOf } from './examples.ts'

const holder = { host: 'a', instance: 'i' }

describe('when nats-server goes away and comes back', () => {
  let server: NatsServer
  let bus: FleetBus
  let states: string[]
  beforeEach(async () => {
    server = await NatsServer.start()
    bus = await natsBus({ servers: [server.address] })
    states = []
    bus.watch((state) => states.push(state))
  })
  afterEach(async () => {
    await bus[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })

  async function bounce(how: 'SIGTERM' | 'SIGKILL', between = () => {}): Promise<void> {
    await server.end(how)
    between()
    await eventually(() => expect(states.at(-1)).toBe('disconnected'))
    await server.restart()
    await eventually(() => expect(states.at(-1)).toBe('connected'))
  }

  it.each(['SIGTERM', 'SIGKILL'] as const)('all is as it was, and goes on, after %s', async (how) => {
    await bus.report(reportOf('a'))
    const lease = await bus.lease(holder)
    const taken: string[] = []
    await bus.take('a', async ({ id }) => void taken.push(id))
    await bus.order(orderOf('1', 'a'))
    await bus.order(orderOf('2', 'a'))
    await bus.tell(eventOf('1', 'a', 'begun'))
    await bus.tell(eventOf('2', 'a', 'done'))
    await bus.settings.update((value) => ({ ...value, paused: { since: 1, by: 'ann' } }))
    expect(await bus.open()).toHaveLength(1)
    expect(await bus.reports()).toHaveLength(1)
    await bounce(how)
    expect(await bus.open()).toEqual([{ order: orderOf('1', 'a'), events: [eventOf('1', 'a', 'begun')] }])
    expect(await bus.reports()).toHaveLength(1)
    expect(await bus.settings.read()).toMatchObject({ paused: { by: 'ann' } })
    expect((await bus.lease(holder))!.revision).toBeGreaterThanOrEqual(lease!.revision)
    await bus.order(orderOf('3', 'a'))
    await eventually(() => expect(taken).toEqual(['1', '2', '3']))
  })

  it('after it lost all that it kept, it is set up anew, and leases are newer', async () => {
    const lease = await bus.lease(holder)
    for (let i = 0; i < 50; i++) await bus.lease(holder)
    await bus.report(reportOf('a'))
    expect(await bus.reports()).toHaveLength(1)
    await bounce('SIGKILL', () => rmSync(join(server.directory, 'store'), { recursive: true }))
    expect(await bus.reports()).toEqual([])
    await bus.report(reportOf('b'))
    expect((await bus.reports()).map(({ report }) => report.host)).toEqual(['b'])
    expect((await bus.lease(holder))!.revision).toBeGreaterThan(lease!.revision)
  })

  it('one that does not answer is noticed, and calls fail meanwhile', async () => {
    await bus.report(reportOf('a'))
    await server.freeze(true)
    try {
      await expect(bus.report(reportOf('a'))).rejects.toMatchObject({ code: 'ERR_FLEET_BUS' })
      await eventually(() => expect(states.at(-1)).toBe('disconnected'))
    } finally {
      await server.freeze(false)
    }
    await eventually(() => expect(states.at(-1)).toBe('connected'))
    await bus.report(reportOf('a'))
    expect(await bus.reports()).toHaveLength(1)
  })
})
