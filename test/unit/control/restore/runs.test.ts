import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { autopilot } from '../../../../lib/control/autopilot.ts'
import { fileJournal } from '../../../../lib/control/journal/file-journal.ts'
import { type Journal, memoryJournal } from '../../../../lib/control/journal/journal.ts'
import { originalAffinities } from '../../../../lib/control/journal/original-affinities.ts'
import { restore } from '../../../../lib/control/restore/restore.ts'
import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { pin, setMemory } from '../../../../lib/policy/plan.ts'
import { MiB } from '../../../../lib/util/units.ts'
import { type FakeGuest, FakeHost, guest } from '../fake-host.ts'

const before = 'boot-a/100'
const after = 'boot-b/100'

/** One guest that its owner gives pCPUs 0 and 1, and no statistics period. */
const owned = (run: string | undefined): FakeGuest =>
  guest(1, {
    ...(run !== undefined && { run }),
    vcpus: [{ affinity: CpuSet.of(0, 1), pcpu: 0, usage: 0.5 }],
    period: undefined,
  })

/** Pins the guest to pCPU 3 and shrinks it, and ends without restoring. */
async function control(host: FakeHost, journal: Journal): Promise<void> {
  const options = {
    interval: 1_000,
    ticks: 3,
    journal,
    respectPins: false,
    scheduler: ({ vcpus }) => vcpus.map((vcpu) => pin(vcpu, CpuSet.of(3), 'test')),
    ballooning: ({ domains }) => domains.map((domain) => setMemory(domain, 640 * MiB, 'test')),
  } satisfies Parameters<typeof autopilot>[1]
  for await (const tick of autopilot(host, options)) expect(tick.errors).toEqual([])
}

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ballast-runs-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

it('nothing is restored to a guest that started after a boot of the host and got the id of before', async () => {
  const journal = memoryJournal()
  await control(new FakeHost([owned(before)]), journal)
  // The owner has moved it to where Ballast had it, and given it the size: only the run tells them apart.
  const next = guest(1, {
    run: after,
    vcpus: [{ affinity: CpuSet.of(3), pcpu: 3, usage: 0.5 }],
    actual: 640 * MiB,
  })
  const host = new FakeHost([next])
  const report = await restore(host, journal)
  expect(report.ended.map(({ kind }) => kind).sort()).toEqual(['affinity', 'memory', 'memoryStatsPeriod'])
  expect(report.restored).toEqual([])
  expect(host.calls).toEqual([])
})

it('the run that Ballast changed is restored after a restart of the daemon, whatever its id', async () => {
  const journal = memoryJournal()
  const host = new FakeHost([owned(before)])
  await control(host, journal)
  host.guests[0]!.id = 7
  const report = await restore(host, journal)
  expect(report.ended).toEqual([])
  expect(`${host.guests[0]!.vcpus[0]!.affinity}`).toBe('0-1')
  expect(host.guests[0]!.actual).toBe(1_024 * MiB)
})

it('the journal has one entry for each run, also with the same id, and says which run', async () => {
  const path = join(directory, 'journal')
  const journal = fileJournal(path)
  await control(new FakeHost([owned(before)]), journal)
  await control(new FakeHost([owned(after)]), journal)
  const affinities = (await fileJournal(path).entries()).filter(({ kind }) => kind === 'affinity')
  expect(affinities.map(({ id, run }) => [id, run])).toEqual([
    [1, before],
    [1, after],
  ])
  expect(affinities.map(({ original }) => `${original}`)).toEqual(['0-1', '0-1'])
})

it('what the owner gave a vCPU is not taken from the entry of another run', async () => {
  const journal = memoryJournal()
  await control(new FakeHost([owned(before)]), journal)
  const originals = originalAffinities(await journal.entries())
  const { uuid, name } = owned(after)
  expect(originals({ uuid, name, id: 1, run: after }, 0)).toBeUndefined()
  expect(`${originals({ uuid, name, id: 9, run: before }, 0)}`).toBe('0-1')
})

it('an entry of an older version is known by id, and restored only where a requested value is in force', async () => {
  const path = join(directory, 'journal')
  await control(new FakeHost([owned(undefined)]), fileJournal(path))
  const lines = (await readFile(path, 'utf8')).split('\n')
  expect(lines.some((line) => line.includes('"run"'))).toBe(false)

  const asRequested = owned(after)
  asRequested.vcpus[0]!.affinity = CpuSet.of(3)
  const host = new FakeHost([asRequested])
  expect((await restore(host, fileJournal(path))).ended).toEqual([])
  expect(`${host.guests[0]!.vcpus[0]!.affinity}`).toBe('0-1')

  const withoutRequests = lines.map((line) => line.replace(/,"requested":\[.*?\](?=[,}])/, ''))
  await writeFile(path, withoutRequests.join('\n'))
  const unknown = owned(after)
  unknown.vcpus[0]!.affinity = CpuSet.of(3)
  const other = new FakeHost([unknown])
  const report = await restore(other, fileJournal(path))
  expect(report.external.map(({ kind }) => kind)).toContain('affinity')
  expect(other.calls.filter((call) => call.startsWith('pinVcpu'))).toEqual([])
})

it('a new run with an old id is not held to what its predecessor was asked for', async () => {
  const host = new FakeHost([owned(before)])
  let ticks = 0
  const pins: string[] = []
  for await (const tick of autopilot(host, {
    interval: 1_000,
    ticks: 6,
    scheduler: ({ vcpus }) => vcpus.map((vcpu) => pin(vcpu, CpuSet.of(3), 'test')),
    respectPins: false,
  })) {
    pins.push(...tick.clamps.map(({ rule }) => rule))
    ticks++
    // Its host has booted between two ticks: the owner's pin is no change to Ballast's.
    if (ticks === 3) host.guests[0] = owned(after)
  }
  expect(pins).not.toContain('external-change')
  expect(`${host.guests[0]!.vcpus[0]!.affinity}`).toBe('3')
})
