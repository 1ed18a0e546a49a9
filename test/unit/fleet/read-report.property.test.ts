import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { balance } from '../../../lib/fleet/policies/balance.ts'
import { readHostReport } from '../../../lib/fleet/report/read-report.ts'
import { emptyMemory, fleetView } from '../../../lib/fleet/view/make-view.ts'
import { reportOf } from '../../nats/examples.ts'
import { runs } from '../../support/runs.ts'

const guest = {
  id: 1,
  uuid: 'g',
  name: 'web',
  running: true,
  cpu: { vcpus: 1, demand: 0.5, largest: 0.5, usage: 0.4, delay: 0.1, shares: 1_024 },
  memory: { maximum: 8, actual: 8, committed: 8, overhead: 1, need: 4, dirtyRate: 1, swapping: false },
  score: { cpu: 90, memory: 100 },
  requirement: 'k',
  stays: [],
  labels: ['a'],
  priority: 2,
} as const

const whole = {
  ...reportOf('h', [guest]),
  reach: { uri: 'qemu+tls://h/system', bandwidth: 1e8 },
  migrations: [{ guest: 'g', name: 'web', direction: 'out' as const, peer: 'i', elapsed: 5 }],
  answers: { k: true, l: 'no' } as const,
}

/** All places within a value, as the keys that lead there. */
function placesIn(value: unknown): string[][] {
  if (typeof value !== 'object' || value === null) return [[]]
  return [
    [],
    ...Object.entries(value).flatMap(([key, inner]) => placesIn(inner).map((rest) => [key, ...rest])),
  ]
}

/** A copy in which another value stands at a place. */
function replaced(value: unknown, [key, ...rest]: readonly string[], other: unknown): unknown {
  if (key === undefined) return other
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value)
    ? [...value]
    : { ...(value as object) }
  Reflect.set(copy, key, replaced(Reflect.get(value as object, key), rest, other))
  return JSON.parse(JSON.stringify(copy))
}

describe('a report that another program wrote', () => {
  it('is read as it is', () => {
    expect(readHostReport(whole)).toEqual(whole)
    expect(readHostReport({ ...whole, version: 2, more: 5 })).toMatchObject({ version: 2, more: 5 })
  })

  it.each([
    ['a guest without memory', { guests: [{ ...guest, memory: undefined }] }],
    ['a demand below 0', { guests: [{ ...guest, cpu: { ...guest.cpu, demand: -1 } }] }],
    ['a size that is text', { memory: { ...whole.memory, budget: '6' } }],
    ['an interval of 0', { interval: 0 }],
    ['a bandwidth of 0', { reach: { uri: 'u', bandwidth: 0 } }],
    ['no answers', { answers: undefined }],
    ['a priority of 5', { guests: [{ ...guest, priority: 5 }] }],
  ])('is not read with %s', (_, more) => {
    expect(readHostReport({ ...whole, ...more })).toBeUndefined()
  })

  it('whatever stands anywhere in it, is refused or can be planned with', () => {
    const place = fc.constantFrom(...placesIn(whole))
    fc.assert(
      fc.property(place, fc.jsonValue(), (at, value) => {
        const report = readHostReport(replaced(whole, at, value))
        if (report === undefined) return
        const other = { report: { ...whole, host: 'other', guests: [] }, age: 0 } as const
        const input = { time: 0, wallTime: 0, rules: {}, settings: { draining: {} }, open: [], past: [] }
        const { view } = fleetView({ ...input, reports: [{ report, age: 0 }, other] }, emptyMemory)
        const policy = balance({ rounds: 1 })
        policy.decide(view, policy.initialState)
      }),
      { numRuns: runs(500) },
    )
  })
})
