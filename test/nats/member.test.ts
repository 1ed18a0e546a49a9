import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { natsBus } from '../../lib/fleet/nats/nats-bus.ts'
import { eventually } from '../libvirt/eventually.ts'
import { freePort } from '../support/free-port.ts'
import { NatsServer } from '../support/nats.ts'
import { orderOf, reportOf } from './examples.ts'
import { FleetServer } from './fleet-server.ts'
import { RunningHost } from './running-host.ts'

const [a, b] = ['6c1f0f3a-0000-4000-8000-00000000000a', '6c1f0f3a-0000-4000-8000-00000000000b']

/** Lines that tell of the fleet and have this in them. */
const about = (host: RunningHost, text: string) => host.said.filter((line) => line.includes(text))

describe('ballast run as a member of a fleet', () => {
  let server: NatsServer
  beforeEach(async () => {
    server = await NatsServer.start()
  })
  afterEach(() => server[Symbol.asyncDispose]())

  it('reports its host, what its guests need and what it can run; one leads', async () => {
    await using one = new RunningHost(a, server.address)
    await using two = new RunningHost(b, server.address, ['bandwidth: 1GiB'])
    await using bus = await natsBus({ servers: [server.address] })
    const reports = await eventually(async () => {
      const found = (await bus.reports()).map(({ report }) => report)
      expect(found.map(({ host }) => host).sort()).toEqual([a, b])
      for (const { guests, answers } of found) {
        expect(guests.length).toBeGreaterThan(0)
        for (const { requirement } of guests) expect(answers[requirement!]).toBe(true)
      }
      return found
    })
    const second = reports.find(({ host }) => host === b)!
    expect(second.reach).toMatchObject({ uri: `test+tls://${b}/`, bandwidth: 2 ** 30 })
    expect(second.interval).toBe(200)
    const lease = await eventually(async () => {
      const leader = await bus.leader()
      expect([a, b]).toContain(leader?.host)
      return leader!
    })
    const leader = lease.host === a ? one : two
    const follower = leader === one ? two : one
    await eventually(() => expect(about(leader, 'leads from now on')).toHaveLength(1))
    const { name } = reports.find(({ host }) => host === lease.host)!
    await eventually(() => expect(about(follower, `led by ${name}`)).toHaveLength(1))
    expect(await leader.stop()).toBe(0)
    await eventually(() => expect(about(follower, 'leads from now on')).toHaveLength(1))
  })

  it('goes on by itself while NATS is away, and says so once', async () => {
    await using host = new RunningHost(a, server.address)
    await eventually(() => expect(about(host, 'joined')).toHaveLength(1))
    await server.end('SIGKILL')
    await eventually(() => expect(about(host, 'lost NATS')).toHaveLength(1))
    const before = host.ticks
    await eventually(() => expect(host.ticks).toBeGreaterThan(before + 10))
    await server.restart()
    await eventually(() => expect(about(host, 'again')).toHaveLength(1))
    await using bus = await natsBus({ servers: [server.address] })
    const [{ report }] = await eventually(async () => {
      const reports = await bus.reports()
      expect(reports).toHaveLength(1)
      return reports as [(typeof reports)[0]]
    })
    await eventually(async () => {
      expect((await bus.reports())[0]!.report.sequence).toBeGreaterThan(report.sequence)
    })
    expect(about(host, 'lost NATS')).toHaveLength(1)
    expect(about(host, 'ERR_')).toEqual([])
  })

  it('begins without a NATS, and joins when there is one', async () => {
    await server.end()
    await using host = new RunningHost(a, server.address)
    await eventually(() => expect(about(host, 'Cannot connect to NATS')).toHaveLength(1))
    await eventually(() => expect(host.ticks).toBeGreaterThan(10))
    await server.restart()
    await eventually(() => expect(about(host, 'joined')).toHaveLength(1))
    expect(about(host, 'Cannot connect')).toHaveLength(1)
  })

  it('says so when another host has its UUID, and nothing is moved', async () => {
    await using one = new RunningHost(a, server.address)
    await using two = new RunningHost(a, server.address)
    for (const host of [one, two]) {
      await eventually(() => expect(about(host, 'ERR_FLEET_DUPLICATE')).toHaveLength(1))
      const before = host.ticks
      await eventually(() => expect(host.ticks).toBeGreaterThan(before + 5))
    }
    await using bus = await natsBus({ servers: [server.address] })
    expect(await bus.open()).toEqual([])
    await eventually(async () => expect((await bus.reports())[0]!.report.duplicate).toBe(true))
    expect(await two.stop()).toBe(0)
    const { length } = about(one, 'ERR_FLEET_DUPLICATE')
    const before = one.ticks
    await eventually(() => expect(one.ticks).toBeGreaterThan(before + 10))
    expect(about(one, 'ERR_FLEET_DUPLICATE')).toHaveLength(length)
  })

  it('has the fleet in its metrics', async () => {
    const port = await freePort()
    await using host = new RunningHost(a, server.address, [], [`metrics: ${port}`])
    const metrics = async () => await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    await eventually(async () => {
      const text = await metrics()
      expect(text).toMatch(/^ballast_fleet_connected 1$/m)
      expect(text).toMatch(/^ballast_fleet_leading 1$/m)
      expect(text).toMatch(/^ballast_fleet_led\{fleet="default"\} 1$/m)
      expect(text).toMatch(/^ballast_fleet_host_guests\{host="[^"]+"\} [1-9]/m)
      expect(text).toMatch(/^ballast_fleet_orders_total\{state="failed"\} 0$/m)
    })
    await server.end()
    await eventually(async () => {
      const text = await metrics()
      expect(text).toMatch(/^ballast_fleet_connected 0$/m)
      expect(text).toMatch(/^ballast_fleet_leading 0$/m)
      expect(text).not.toContain('ballast_fleet_host_guests{')
    })
    expect(about(host, 'lost NATS')).toHaveLength(1)
  })

  it('refuses orders of nobody who leads', async () => {
    await using host = new RunningHost(a, server.address, ['lead: false'])
    await using bus = await natsBus({ servers: [server.address] })
    await eventually(async () => expect(await bus.reports()).toHaveLength(1))
    await bus.lease({ host: b, instance: 'i' })
    await bus.order({ ...orderOf('1', a), fence: 1 })
    await eventually(async () => expect((await bus.told('1'))?.state).toBe('refused'))
    await eventually(() =>
      expect(about(host, 'order 1, ').filter((line) => line.includes(': refused'))).toHaveLength(1),
    )
  })
})

it('an agent with the rights of one never leads, and says why once', async () => {
  await using fleet = await FleetServer.start(a)
  await using bus = await natsBus(fleet.as('leader'))
  const { credentials } = fleet.as('HOST-NAME')
  await using host = new RunningHost(a, fleet.server.address, [`credentials: ${credentials}`])
  await eventually(async () => expect(await bus.reports()).toHaveLength(1))
  await eventually(() => expect(about(host, 'ERR_FLEET_PERMISSION')).toHaveLength(1))
  const before = host.ticks
  await eventually(() => expect(host.ticks).toBeGreaterThan(before + 20))
  expect(about(host, 'ERR_FLEET_PERMISSION')).toHaveLength(1)
})

it('an agent that starts anew, or reports after a long pause, is no other', async () => {
  await using server = await NatsServer.start()
  const ages = { reportAge: 300, leaseAge: 1_000 }
  await using first = await natsBus({ servers: [server.address], ...ages })
  await first.report(reportOf('a'))
  await first.report(reportOf('a'))
  await sleep(600)
  await first.report(reportOf('a'))
  await using second = await natsBus({ servers: [server.address], ...ages })
  await second.report(reportOf('a'))
  await second.report(reportOf('a'))
  await expect(first.report(reportOf('a'))).rejects.toMatchObject({ code: 'ERR_FLEET_DUPLICATE' })
})

it('a host whose NATS is never there ends at once when it is told to', async () => {
  await using host = new RunningHost(a, `127.0.0.1:${await freePort()}`)
  await eventually(() => expect(host.ticks).toBeGreaterThan(2))
  expect(await host.stop()).toBe(0)
})

it('a host ends in time while NATS is away', async () => {
  await using server = await NatsServer.start()
  await using host = new RunningHost(a, server.address)
  await eventually(() => expect(about(host, 'leads')).toHaveLength(1))
  await server.end('SIGKILL')
  await eventually(() => expect(about(host, 'lost NATS')).toHaveLength(1))
  const before = performance.now()
  expect(await host.stop()).toBe(0)
  expect(performance.now() - before).toBeLessThan(15_000)
})
