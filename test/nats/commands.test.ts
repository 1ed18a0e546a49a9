import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { main } from '../../lib/cli/program.ts'
import type { FleetBus } from '../../lib/fleet/bus/fleet-bus.ts'
import { natsBus } from '../../lib/fleet/nats/nats-bus.ts'
import type { GuestReport, HostReport } from '../../lib/fleet/report/host-report.ts'
import { GiB } from '../../lib/util/units.ts'
import { freePort } from '../support/free-port.ts'
import { NatsServer } from '../support/nats.ts'
import { ballast, contextOf } from '../unit/cli/test-context.ts'
import { reportOf } from './examples.ts'

const directory = mkdtempSync(join(tmpdir(), 'ballast-commands-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

let server: NatsServer
beforeAll(async () => {
  server = await NatsServer.start()
})
afterAll(() => server[Symbol.asyncDispose]())

/** Each test has a fleet of its own. */
let fleet = 0
let bus: FleetBus
beforeEach(async () => {
  fleet++
  bus = await natsBus({ servers: [server.address], fleet: `f${fleet}` })
})
afterEach(() => bus[Symbol.asyncDispose]())

async function asked(...args: string[]) {
  const own = ['--servers', server.address, '--name', `f${fleet}`]
  return await ballast(['fleet', ...args, ...own], async () => {
    throw new Error('it tried to connect')
  })
}

const hostUuid = (n: number) => `6c1f0f3a-0000-4000-8000-00000000000${n}`
const guestUuid = (n: number) => `7c1f0f3a-0000-4000-8000-00000000000${n}`

function guestOf(n: number, demand = 0.9): GuestReport {
  return {
    id: n,
    uuid: guestUuid(n),
    name: `web${n}`,
    running: true,
    cpu: { vcpus: 1, demand, largest: demand, usage: demand / 2, delay: 0.4, shares: 1_024 },
    memory: { maximum: GiB, actual: GiB, committed: GiB, need: GiB / 2, dirtyRate: 1e6, swapping: false },
    requirement: 'any',
    stays: [],
    labels: [],
  }
}

function hostOf(n: number, guests: readonly GuestReport[], more: Partial<HostReport> = {}): HostReport {
  const committed = guests.length * GiB
  return {
    ...reportOf(hostUuid(n), guests),
    name: `host${n}`,
    cpu: { pcpus: 2, capacity: 2, background: 0.1 },
    memory: { total: 16 * GiB, budget: 14 * GiB, committed },
    reach: { uri: `qemu+tls://host${n}/system`, bandwidth: 1e8 },
    answers: { any: true },
    ...more,
  }
}

/** Six busy guests on one host, and an idle one. */
async function report(more: Partial<HostReport> = {}): Promise<void> {
  await bus.report(
    hostOf(
      1,
      [1, 2, 3, 4, 5, 6].map((n) => guestOf(n)),
    ),
  )
  await bus.report(hostOf(2, [], more))
}

describe('ballast fleet status', () => {
  it('shows hosts, leader, and what was asked for', async () => {
    await report({ dryRun: true })
    await bus.lease({ host: hostUuid(2), instance: 'i' })
    await bus.settings.update((settings) => ({ ...settings, paused: { since: 1, by: 'ann' } }))
    const { code, stdout, stderr } = await asked('status')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const lines = stdout.split('\n')
    expect(lines[0]).toBe(`fleet f${fleet}: 2 hosts, 6 guests, led by host2, paused by ann`)
    expect(lines[1]).toMatch(/^HOST +LOAD +DELAY +MEMORY +GUESTS +AGE$/)
    expect(lines[2]).toMatch(/^host1 +284\.2 % +40\.0 % +6\/14 GiB +6 +\d+ s$/)
    expect(lines[3]).toMatch(/^host2 +0\.0 % .* 0 +\d+ s +leads, dry run$/)
    const json = JSON.parse((await asked('status', '--json')).stdout)
    expect(json).toMatchObject({
      leader: { host: hostUuid(2) },
      hosts: [{ name: 'host1' }, { name: 'host2' }],
    })
    expect(json.hosts[0].guests).toHaveLength(6)
  })

  it('names a host whose UUID another has', async () => {
    await report({ duplicate: true })
    const { stdout } = await asked('status')
    expect(stdout.split('\n')[3]).toMatch(/^host2 .* 0 +\d+ s +duplicate$/)
  })

  it('says what there is not', async () => {
    const { code, stdout } = await asked('status')
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `fleet f${fleet}: 0 hosts, 0 guests, led by nobody\nno host reports\n`,
    })
  })
})

it('a command that waits for NATS ends when the user does not wait', async () => {
  const silent = createServer()
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as AddressInfo
  const stop = new AbortController()
  silent.once('connection', () => stop.abort('SIGINT'))
  const nowhere = () => Promise.reject(new Error('it tried to connect'))
  const args = ['fleet', 'status', '--servers', `127.0.0.1:${port}`]
  expect(await main(args, contextOf(nowhere, stop.signal))).toBe(0)
  silent.close()
})

describe('ballast fleet plan', () => {
  it('shows each step with its cost and prediction, and what was weighed, and asks for nothing', async () => {
    await report()
    const { code, stdout } = await asked('plan')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^1\. web\d: host1 -> host2: /m)
    expect(stdout).toMatch(/^ {3}cost: 1\d{3} MiB in \d+ s, paused for /m)
    expect(stdout).toMatch(/^ {3}predicted: host1 delay .*; host2 delay /m)
    const json = JSON.parse((await asked('plan', '--json')).stdout)
    expect(json.steps.length).toBeGreaterThan(0)
    expect(json.steps[0]).toMatchObject({
      fromName: 'host1',
      toName: 'host2',
      reason: { text: expect.any(String) },
    })
    expect(await bus.open()).toEqual([])
    expect(await bus.settings.read()).toEqual({ draining: {} })
  })

  it('keeps to the rules of a configuration', async () => {
    await report()
    const config = join(directory, 'ballast.yaml')
    writeFileSync(config, `fleet: { servers: ${server.address}, name: f${fleet}, rules: { never: web* } }\n`)
    const { code, stdout } = await ballast(['fleet', 'plan', '--config', config], async () => {
      throw new Error('it tried to connect')
    })
    expect(code).toBe(0)
    expect(stdout).not.toContain('->')
  })
})

describe('ballast fleet drain', () => {
  it('asks for an empty host by its name, and undrain takes it back', async () => {
    await report()
    const { code, stdout, stderr } = await asked('drain', 'host1')
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'host1 is to be empty: 6 guests leave it, and none comes\n',
    })
    expect(stderr).toBe('ballast: nobody leads the fleet now: it waits until one does\n')
    expect((await bus.settings.read()).draining).toMatchObject({ [hostUuid(1)]: { by: expect.any(String) } })
    expect((await asked('status')).stdout).toContain('maintenance')
    expect((await asked('undrain', 'host1')).code).toBe(0)
    expect((await bus.settings.read()).draining).toEqual({})
    expect((await asked('undrain', 'host1')).code).toBe(2)
  })

  it('shows where the guests would go, and asks for nothing, with --dry-run', async () => {
    await report()
    const { code, stdout } = await asked('drain', 'host1', '--dry-run')
    expect(code).toBe(0)
    expect(stdout.match(/host1 -> host2/g)).toHaveLength(6)
    expect(await bus.settings.read()).toEqual({ draining: {} })
  })

  it('takes back what was asked of a host that does not report any more', async () => {
    await bus.settings.update((all) => ({ ...all, draining: { [hostUuid(9)]: { since: 1, by: 'ann' } } }))
    expect((await asked('status')).stdout).toContain(`${hostUuid(9)} is to be empty, and does not report`)
    expect((await asked('undrain', hostUuid(9))).code).toBe(0)
    expect((await bus.settings.read()).draining).toEqual({})
  })
})

describe('ballast fleet move', () => {
  it('asks for a move', async () => {
    await report()
    const { code, stdout } = await asked('move', 'web1', 'host2')
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'web1 is to move from host1 to host2\n' })
    expect((await bus.settings.read()).moves).toMatchObject({ [guestUuid(1)]: { to: hostUuid(2) } })
  })

  it('shows what it would cost, and asks for nothing, with --dry-run', async () => {
    await report()
    const { code, stdout } = await asked('move', guestUuid(1), hostUuid(2), '--dry-run')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^1\. web1: host1 -> host2: .*\n {3}cost: /m)
    expect(await bus.settings.read()).toEqual({ draining: {} })
  })

  it.each<[string, Partial<HostReport>, RegExp]>([
    [
      'there is no room',
      { memory: { total: GiB, budget: GiB / 2, committed: 0 } },
      /: it takes 1088 MiB, and the target has 512 MiB left\n/,
    ],
    ['the target cannot run it', { answers: { any: 'no such CPU' } }, /no such CPU/],
    ['nobody reaches the target', { reach: undefined }, /nothing moves from or to host2/],
  ])('refuses where %s, and asks for nothing', async (_, more, expected) => {
    await report(more)
    const { code, stderr } = await asked('move', 'web1', 'host2')
    expect(code).toBe(1)
    expect(stderr).toMatch(/^ballast: web1 is not moved to host2: /)
    expect(stderr).toMatch(expected)
    expect(await bus.settings.read()).toEqual({ draining: {} })
  })
})

describe('wrong requests to a fleet', () => {
  it.each([
    [['drain', 'nowhere'], /no host "nowhere" reports; there are host1, host2/],
    [['undrain', 'nowhere'], /no host "nowhere" reports/],
    [['move', 'web9', 'host2'], /no guest "web9" reports; there are web1, web2/],
    [['move', 'web1', 'host9'], /no host "host9" reports/],
    [['why', 'web9'], /no guest "web9" reports, and the history has none/],
    [['resume'], /the fleet is not paused/],
    [['plan', '--config', '/nowhere'], /1 error in \/nowhere/],
    [['drain'], /missing required argument 'host'/],
    [['drian', 'host1'], /unknown command 'drian'/],
  ])('%j says what is wrong, and changes nothing', async (args, expected) => {
    await report()
    const { code, stderr } = await asked(...args)
    expect(code).toBe(2)
    expect(stderr).toMatch(expected)
    expect(await bus.settings.read()).toEqual({ draining: {} })
  })

  it('two hosts of one name are named by their UUIDs', async () => {
    await bus.report(hostOf(1, []))
    await bus.report({ ...hostOf(2, []), name: 'host1' })
    const { code, stderr } = await asked('drain', 'host1')
    expect(code).toBe(2)
    expect(stderr).toContain(`2 hosts are called "host1": name one by its UUID`)
    expect((await asked('drain', hostUuid(2).toUpperCase())).code).toBe(0)
  })

  it('a NATS that is not there, and no fleet at all', async () => {
    const nowhere = async () => {
      throw new Error('it tried to connect')
    }
    const { code, stderr } = await ballast(
      ['fleet', 'status', '-s', `127.0.0.1:${await freePort()}`],
      nowhere,
    )
    expect(code).toBe(3)
    expect(stderr).toMatch(/^ballast: Cannot connect to NATS at 127\.0\.0\.1:\d+ \(.*\n$/)
    expect((await ballast(['fleet', 'status', '-s', 'a:b:c'], nowhere)).code).toBe(2)
    const config = join(directory, 'none.yaml')
    writeFileSync(config, 'interval: 2\n')
    const none = await ballast(['fleet', 'status', '--config', config], nowhere)
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('has no fleet') })
  })
})

describe('ballast fleet pause, resume, run, history and why', () => {
  it('pause and resume what the leader does', async () => {
    await report()
    expect(await asked('pause', '--dry-run')).toMatchObject({ code: 0 })
    expect((await bus.settings.read()).paused).toBeUndefined()
    expect(await asked('pause')).toMatchObject({ code: 0 })
    expect((await bus.settings.read()).paused).toMatchObject({ by: expect.any(String) })
    expect(await asked('move', 'web1', 'host2')).toMatchObject({ code: 1 })
    expect(await asked('resume')).toMatchObject({ code: 0 })
    expect((await bus.settings.read()).paused).toBeUndefined()
  })

  it('leads, gives orders, and tells of them later', async () => {
    await report()
    const { code, stdout } = await asked('run', '0.2', '--ticks', '4')
    expect(code).toBe(0)
    expect(stdout.trim().split('\n')).toHaveLength(4)
    const orders = await bus.open()
    expect(orders.length).toBeGreaterThan(0)
    expect(await bus.leader()).toBeUndefined()
    const history = await asked('history')
    expect(history.stdout).toContain('host1 -> host2')
    const moved = JSON.parse(
      (await asked('history', '--json')).stdout.split('\n').find((line) => line.includes('"ordered":[{'))!,
    )
    const { guestName } = moved.ordered[0].step
    const why = await asked('why', guestName)
    expect(why.code).toBe(0)
    expect(why.stdout).toContain('from host1 to host2: ')
    expect(why.stdout).toContain('now: on host1')
    expect(JSON.parse((await asked('why', guestName, '--json')).stdout)).toMatchObject({
      events: [{ kind: 'ordered' }],
      now: { host: 'host1' },
    })
  })

  it('with --dry-run gives no orders, and takes the lease from nobody', async () => {
    await report()
    const { code, stdout } = await asked('run', '0.2', '--ticks', '4', '--dry-run', '--json')
    expect(code).toBe(0)
    const ticks = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(ticks.map(({ mode }) => mode)).toEqual(Array(4).fill('dry run'))
    expect(ticks.at(-1).plan.steps.length).toBeGreaterThan(0)
    expect(await bus.open()).toEqual([])
    expect(await bus.leader()).toBeUndefined()
    expect((await asked('history')).stderr).toContain('nothing is known of this time')
  })
})
