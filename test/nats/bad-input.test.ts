import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectNats } from '../../lib/fleet/nats/connection.ts'
import { natsBus } from '../../lib/fleet/nats/nats-bus.ts'
import { freePort } from '../support/free-port.ts'
import { NatsServer } from '../support/nats.ts'
import { reportOf } from './examples.ts'

describe('natsBus rejects', () => {
  it('where no NATS is', async () => {
    const servers = [`127.0.0.1:${await freePort()}`]
    await expect(natsBus({ servers })).rejects.toMatchObject({
      code: 'ERR_FLEET_BUS',
      message: expect.stringContaining(servers[0]!),
    })
  })

  it('where NATS has no JetStream', async () => {
    await using server = await NatsServer.start({ jetStream: false })
    await expect(natsBus({ servers: [server.address] })).rejects.toMatchObject({
      code: 'ERR_FLEET_JETSTREAM',
      message: expect.stringContaining('-js'),
    })
  })

  it('a user that NATS does not know, and a credentials file with nothing in it', async () => {
    await using server = await NatsServer.start({ configuration: 'authorization { user: a, password: b }' })
    const servers = [server.address]
    const denied = { code: 'ERR_FLEET_PERMISSION' }
    await expect(natsBus({ servers })).rejects.toMatchObject(denied)
    await expect(natsBus({ servers, credentials: '/nowhere' })).rejects.toMatchObject(denied)
    const directory = mkdtempSync(join(tmpdir(), 'ballast-credentials-'))
    const credentials = join(directory, 'nats')
    writeFileSync(credentials, '\n', { mode: 0o600 })
    await expect(natsBus({ servers, credentials })).rejects.toMatchObject({
      ...denied,
      message: expect.stringContaining('has no credentials'),
    })
    writeFileSync(credentials, 'a:b\n')
    await using bus = await natsBus({ servers, credentials })
    expect(await bus.leader()).toBeUndefined()
    chmodSync(credentials, 0o640)
    await expect(natsBus({ servers, credentials })).rejects.toMatchObject({
      ...denied,
      message: expect.stringContaining('chmod 600'),
    })
    rmSync(directory, { recursive: true })
  })

  it.each([
    [{ servers: [] }, 'servers'],
    [{ servers: ['a'], fleet: 'a.b' }, 'fleet'],
    [{ servers: ['a'], host: 'a>' }, 'host'],
    [{ servers: ['a'], tls: { cert: '/a' } }, 'tls'],
  ])('a wrong option: %j', async (options, option) => {
    await expect(natsBus(options)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT', option })
  })
})

describe('with a NATS that others use, too', () => {
  let server: NatsServer
  beforeAll(async () => {
    server = await NatsServer.start()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  it('streams of a newer version, and of other programs, are left alone', async () => {
    const { connection, manager } = await connectNats({ servers: [server.address] })
    const description = async (name: string) => (await manager.streams.info(name)).config.description
    for (const [fleet, text] of [
      ['newer', 'Ballast fleet, version 2'],
      ['strange', 'temperatures'],
    ] as const) {
      const name = `KV_ballast_${fleet}_settings`
      await manager.streams.add({ name, subjects: [`$KV.ballast_${fleet}_settings.>`], description: text })
      await expect(natsBus({ servers: [server.address], fleet })).rejects.toMatchObject({
        code: 'ERR_FLEET_VERSION',
      })
      expect(await description(name)).toBe(text)
    }
    await connection.close()
  })

  it('two fleets do not see each other', async () => {
    await using one = await natsBus({ servers: [server.address], fleet: 'one' })
    await using two = await natsBus({ servers: [server.address], fleet: 'two' })
    await one.report(reportOf('a'))
    await two.lease({ host: 'b', instance: 'i' })
    expect(await two.reports()).toEqual([])
    expect(await one.leader()).toBeUndefined()
  })

  it('a stream that somebody removes is not taken for a NATS without JetStream', async () => {
    await using bus = await natsBus({ servers: [server.address], fleet: 'removed' })
    await bus.report(reportOf('a'))
    const { connection, manager } = await connectNats({ servers: [server.address] })
    await manager.streams.delete('KV_ballast_removed_reports')
    await connection.close()
    await expect(bus.report(reportOf('a'))).rejects.toMatchObject({
      code: 'ERR_FLEET_BUS',
      message: expect.stringContaining('$KV.ballast_removed_reports.a'),
    })
    await using again = await natsBus({ servers: [server.address], fleet: 'removed' })
    await again.report(reportOf('a'))
    await bus.report(reportOf('a'))
  })

  it('what is no report, or of another host than its key, is left out', async () => {
    await using bus = await natsBus({ servers: [server.address], fleet: 'damaged' })
    const { connection, client } = await connectNats({ servers: [server.address] })
    for (const text of ['{', '7', 'null', '{"host":"a"}', JSON.stringify(reportOf('b')), 'x\u0001\u0002']) {
      await client.publish('$KV.ballast_damaged_reports.a', text)
      await client.publish('$KV.ballast_damaged_requirements.k', text)
      await client.publish('ballast.damaged.host.a.order.1', text)
      expect(await bus.reports()).toEqual([])
      expect(await bus.open()).toEqual([])
      await bus.requirements()
    }
    await connection.close()
  })
})
