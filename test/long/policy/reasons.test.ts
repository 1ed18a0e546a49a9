import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AutopilotOptions, autopilot } from '../../../lib/control/autopilot.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { ballooningPolicies, schedulerPolicies } from '../../../lib/policies.ts'
import { type Reason, sentenceOf } from '../../../lib/policy/reason.ts'
import { tickJson, tickRecord } from '../../../lib/report/tick-json.ts'
import { type DomainScenario, simulate } from '../../../lib/simulation/index.ts'
import { MiB } from '../../../lib/util/units.ts'
import { kinds } from '../../unit/policy/samples.ts'

const unitsByKind = new Map(kinds)
const pcpus = 3

const guests = fc.array(
  fc.record({
    on: fc.integer({ min: 0, max: pcpus - 1 }),
    work: fc.integer({ min: 1, max: 20 }),
    sleep: fc.integer({ min: 1, max: 20 }),
    size: fc.integer({ min: 60, max: 700 }),
    later: fc.integer({ min: 60, max: 900 }),
  }),
  { minLength: 2, maxLength: 5 },
)

/** All on one pCPU, busy, and later in need: every policy wants something of them. */
const crowd = [1, 2, 3, 4].map((later) => ({ on: 0, work: 20, sleep: 1, size: 300, later: 200 * later }))

async function ticksOf(
  sketches: readonly { on: number; work: number; sleep: number; size: number; later: number }[],
  options: Omit<AutopilotOptions, 'interval'>,
): Promise<Tick[]> {
  const domains = sketches.map(({ on, work, sleep, size }, i): DomainScenario => {
    return {
      name: `guest${i}`,
      vcpus: [{ affinity: String(on), load: { kind: 'loop', work, sleep } }],
      memory: { maximum: 2_048 * MiB, actual: 1_024 * MiB, program: { size: size * MiB }, swap: 'disk' },
    }
  })
  const changes = sketches.map(({ later }, i) => {
    return { at: 12_000, domain: `guest${i}`, kind: 'program', program: { size: later * MiB } } as const
  })
  await using host = simulate({ pcpus, memory: (domains.length + 1) * 900 * MiB, domains, changes })
  const ticks: Tick[] = []
  for await (const tick of autopilot(host, { interval: 2_000, ticks: 14, ...options })) ticks.push(tick)
  return ticks
}

function expectWhole(reason: Reason): void {
  const units = unitsByKind.get(reason.kind)
  expect(units, reason.kind).toBeDefined()
  expect(sentenceOf(reason)).not.toMatch(/undefined|NaN|Infinity|\[object/)
  const { kind: _, ...figures } = reason as Reason & Record<string, unknown>
  for (const name of Object.keys(figures)) expect(units).toHaveProperty(name)
  for (const [name, unit] of Object.entries(units!)) {
    const value: unknown = figures[name as never]
    if (value === undefined) expect(unit, `${reason.kind}.${name}`).toMatch(/\?$/)
    else if (unit.startsWith('cpus')) expect(value).toBeInstanceOf(CpuSet)
    else if (unit.startsWith('text')) expect(value).toBeTypeOf('string')
    else if (unit.startsWith('flag')) expect(value).toBeTypeOf('boolean')
    else expect(value, `${reason.kind}.${name}`).toSatisfy(Number.isFinite)
  }
}

function expectReasons(ticks: readonly Tick[]): Set<string> {
  const seen = new Set<string>()
  for (const tick of ticks) {
    expect(tick.errors).toEqual([])
    const reasons: Reason[] = tick.plan.map(({ reason }) => reason)
    if (tick.explanation) reasons.push(tick.explanation.reason)
    for (const reason of reasons) {
      expectWhole(reason)
      expect(reason.kind).not.toBe('custom')
      seen.add(reason.kind)
    }
    expect(JSON.parse(tickJson(tick))).toEqual(tickRecord(tick))
  }
  return seen
}

describe('what policies want in the simulator', () => {
  it.each(Object.values(schedulerPolicies))(
    'is wanted by $name with a kind and figures',
    async ({ create }) => {
      const seen = new Set<string>()
      await fc.assert(
        fc.asyncProperty(guests, async (sketches) => {
          for (const kind of expectReasons(await ticksOf(sketches, { scheduler: create() }))) seen.add(kind)
        }),
        { numRuns: 3, examples: [[crowd]] },
      )
      expect(seen.size).toBeGreaterThan(0)
    },
  )

  it.each(Object.values(ballooningPolicies))(
    'is wanted by $name with a kind and figures',
    async ({ create }) => {
      const seen = new Set<string>()
      await fc.assert(
        fc.asyncProperty(guests, async (sketches) => {
          for (const kind of expectReasons(await ticksOf(sketches, { ballooning: create() }))) seen.add(kind)
        }),
        { numRuns: 3, examples: [[crowd]] },
      )
      expect(seen.size).toBeGreaterThan(0)
    },
  )
})
