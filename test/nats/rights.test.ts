import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FleetBus } from '../../lib/fleet/bus/fleet-bus.ts'
import { connectNats } from '../../lib/fleet/nats/connection.ts'
import { natsBus } from '../../lib/fleet/nats/nats-bus.ts'
import { eventually } from '../libvirt/eventually.ts'
import { ballast } from '../unit/cli/test-context.ts'
import { eventOf, orderOf, reportOf, requirement } from './examples.ts'
import { FleetServer } from './fleet-server.ts'

const own = '6c1f0f3a-0000-4000-8000-000000000001'
const other = '6c1f0f3a-0000-4000-8000-000000000002'
const denied = { code: 'ERR_FLEET_PERMISSION' }

describe('with the packaged configuration of NATS', () => {
  let fleet: FleetServer
  let leader: FleetBus
  let agent: FleetBus
  let people: FleetBus
  beforeAll(async () => {
    fleet = await FleetServer.start(own)
    leader = await natsBus(fleet.as('leader'))
    agent = await natsBus(fleet.as('HOST-NAME', own))
    people = await natsBus(fleet.as('people'))
  })
  afterAll(async () => {
    await Promise.all([leader, agent, people].map((bus) => bus?.[Symbol.asyncDispose]()))
    await fleet?.[Symbol.asyncDispose]()
  })

  it('an agent reports, reads and writes requirements, hears its orders and tells of them', async () => {
    await agent.report(reportOf(own))
    expect((await leader.reports()).map(({ report }) => report)).toEqual([reportOf(own)])
    const answers = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`k${i}`, true] as const))
    await agent.report({ ...reportOf(own), answers })
    expect((await leader.reports()).map(({ report }) => report.answers)).toEqual([answers])
    expect((await people.reports()).map(({ report }) => report.answers)).toEqual([answers])
    await agent.require('k1', requirement)
    expect([...(await agent.requirements()).keys()]).toEqual(['k1'])
    const taken: string[] = []
    const stop = await agent.take(own, async ({ id }) => void taken.push(id))
    await leader.order(orderOf('1', own))
    await leader.order(orderOf('2', other))
    await eventually(() => expect(taken).toEqual(['1']))
    await agent.tell(eventOf('1', own, 'done'))
    expect((await leader.open()).map(({ order }) => order.id)).toEqual(['2'])
    await stop()
  })

  it('an agent does nothing else', async () => {
    await expect(agent.report(reportOf(other))).rejects.toMatchObject(denied)
    await expect(agent.reports()).rejects.toMatchObject(denied)
    await expect(agent.lease({ host: own, instance: 'i' })).rejects.toMatchObject(denied)
    expect(await agent.leader()).toBeUndefined()
    await expect(agent.order(orderOf('3', own))).rejects.toMatchObject(denied)
    await expect(agent.tell(eventOf('2', other, 'done'))).rejects.toMatchObject(denied)
    await expect(agent.open()).rejects.toMatchObject(denied)
    await expect(agent.settings.read()).rejects.toMatchObject(denied)
    await expect(agent.settings.update((value) => value)).rejects.toMatchObject(denied)
    await expect(agent.remember({ wallTime: 1 })).rejects.toMatchObject(denied)
    await leader.remember({ wallTime: 1 })
    await expect(all(agent.history(0))).rejects.toMatchObject(denied)
    expect((await leader.open()).map(({ order }) => order.id)).toEqual(['2'])
    expect(await leader.leader()).toBeUndefined()
  })

  it('an agent does not hear the orders of another host', async () => {
    await expect(agent.take(other, async () => {})).rejects.toMatchObject(denied)
  })

  it('an agent does not hear what others are answered', async () => {
    const { connection } = await connectNats(fleet.as('HOST-NAME', own))
    const heard: string[] = []
    const ended = Promise.all(
      ['_INBOX.>', '$KV.>', 'ballast.>'].map(async (subject) => {
        for await (const message of connection.subscribe(subject)) heard.push(message.subject)
      }),
    ).catch((error) => error)
    await expect(ended).resolves.toMatchObject({ name: 'PermissionViolationError' })
    await people.settings.read()
    expect(heard).toEqual([])
    await connection.close()
  })

  it('an agent does not have the server write for it', async () => {
    const { connection, manager } = await connectNats(fleet.as('HOST-NAME', own))
    await manager.consumers
      .add('ballast_default_orders', {
        name: 'forged',
        deliver_subject: '$KV.ballast_default_lease.leader',
        deliver_policy: 'all',
        ack_policy: 'none',
        filter_subject: `ballast.default.host.${own}.>`,
      })
      .catch(() => {})
    await leader.order(orderOf('5', own))
    await sleep(300)
    expect(await leader.leader()).toBeUndefined()
    await connection.close()
  })

  it('people read everything, and write what they ask for', async () => {
    await people.settings.update((value) => ({ ...value, paused: { since: 1, by: 'ann' } }))
    expect(await leader.settings.read()).toMatchObject({ paused: { by: 'ann' } })
    await leader.remember({ wallTime: 5, index: 0 })
    expect((await all(people.history(2))).length).toBe(1)
    expect(await people.reports()).toHaveLength(1)
    expect((await people.open()).length).toBeGreaterThan(0)
    await expect(people.lease({ host: own, instance: 'i' })).rejects.toMatchObject(denied)
    await expect(people.order(orderOf('9', own))).rejects.toMatchObject(denied)
    await expect(people.report(reportOf(own))).rejects.toMatchObject(denied)
  })
})

it('people who may not lead, or ask with the file of an agent, are told so', async () => {
  await using fleet = await FleetServer.start(own)
  await using _bus = await natsBus(fleet.as('leader'))
  const asked = async (words: string, user: 'people' | 'HOST-NAME', ...named: string[]) => {
    const { servers, credentials } = fleet.as(user)
    const path = join(fleet.server.directory, 'host.yaml')
    writeFileSync(path, `fleet: { servers: ${servers.join()}, credentials: ${credentials} }\n`)
    return ballast(['fleet', ...words.split(' '), '--config', path, ...named], () =>
      Promise.reject(new Error('it tried to connect')),
    )
  }
  expect(await asked('run --ticks 1', 'people')).toMatchObject({
    code: 4,
    stderr: expect.stringMatching(/^.*joined at .*\nballast: NATS does not let this user write .*lease.*\n$/),
  })
  const { code, stderr } = await asked('status', 'HOST-NAME')
  expect(code).toBe(4)
  expect(stderr).toMatch(
    /You ask as who \S+HOST-NAME is of, the host: name your own file with --credentials$/m,
  )
  const wrong = await asked('status', 'HOST-NAME', '--credentials', fleet.server.directory)
  expect(wrong.stderr).toContain('it is no file')
  const { credentials } = fleet.as('people')
  expect(await asked('status', 'HOST-NAME', '--credentials', credentials!)).toMatchObject({ code: 0 })
})

it('TLS: the server proves who it is, and so may we', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'ballast-tls-'))
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: directory, stdio: 'ignore' })
  const days = ['-days', '2', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
  openssl('req', '-x509', ...days, '-subj', '/CN=ca', '-keyout', 'ca-key.pem', '-out', 'ca.pem')
  const certificate = ['-addext', 'subjectAltName=DNS:localhost', '-CA', 'ca.pem', '-CAkey', 'ca-key.pem']
  openssl('req', '-x509', ...days, '-subj', '/CN=x', ...certificate, '-keyout', 'key.pem', '-out', 'cert.pem')
  const at = (name: string) => join(directory, name)
  const tls = `tls { cert_file: "${at('cert.pem')}", key_file: "${at('key.pem')}", ca_file: "${at('ca.pem')}", verify: true }`
  await using fleet = await FleetServer.start(own, tls)
  try {
    const options = {
      ...fleet.as('leader'),
      servers: [fleet.server.address.replace('127.0.0.1', 'localhost')],
    }
    const proven = { ca: at('ca.pem'), cert: at('cert.pem'), key: at('key.pem') }
    await using bus = await natsBus({ ...options, tls: proven })
    expect(await bus.leader()).toBeUndefined()
    // As a person gives them.
    const said = ['--servers', ...options.servers, '--credentials', options.credentials!]
    const files = Object.entries(proven).flatMap(([name, path]) => [`--tls-${name}`, path])
    const asked = async (...args: readonly string[]) =>
      ballast(['fleet', 'status', ...said, ...args], () => Promise.reject(new Error('it tried to connect')))
    expect(await asked(...files)).toMatchObject({ code: 0, stderr: '' })
    expect((await asked('--tls-ca', proven.ca)).stderr).toContain('Cannot connect to NATS')
    expect(await asked('--tls-cert', proven.cert)).toEqual({
      code: 2,
      stdout: '',
      stderr: 'ballast: --tls-cert and --tls-key go together: give both, or neither\n',
    })
    for (const [ca, why] of [
      [at('nosuch.pem'), 'Cannot read the certificate for TLS in .*nosuch.pem: ENOENT'],
      [directory, 'Cannot read the certificate for TLS in .*: EISDIR'],
      [at('key.pem'), 'key.pem has no certificate in PEM for `ca` of TLS'],
    ] as const) {
      expect((await asked('--tls-ca', ca)).stderr).toMatch(new RegExp(why))
    }
    // A certificate of localhost is none of an address.
    const byAddress = { ...options, servers: [fleet.server.address], tls: proven }
    await expect(natsBus(byAddress)).rejects.toMatchObject({ code: 'ERR_FLEET_BUS' })
    // Of an authority that nobody here trusts.
    await expect(natsBus(options)).rejects.toMatchObject({ code: 'ERR_FLEET_BUS' })
    await expect(natsBus({ ...options, tls: { ca: at('ca.pem') } })).rejects.toMatchObject({
      code: 'ERR_FLEET_BUS',
    })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})

async function all(iterable: AsyncIterable<unknown>): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const one of iterable) found.push(one)
  return found
}
