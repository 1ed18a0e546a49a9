import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Scenario, scenarios, simulate } from '../../../lib/simulation/index.ts'
import { runs } from '../../support/runs.ts'
import type { Recording } from '../simulation/recording.ts'
import { unless } from './arbitraries.ts'

const isRefused = (error: unknown) => error instanceof TypeError && 'code' in error
const strange = fc.constantFrom<unknown>(
  null,
  -1,
  0.5,
  1e300,
  '',
  'x',
  [],
  {},
  true,
  [null],
  { kind: 'x' },
  '0-3',
)

const seeds: unknown[] = [scenarios.A1(), scenarios.A7(), scenarios.M1()].map((scenario) =>
  JSON.parse(JSON.stringify(scenario)),
)

/** A scenario as JSON, with some of its values replaced or taken out. */
const broken = fc
  .tuple(fc.constantFrom(...seeds), fc.array(fc.tuple(fc.nat(), fc.option(strange)), { maxLength: 3 }))
  .map(([seed, edits]) => {
    const scenario = structuredClone(seed)
    for (const [at, value] of edits) {
      const places = placesIn(scenario)
      const place = places[at % places.length]
      if (!place) continue
      if (value === null) Reflect.deleteProperty(place.owner, place.key)
      else Reflect.set(place.owner, place.key, structuredClone(value))
    }
    return scenario
  })

function placesIn(value: unknown): { readonly owner: object; readonly key: string }[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => [{ owner: value, key }, ...placesIn(inner)])
}

describe('a scenario that somebody wrote as JSON, whatever it is', () => {
  it('can be simulated, or is refused by the name of what is wrong', async () => {
    let run = 0
    await fc.assert(
      fc.asyncProperty(
        fc.oneof({ weight: 9, arbitrary: broken }, { weight: 1, arbitrary: fc.jsonValue() }),
        async (scenario) => {
          const host = unless(isRefused, () => simulate(scenario as Scenario))
          if (!host) return
          const { domains } = await host.sampleCpu()
          expect(domains.length).toBeLessThanOrEqual((scenario as Scenario).domains.length)
          run++
        },
      ),
      { numRuns: runs(300) },
    )
    expect(run).toBeGreaterThan(0)
  })
})

describe('the recordings of real runs', () => {
  const directory = new URL('../../lab/recordings/', import.meta.url)

  it.each(readdirSync(directory))('%s holds figures in their bounds', (file) => {
    const { pcpus, guests }: Recording = JSON.parse(readFileSync(new URL(file, directory), 'utf8'))
    expect(Number.isInteger(pcpus) && pcpus > 0).toBe(true)
    for (const { usage, delay } of guests) {
      for (const part of [usage, delay]) expect(part === null || (part >= 0 && part <= 1.05)).toBe(true)
    }
  })
})
