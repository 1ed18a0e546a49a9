import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { followController } from '../../../lib/cli/recent/follow.ts'
import { Followers } from '../../../lib/cli/recent/followers.ts'
import { serveRecent } from '../../../lib/cli/recent/serve.ts'
import { autopilot } from '../../../lib/control/autopilot.ts'
import { type HostLock, lockHost, runningControllers } from '../../../lib/control/host-lock/host-lock.ts'
import type { LockPlaces } from '../../../lib/control/host-lock/places.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import { RecentTicks } from '../../../lib/recording/recent-ticks.ts'
import { tickRecord } from '../../../lib/report/tick-json.ts'
import { balance } from '../../../lib/schedulers/index.ts'
import { scenarios, simulate } from '../../../lib/simulation/index.ts'

const uri = 'qemu:///system'
let directory: string
let places: LockPlaces
let lock: HostLock & { socketPath: string }
let followers: Followers
let server: AsyncDisposable
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'ballast-follow-'))
  places = { shared: join(directory, 'shared'), own: join(directory, 'own') }
  mkdirSync(places.shared, { mode: 0o700 })
  lock = (await lockHost({ uri }, { command: 'test' }, places)) as typeof lock
  lock.answers(3)
  followers = new Followers()
  server = await serveRecent(lock.socketPath, { recent: new RecentTicks(), followers }, () => {})
})
afterEach(async () => {
  await server[Symbol.asyncDispose]()
  lock.release()
  rmSync(directory, { recursive: true })
})

const { signal } = new AbortController()
const follow = (until = signal) => followController(runningControllers(uri, places)[0]!, until)
const plain = (tick: Tick) => JSON.parse(JSON.stringify(tickRecord(tick)))
/** What says of a Tick which one it is, and whose. */
const inShort = (tick: Tick) => ({
  index: tick.index,
  summary: tick.summary,
  outcomes: plain(tick).outcomes,
  domains: tick.view.domains.map(({ name }) => expect.objectContaining({ name })),
})

async function ticks(count: number): Promise<Tick[]> {
  const made: Tick[] = []
  const options = { interval: 2_000, ticks: count, scheduler: balance() }
  for await (const tick of autopilot(simulate(scenarios.A1()), options)) made.push(tick)
  return made
}

it('tells the last Tick, and each one from then on', async () => {
  const [first, second, third] = (await ticks(3)) as [Tick, Tick, Tick]
  followers.observe(first)
  const heard = await follow()
  for (const tick of [second, third]) {
    expect((await heard.next()).value).toMatchObject({
      tick: inShort(tick === second ? first : second),
      missed: 0,
    })
    followers.observe(tick)
  }
  expect((await heard.next()).value).toMatchObject({ tick: inShort(third), missed: 0 })
  await server[Symbol.asyncDispose]()
  expect(await heard.next()).toEqual({ done: true, value: undefined })
})

it('hears the whole Ticks of a controller that knows no columns', async () => {
  lock.answers(2)
  const [tick] = (await ticks(1)) as [Tick]
  followers.observe(tick)
  const heard = await follow()
  expect((await heard.next()).value).toEqual({ tick: plain(tick), missed: 0 })
  await heard.return()
})

it('says once what the host consists of and what stands, and again when that is another', async () => {
  const [tick] = (await ticks(1)) as [Tick]
  const kinds: string[] = []
  const socket = connect(lock.socketPath, () => void socket.write('{"ask":"follow","version":3}\n'))
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]()
  const upToTick = async () => {
    kinds.length = 0
    for (;;) {
      const [kind] = Object.keys(JSON.parse((await lines.next()).value))
      kinds.push(kind!)
      if (kind === 'columns') return kinds
    }
  }
  followers.observe(tick)
  expect(await upToTick()).toEqual(['ballastFollow', 'host', 'standing', 'columns'])
  followers.observe(tick)
  expect(await upToTick()).toEqual(['columns'])
  const skipped = {
    uuid: 'a',
    domain: 'a',
    what: 'memory' as const,
    rule: 'unmanaged' as const,
    reason: { kind: 'no-balloon' as const },
  }
  followers.observe({ ...tick, skipped: [skipped] })
  expect(await upToTick()).toEqual(['standing', 'columns'])
  followers.observe({ ...tick, view: { ...tick.view, domains: tick.view.domains.slice(1) } })
  expect(await upToTick()).toEqual(['host', 'standing', 'columns'])
  socket.destroy()
})

it('ends for whoever stops it', async () => {
  const stop = new AbortController()
  const heard = await follow(stop.signal)
  stop.abort()
  expect(await heard.next()).toEqual({ done: true, value: undefined })
})

it('leaves out what a slow reader has not read, says how much, and keeps the others up to date', async () => {
  const [tick] = (await ticks(1)) as [Tick]
  const text: string[] = []
  const slow = connect(lock.socketPath, () => void slow.write('{"ask":"follow","version":2}\n'))
  await new Promise((resolve) => slow.once('readable', resolve))
  const heard = await follow()
  // Far more than the buffers of a socket hold.
  const told = Math.ceil(4_000_000 / JSON.stringify(tickRecord(tick)).length)
  for (let index = 0; index < told; index++) {
    followers.observe({ ...tick, index })
    expect((await heard.next()).value).toMatchObject({ tick: { index }, missed: 0 })
  }
  const caughtUp = new Promise<void>((resolve) => {
    slow.setEncoding('utf8').on('data', (piece) => {
      text.push(String(piece))
      if (text.join('').includes(`"tick":{"index":${told},`)) resolve()
    })
  })
  while (!text.join('').includes('"missed"')) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    followers.observe({ ...tick, index: told })
  }
  await caughtUp
  slow.destroy()
  const lines = text.join('').split('\n')
  const missed = lines.findIndex((line) => line.startsWith('{"missed":'))
  const indexes = lines.slice(1, missed).map((line) => JSON.parse(line).tick.index)
  // In their order, and none but those that are said to be missed.
  expect(indexes).toEqual(indexes.map((_, index) => index))
  expect(indexes.length + JSON.parse(lines[missed]!).missed).toBeGreaterThanOrEqual(told)
})

it('has room for a few, and refuses the others', async () => {
  const heard = []
  for (let i = 0; i < 8; i++) heard.push(await follow())
  await expect(follow()).rejects.toMatchObject({
    code: 'ERR_NOT_SUPPORTED',
    message: expect.stringContaining('too many follow'),
  })
  for (const one of heard) await one.return()
})

it('is not asked of an older controller', async () => {
  lock.answers(1)
  await expect(follow()).rejects.toMatchObject({
    code: 'ERR_NOT_SUPPORTED',
    message: expect.stringContaining('cannot be followed: its Ballast is older'),
  })
})
