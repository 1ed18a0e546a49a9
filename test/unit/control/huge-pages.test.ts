import { describe, expect, it } from 'vitest'
import { shares } from '../../../lib/ballooning/shares.ts'
import { autopilot } from '../../../lib/control/autopilot.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import { simulate } from '../../../lib/simulation/index.ts'
import { GiB, MiB } from '../../../lib/util/units.ts'

/** A host of 16 GiB: one guest of 8 GiB on huge pages, and one of 1 to 3 GiB whose program grows to 2 GiB. */
const hostWithBoth = () =>
  simulate({
    pcpus: 2,
    memory: 16 * GiB,
    domains: [
      { name: 'huge', memory: { maximum: 8 * GiB, pinned: 'huge pages', program: { size: 6 * GiB } } },
      { name: 'grower', memory: { maximum: 3 * GiB, actual: GiB, program: { size: 200 * MiB } } },
    ],
    changes: [
      {
        at: 4_000,
        domain: 'grower',
        kind: 'program',
        program: { size: 1800 * MiB, rate: 80 * MiB },
      },
    ],
  })

describe('a guest on huge pages', () => {
  it('lets its neighbour grow to what it needs', async () => {
    const host = hostWithBoth()
    const ticks: Tick[] = []
    for await (const tick of autopilot(host, { interval: 2_000, ticks: 20, ballooning: shares() }))
      ticks.push(tick)
    expect(host.toll).toMatchObject({ programsKilled: 0 })
    const { domains, memory } = ticks.at(-1)!.view
    expect(domains[1]!.memory.actual).toBeGreaterThanOrEqual(2 * GiB)
    expect(memory).toMatchObject({ total: 8 * GiB, state: 'high' })
    expect(memory.committed).toBeLessThan(domains[1]!.memory.actual! + 512 * MiB)
    expect(ticks.at(-1)!.skipped).toContainEqual(
      expect.objectContaining({
        domain: 'huge',
        reason: { kind: 'pinned-memory', by: 'huge pages', hugePages: 8 * GiB },
      }),
    )
  })

  it('leaves room that can be reserved', async () => {
    const pilot = autopilot(hostWithBoth(), { interval: 2_000, ticks: 5, ballooning: shares() })
    const reserved = pilot.reserveMemory(GiB, { for: 60_000 })
    for await (const _ of pilot);
    expect((await reserved).free).toBeGreaterThan(4 * GiB)
  })
})
