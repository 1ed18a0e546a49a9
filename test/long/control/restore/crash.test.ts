import { existsSync } from 'node:fs'
import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { autopilot } from '../../../../lib/control/autopilot.ts'
import { fileJournal } from '../../../../lib/control/journal/file-journal.ts'
import type { Journal } from '../../../../lib/control/journal/journal.ts'
import { restore } from '../../../../lib/control/restore/restore.ts'
import { CpuSet } from '../../../../lib/host/cpuset.ts'
import type { Clock, Host } from '../../../../lib/host/host.ts'
import { pin, setMemory } from '../../../../lib/policy/plan.ts'
import { type Scenario, type SimulatedHost, scenarios, simulate } from '../../../../lib/simulation/index.ts'
import { Random } from '../../../../lib/util/random.ts'
import { GiB, MiB } from '../../../../lib/util/units.ts'
import type { View } from '../../../../lib/view/view.ts'
import { runs } from '../../../support/runs.ts'

let directory: string
let path: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ballast-crash-'))
  path = join(directory, 'journal')
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const pcpus = 4

/** Guests that all have something to do, with pins of many kinds, and less memory than they could have. */
function busy(seed: number): Scenario {
  const affinities = ['any', '0', '1-2', '0-3', '3', '0,2']
  return {
    ...scenarios.A5({ pcpus, seed }),
    memory: 8 * GiB,
    domains: affinities.map((affinity, guest) => ({
      name: `guest${guest}`,
      vcpus: [0, 1].map(() => ({ affinity, load: { kind: 'loop', work: 3, sleep: 5 } })),
      memory: { actual: (640 + 32 * guest) * MiB, program: { size: 150 * MiB }, cache: 32 * MiB },
    })),
  }
}

/** Changes something at every tick: every vCPU to some pCPU, every balloon to some size. */
function restless(seed: number) {
  const random = new Random(seed, 'policies')
  const some = (count: number) => Math.floor(random.next() * count)
  return {
    scheduler: ({ vcpus }: View) =>
      vcpus.filter(() => some(2) === 0).map((vcpu) => pin(vcpu, CpuSet.of(some(pcpus)), 'test')),
    ballooning: ({ domains }: View) =>
      domains
        .filter(() => some(2) === 0)
        .map((domain) => setMemory(domain, (400 + 8 * some(70)) * MiB, 'test')),
  }
}

const never = () => new Promise<never>(() => {})

/**
 * The host and journal of a process that is killed at the `last` of the calls that write something down or change
 * something: before it does anything, or when it has and nobody hears of it. After that no call returns.
 */
function mortal(host: SimulatedHost, journal: Journal, { last, hears }: { last: number; hears: boolean }) {
  let calls = 0
  let die: () => void
  const dead = new Promise<void>((resolve) => {
    die = resolve
  })
  const fatal = async <T>(call: () => Promise<T>): Promise<T> => {
    calls++
    if (calls < last) return call()
    if (calls === last && hears) await call()
    die()
    return never()
  }
  const unlessDead = <T>(call: () => Promise<T>) => (calls >= last ? never() : call())
  const clock: Clock = {
    now: () => host.clock.now(),
    wallTime: () => host.clock.wallTime(),
    sleepUntil: (time, signal) => unlessDead(() => host.clock.sleepUntil(time, signal)),
  }
  const members: Partial<Host> = {
    clock,
    sampleCpu: () => unlessDead(() => host.sampleCpu()),
    sampleMemory: () => unlessDead(() => host.sampleMemory()),
    pinVcpu: (...args) => fatal(() => host.pinVcpu(...args)),
    setMemory: (...args) => fatal(() => host.setMemory(...args)),
    setMemoryStatsPeriod: (...args) => fatal(() => host.setMemoryStatsPeriod(...args)),
  }
  const mortalHost = new Proxy<Host>(host, {
    get(target, name) {
      const value: unknown = Reflect.get(name in members ? members : target, name)
      return typeof value === 'function' && !(name in members) ? value.bind(target) : value
    },
  })
  // Here the dead process's calls to the disk go on: they are to be done before anybody looks.
  const writes: Promise<void>[] = []
  const mortalJournal: Journal = {
    record: (...args) =>
      fatal(() => {
        const write = journal.record(...args)
        writes.push(write)
        return write
      }),
    entries: () => journal.entries(),
  }
  const buried = () => dead.then(() => Promise.all(writes))
  return { host: mortalHost, journal: mortalJournal, buried, calls: () => calls }
}

/** What every guest has: where each vCPU may run, and the size that its balloon is at or on its way to. */
async function settings(host: SimulatedHost) {
  const { domains, vcpuStart, affinity } = await host.sampleCpu()
  return Promise.all(
    domains.map(async ({ uuid, name }, guest) => ({
      name,
      affinities: [...affinity.subarray(vcpuStart[guest], vcpuStart[guest + 1])],
      mebibytes: host.truth(uuid)!.target / MiB,
      period: (await host.domainTraits(uuid)).statsPeriodSeconds ?? 0,
    })),
  )
}

/** Runs a busy loop on `host` until it is killed at some random moment. */
async function runUntilKilled(host: SimulatedHost, seed: number): Promise<void> {
  const random = new Random(seed, 'kill')
  const end = { last: 1 + Math.floor(random.next() * 150), hears: random.next() < 0.5 }
  const victim = mortal(host, fileJournal(path), end)
  const loop = async () => {
    const options = { interval: 1_000, journal: victim.journal, hostMemoryReserve: GiB, ...restless(seed) }
    for await (const tick of autopilot(victim.host, options)) expect(tick.index).toBeLessThan(200)
  }
  await Promise.race([loop(), victim.buried()])
  expect(victim.calls()).toBeGreaterThanOrEqual(end.last)
  // It may have been in the middle of a line, which is never the first: a journal begins its life with that one.
  if (random.next() < 0.5 && existsSync(path)) await appendFile(path, '{"kind":"memory","uuid":"0000')
}

const seeds = (count: number) => Array.from({ length: runs(count) }, (_, seed) => seed)
describe('a loop that is killed at a random moment', () => {
  it.each(seeds(20))('is undone by restore as if it had never been: seed %i', async (seed) => {
    const host = simulate(busy(seed))
    const before = await settings(host)
    await runUntilKilled(host, seed)
    const report = await restore(host, fileJournal(path))
    expect(report.notRestored).toEqual([])
    expect(report.external).toEqual([])
    expect(await settings(host)).toEqual(before)
    const sleep = 60_000
    await host.clock.sleepUntil(host.clock.now() + sleep)
    const { actual } = await host.sampleMemory()
    expect([...actual].map((bytes) => Math.round(bytes / MiB))).toEqual(
      before.map(({ mebibytes }) => mebibytes),
    )
  })

  it.each(seeds(10))('and what somebody else has changed since is left as it is: seed %i', async (seed) => {
    const host = simulate(busy(seed))
    const before = await settings(host)
    await runUntilKilled(host, seed)
    const random = new Random(seed, 'others')
    const expected = [...before]
    for (const [guest, { uuid }] of (await host.domains()).entries()) {
      if (random.next() < 0.5) {
        // No policy here pins to two, and no guest had these at first.
        await host.pinVcpu(uuid, 0, CpuSet.of(1, 3))
        const [, second] = expected[guest]!.affinities
        expected[guest] = { ...expected[guest]!, affinities: [0b1010, second!] }
      }
      if (random.next() < 0.5) {
        // More than the policies give, so that no balloon is there on its way.
        const mebibytes = 963 + Math.floor(random.next() * 60)
        await host.setMemory(uuid, mebibytes * MiB)
        expected[guest] = { ...expected[guest]!, mebibytes }
      }
    }
    await host.clock.sleepUntil(host.clock.now() + 90_000)
    const report = await restore(host, fileJournal(path))
    expect(report.notRestored).toEqual([])
    expect(await settings(host)).toEqual(expected)
  })
})
