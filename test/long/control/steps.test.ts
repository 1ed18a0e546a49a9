import { beforeAll, describe, expect, it } from 'vitest'
import { domainOverhead } from '../../../lib/control/defaults.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import { BallastError } from '../../../lib/host/errors.ts'
import { sentenceOf } from '../../../lib/policy/reason.ts'
import type { Change } from '../../../lib/simulation/index.ts'
import { MiB } from '../../../lib/util/units.ts'
import { allowed, arrival, atRest, deeds, type Run, run, ticks } from './disturbed-run.ts'
import { type Made, type Point, pause } from './steps-host.ts'

/** The steps of the road around one action, and who it is about. */
interface Road {
  readonly name: string
  readonly call: 'pinVcpu' | 'setMemory' | 'setMemoryStatsPeriod'
  readonly find: (made: Made) => boolean
}
const roads: readonly Road[] = [
  { name: 'to be heard', call: 'setMemoryStatsPeriod', find: () => true },
  { name: 'to a pin', call: 'pinVcpu', find: () => true },
  { name: 'to a grant', call: 'setMemory', find: ({ bytes, actual }) => bytes! > actual! },
]

/** Where on the road to `made` something happens. */
const steps: Record<string, (made: Made) => Point> = {
  'before the domains are listed': ({ time }) => ({ when: 'before', call: 'sampleCpu', time }),
  'between CPU and memory sample': ({ time }) => ({ when: 'before', call: 'sampleMemory', time }),
  'between sample and plan': ({ time }) => ({ when: 'after', call: 'sampleMemory', time }),
  'between plan and journal': ({ time, uuid }) => ({ when: 'before', call: 'record', time, uuid }),
  'between journal and call': ({ time, uuid, call }) => ({ when: 'before', call, time, uuid }),
  'after the call': ({ time, uuid, call }) => ({ when: 'after', call, time, uuid }),
}

let undisturbed: Run
let uuids: ReadonlyMap<string, string>
beforeAll(async () => {
  undisturbed = await run([], undefined)
  uuids = new Map(undisturbed.ticks[0]!.view.domains.map(({ name, uuid }) => [name, uuid]))
})

/** The first call of a road in the run that nothing disturbs. */
function firstOf({ call, find }: Road): Made {
  const uuid = uuids.get('subject')
  return undisturbed.calls.find((made) => made.call === call && made.uuid === uuid && find(made))!
}

/** The last shrink of the giver before the subject is granted something: what is granted next comes of it. */
function shrinkBeforeGrant(): Made {
  const sizes = undisturbed.calls.filter(({ call }) => call === 'setMemory')
  const isGrant = ({ uuid, bytes, actual }: Made) => uuid === uuids.get('subject') && bytes! > actual!
  const grant = sizes.findLastIndex(isGrant)
  const isShrink = ({ uuid, bytes, actual }: Made) => uuid === uuids.get('giver') && bytes! < actual!
  return sizes.slice(0, grant).findLast(isShrink) ?? expect.fail('nothing is given before it is granted')
}

/** `made` is when it would happen: no step before it changes anything. */
async function disturb(changes: readonly Change[], point: Point): Promise<Run> {
  const shifted = changes.map((change) => ({ ...change, at: point.time + pause / 2 + change.at }))
  const result = await run(shifted, point)
  expect(result.passed, 'the step was come to').toBe(true)
  return result
}

/** Codes that say that it was the domain which had changed. */
const changed = ['ERR_NO_DOMAIN', 'ERR_DOMAIN_NOT_RUNNING', 'ERR_INVALID_ARGUMENT']

/** What holds whatever happened. `foreign`: bytes that somebody else brought or promised. */
async function expectSound(result: Run, since: number, foreign: number): Promise<void> {
  expect(result.ticks.filter(({ cause }) => cause === 'interval')).toHaveLength(ticks)
  expectNoWrongRun(result)
  expectFreshRuns(result)
  await expectTrueJournal(result)
  expectTold(result)
  for (const [i, tick] of result.ticks.entries()) {
    const { view, outcomes } = tick
    for (const { action } of outcomes) {
      if (action.kind === 'pin') {
        const vcpu = view.vcpus.find((one) => one.domain.uuid === action.uuid && one.vcpu === action.vcpu)!
        expect(action.cpus.isSubsetOf(vcpu.allowed.and(view.online))).toBe(true)
        if (isSubject(action)) expect(action.cpus.isSubsetOf(allowed)).toBe(true)
      }
    }
    // What somebody else brings while a grant is under way nobody can have counted.
    const late = view.time >= since - 1_000 && view.time <= since + 2_000 ? foreign : 0
    const before = result.held[i - 1] ?? 0
    const more = Math.max(0, view.memory.budget + late)
    if (result.held[i]! > more) expect(grants(tick, before), `grants beyond the budget at ${i}`).toBe(0)
  }
  for (const { call, bytes, actual, needed, error } of result.calls) {
    if (call === 'setMemory' && !error && bytes! < actual!) expect(bytes).toBeGreaterThanOrEqual(needed!)
  }
}

/** Also when it was renamed, or another has its name. */
function isSubject({ uuid, domain }: { uuid: string; domain: string }): boolean {
  return uuid === uuids.get('subject') || domain === 'subject'
}

/** Bytes that balloons were let grow by in this tick. */
function grants({ outcomes, view }: Tick, before: number): number {
  let sum = 0
  for (const { action, status } of outcomes) {
    if (action.kind !== 'setMemory' || status !== 'applied') continue
    const { actual = 0, target = 0 } = view.domains.find(({ uuid }) => uuid === action.uuid)!.memory
    sum += Math.max(0, action.bytes - Math.max(actual, target))
  }
  return before === 0 ? 0 : sum
}

/** Nothing was done to another run than the one that the tick had decided on. */
function expectNoWrongRun({ ticks: seen, calls }: Run): void {
  const meant = new Map<string, number[]>()
  const done = new Map<string, number[]>()
  const note = (runs: Map<string, number[]>, key: string, id: number) => {
    runs.set(key, [...(runs.get(key) ?? []), id])
  }
  for (const { outcomes, view } of seen) {
    for (const { action, status } of outcomes) {
      const { id } = view.domains.find(({ uuid }) => uuid === action.uuid)!
      if (status === 'applied') note(meant, `${action.kind} ${action.uuid}`, id)
    }
  }
  const kinds: { readonly [K in Made['call']]?: string } = { pinVcpu: 'pin', setMemory: 'setMemory' }
  for (const { call, uuid, id } of calls) {
    const kind = kinds[call]
    if (kind && id !== undefined) note(done, `${kind} ${uuid}`, id)
  }
  expect(done).toEqual(meant)
}

/** What is first seen of a run says nothing of the one before it. */
function expectFreshRuns({ ticks: seen }: Run): void {
  const known = new Set(seen[0]!.view.domains.map(({ uuid, id }) => `${uuid} ${id}`))
  for (const { view, skipped } of seen.slice(1)) {
    for (const { uuid, id, name, memory, vcpus } of view.domains) {
      if (known.has(`${uuid} ${id}`)) continue
      known.add(`${uuid} ${id}`)
      const { target, age, need, events, progress } = memory
      expect({ target, age, need, events, progress }, `memory of ${name}`).toEqual({ progress: 'resting' })
      for (const { usage, demand } of vcpus) expect({ usage, demand }).toEqual({})
      const foreign = skipped.filter((one) => one.uuid === uuid && one.rule === 'external-change')
      expect(foreign).toEqual([])
    }
  }
}

/** Whatever was changed is in the journal, under the run that it was changed in, as it was before. */
async function expectTrueJournal({ calls, journal }: Run): Promise<void> {
  const entries = await journal.entries()
  const kinds = { pinVcpu: 'affinity', setMemory: 'memory', setMemoryStatsPeriod: 'memoryStatsPeriod' }
  for (const { call, uuid, id } of calls) {
    if (uuid === '' || id === undefined || call === 'sampleCpu' || call === 'sampleMemory') continue
    const kind = kinds[call as keyof typeof kinds]
    expect(entries).toContainEqual(expect.objectContaining({ kind, uuid, id }))
  }
  // All come with their scenario's settings: nothing else can be an original, save what somebody else made of it.
  for (const entry of entries) {
    if (entry.kind === 'affinity') expect(['0', '1', '2', '3']).toContain(`${entry.original}`)
    if (entry.kind === 'memoryStatsPeriod') expect(entry.original).toBe(0)
  }
}

/** Every call that failed is in a Tick, with a code. */
function expectTold({ ticks: seen, calls }: Run): void {
  const told = seen.flatMap(({ outcomes, errors }) => [...outcomes.map(({ error }) => error), ...errors])
  for (const { error } of calls) {
    if (error === undefined) continue
    expect(error).toBeInstanceOf(BallastError)
    expect(changed).toContain((error as BallastError).code)
    expect(told).toContain(error)
  }
  for (const error of told) if (error) expect(changed).toContain(error.code)
}

/** In the end everything is at rest, and as it should be. */
async function expectSettled({ ticks: seen, simulated }: Run): Promise<void> {
  const last = seen.slice(-atRest)
  for (const { outcomes, errors, index } of last) {
    expect(
      outcomes.map(({ action }) => sentenceOf(action.reason)),
      `tick ${index}`,
    ).toEqual([])
    expect(errors).toEqual([])
  }
  const { view } = last.at(-1)!
  expect(view.memory.committed).toBeLessThanOrEqual(view.memory.budget)
  for (const { uuid, name } of await simulated.domains()) {
    const { actual, needed } = simulated.truth(uuid)!
    expect(actual, `${name} has what it needs`).toBeGreaterThanOrEqual(needed)
  }
}

describe('undisturbed', () => {
  it('moves, shrinks and grants, then rests', async () => {
    for (const road of roads) expect(firstOf(road), road.name).toBeDefined()
    await expectSound(undisturbed, Number.POSITIVE_INFINITY, 0)
    await expectSettled(undisturbed)
  })
})

describe.each(Object.keys(deeds))('a domain %s', (deed) => {
  const cases = roads.flatMap((road) => Object.keys(steps).map((step) => [road.name, step, road] as const))

  it.each(cases)('on the way %s, %s', async (_road, step, road) => {
    const made = firstOf(road)
    const point = steps[step]!(made)
    const changes = deeds[deed]!.map((each) => ({ ...each, domain: 'subject' }) as Change)
    const result = await disturb(changes, point)
    await expectSound(result, point.time, 512 * MiB)
    await expectSettled(result)
  })

  it.each(['subject', 'giver'])('between shrink and grant: the %s', async (name) => {
    const { time, uuid } = shrinkBeforeGrant()
    const point: Point = { when: 'after', call: 'setMemory', uuid, time }
    const changes = deeds[deed]!.map((each) => ({ ...each, domain: name }) as Change)
    const result = await disturb(changes, point)
    await expectSound(result, time, 512 * MiB)
    await expectSettled(result)
  })
})

describe('a domain migrates here', () => {
  const cases = roads.flatMap((road) => Object.keys(steps).map((step) => [road.name, step, road] as const))

  it.each(cases)('on the way %s, %s', async (_road, step, road) => {
    const point = steps[step]!(firstOf(road))
    const result = await disturb(arrival, point)
    await expectSound(result, point.time, 256 * MiB + domainOverhead)
    await expectSettled(result)
    expect(result.ticks.at(-1)!.view.domains.map(({ name }) => name)).toContain('newcomer')
  })
})
