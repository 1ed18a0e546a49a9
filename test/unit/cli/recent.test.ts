import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { askController } from '../../../lib/cli/recent/ask.ts'
import { Followers } from '../../../lib/cli/recent/followers.ts'
import { serveRecent } from '../../../lib/cli/recent/serve.ts'
import { type HostLock, lockHost, runningControllers } from '../../../lib/control/host-lock/host-lock.ts'
import type { LockPlaces } from '../../../lib/control/host-lock/places.ts'
import type { Host } from '../../../lib/host/host.ts'
import { RecentTicks } from '../../../lib/recording/recent-ticks.ts'
import { scenarios, simulate } from '../../../lib/simulation/index.ts'
import { ballast, type Ending, withMembers } from './test-context.ts'

const uri = 'qemu:///system'
const noHost = async () => {
  throw new Error('a controller that runs is asked without a connection')
}

let directory: string
let places: LockPlaces
let locks: HostLock[]
let servers: Server[]
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ballast-ask-'))
  places = { shared: join(directory, 'shared'), own: join(directory, 'own') }
  mkdirSync(places.shared, { mode: 0o700 })
  locks = []
  servers = []
})
afterEach(() => {
  for (const lock of locks) lock.release()
  for (const server of servers) server.close()
  rmSync(directory, { recursive: true })
})

const env = () => ({ XDG_STATE_HOME: directory })
const ask = (...args: string[]) => ballast(args, noHost, env(), {}, places)

async function locked(...resources: ('vcpus' | 'memory')[]): Promise<HostLock & { socketPath: string }> {
  const lock = await lockHost(
    { uri },
    { command: 'test', ...(resources.length > 0 && { resources }) },
    places,
  )
  locks.push(lock)
  return lock as HostLock & { socketPath: string }
}

/** A controller whose socket answers every question with these words. */
async function answering(words: string): Promise<void> {
  const lock = await locked()
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', () => socket.end(words))
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(lock.socketPath, resolve))
  lock.answers(1)
}

/** What a controller of the simulated host A1 is asked after `seconds` of its time, while it runs. */
async function whileRunning(
  seconds: number,
  asked: () => Promise<Ending>,
  ...args: string[]
): Promise<Ending> {
  const simulated = simulate(scenarios.A1())
  let answer: Ending | undefined
  const { clock } = simulated
  const host: Host = withMembers(simulated, {
    uri,
    clock: {
      now: () => clock.now(),
      wallTime: () => clock.wallTime(),
      async sleepUntil(time, signal) {
        if (time >= 1_000 * seconds && !answer) answer = await asked()
        return clock.sleepUntil(time, signal)
      },
    },
  })
  const run = [
    'run',
    '--ticks',
    '20',
    '--ballooning',
    'none',
    '--journal',
    join(directory, 'journal'),
    ...args,
  ]
  const { code, stderr } = await ballast(run, async () => host, env(), {}, places)
  expect({ code, stderr }).toMatchObject({ code: 0 })
  return answer!
}

describe('a controller that runs', () => {
  it('tells its history without a call to the host, and nothing remains of its socket', async () => {
    const { code, stdout, stderr } = await whileRunning(30, () => ask('history'))
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'ballast: known since 2026-01-01 00:00:00\n' })
    const lines = stdout.trim().split('\n')
    for (const line of lines)
      expect(line).toMatch(/^2026-\S+ \S+ {2}guest\d+: vCPU 0 pinned to pCPU \d: wants .+; delay /)
    expect(runningControllers(uri, places)).toEqual([])
    expect(readdirSync(places.shared).filter((name) => name.endsWith('.sock'))).toEqual([])
  })

  it('says why a guest was changed, and what holds now', async () => {
    const { code, stdout } = await whileRunning(30, () => ask('why', 'guest1', '--json'))
    expect(code).toBe(0)
    const { change, now } = JSON.parse(stdout)
    expect(now).toMatchObject({
      summary: expect.stringContaining('tick '),
      score: { cpu: expect.any(Number) },
    })
    expect(change === undefined || change.outcome.action.domain === 'guest1').toBe(true)
  })

  it('says what it knows of an earlier moment, and of nobody', async () => {
    const early = await whileRunning(30, () => ask('why', 'guest1', '--at', '2020-01-01T00:00'))
    expect(early).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/only changes are known.*\n.*no guest "guest1"/),
    })
    const nobody = await whileRunning(30, () => ask('why', 'nobody'))
    expect(nobody).toMatchObject({ code: 2, stderr: expect.stringContaining('there are guest1, ') })
  })

  it('is asked where the host is named by an alias of libvirt', async () => {
    const named = () =>
      ballast(
        ['history', '-c', 'alias'],
        async () => withMembers(simulate(scenarios.A1()), { uri }),
        env(),
        {},
        places,
      )
    expect(await whileRunning(30, named)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('pinned'),
    })
  })

  it('runs on where it can have no socket', async () => {
    const long = { shared: join(directory, 'x'.repeat(120)), own: join(directory, 'own') }
    mkdirSync(long.shared, { mode: 0o700 })
    const host = withMembers(simulate(scenarios.A1()), { uri })
    const args = ['run', '--ticks', '2', '--journal', join(directory, 'journal')]
    expect(await ballast(args, async () => host, env(), {}, long)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('"ballast why", "history" and "top" cannot ask this controller'),
    })
  })
})

describe('the socket of a controller', () => {
  const past = () => {
    const recent = new RecentTicks()
    recent.begin(0)
    return { recent, followers: new Followers() }
  }

  it('is for the users of its directory, and replaces what a crash left', async () => {
    const lock = await locked()
    writeFileSync(lock.socketPath, 'left')
    await using _ = await serveRecent(lock.socketPath, past(), () => {})
    expect(statSync(lock.socketPath).mode & 0o777).toBe(0o660)
    expect(statSync(lock.socketPath).isSocket()).toBe(true)
    lock.answers(1)
    expect(await ask('history')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('no change of any guest is known'),
    })
  })

  it('is asked once of a controller with both locks, and of each of two', async () => {
    const both = await locked()
    expect(runningControllers(uri, places)).toHaveLength(1)
    both.release()
    await locked('memory')
    // Two of one process are one: the owner's pid tells them apart.
    expect(runningControllers(uri, places)).toMatchObject([{ owner: { command: 'test' } }])
  })

  it.each([
    ['{"ask":"history","version":1}\n', { ballastHistory: 3, ballast: expect.any(String) }],
    ['{"ask":"history","version":4}\n', { error: expect.stringContaining('up to version 3') }],
    ['{"ask":"all"}\n', { error: expect.stringContaining('a question is {"ask":"history","version":1} or') }],
    ['[]\n', { error: expect.any(String) }],
    ['x'.repeat(2_000), { error: expect.any(String) }],
  ])('is asked %j', async (question, first) => {
    const lock = await locked()
    await using _ = await serveRecent(lock.socketPath, past(), () => {})
    const text = await new Promise<string>((resolve, reject) => {
      let all = ''
      const socket = connect(lock.socketPath, () => void socket.write(question))
      socket.setEncoding('utf8').on('data', (data) => (all += data))
      socket.on('end', () => resolve(all)).on('error', reject)
    })
    expect(JSON.parse(text.split('\n')[0]!)).toEqual(first)
  })

  it.each([
    [
      'an older Ballast',
      undefined,
      undefined,
      1,
      'cannot be asked: its Ballast is older, or it has no socket; restart it',
    ],
    ['nobody', 1, undefined, 1, 'does not answer: it is just starting or ending'],
  ] as const)('of %s gives a clear error', async (_of, version, _words, code, message) => {
    const lock = await locked()
    if (version) lock.answers(version)
    expect(await ask('why', 'guest1')).toMatchObject({
      code,
      stdout: '',
      stderr: expect.stringContaining(message),
    })
  })

  it.each([
    ['', 'broke off its answer'],
    ['{"ballastHistory":1}\n{"t":0,"set"', 'broke off its answer'],
    ['no JSON\n', 'broke off its answer'],
    ['{"error":"not today"}\n', 'refuses the question: not today'],
  ])('that answers %j gives a clear error', async (words, message) => {
    await answering(words)
    expect(await ask('history')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining(message),
    })
  })

  it('that answers in a newer way is read as far as it is known', async () => {
    await answering('{"ballastHistory":1,"since":5,"more":{}}\n{"t":0,"news":1}\n{"end":true}\n')
    const [controller] = runningControllers(uri, places)
    expect(await askController(controller!)).toMatchObject({ since: 5, wholeSince: undefined })
    expect(await ask('history')).toMatchObject({ code: 0 })
  })
})
