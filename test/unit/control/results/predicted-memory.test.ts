import { describe, expect, it } from 'vitest'
import { PredictedMemory } from '../../../../lib/control/results/predicted-memory.ts'
import { setMemory } from '../../../../lib/policy/plan.ts'
import { GiB, MiB } from '../../../../lib/util/units.ts'
import { domainOverhead, viewOf } from '../views.ts'

const view = viewOf({
  domains: [
    { name: 'a', memory: { actual: GiB, usable: 700 * MiB, unused: 100 * MiB, rss: GiB + 100 * MiB } },
    { name: 'b', memory: { actual: GiB, usable: undefined, rss: GiB } },
  ],
})
const [a, b] = view.domains
const { budget, committed } = view.memory
const predicted = (...sizes: ReturnType<typeof setMemory>[]) =>
  sizes.map((size) => new PredictedMemory(sizes, view, domainOverhead).figures(size)!)

describe('what is expected of a balloon', () => {
  it('gives the guest what it grows by, from what the host has left', () => {
    const [figures] = predicted(setMemory(a!, GiB + 256 * MiB, ''))
    // What QEMU has beside the guest is counted at the least: pages may be what the guest has not touched.
    expect(figures).toMatchObject({ actual: GiB + 256 * MiB, usable: 956 * MiB, unused: 356 * MiB })
    expect(figures!.margin).toBe(budget - committed - 256 * MiB + 36 * MiB)
  })

  it('takes what it shrinks by from what is free, and not more than that', () => {
    const [figures] = predicted(setMemory(a!, GiB - 200 * MiB, ''))
    expect(figures).toMatchObject({ usable: 500 * MiB, unused: 0 })
    expect(figures!.margin).toBe(budget - committed + 200 * MiB)
  })

  it('is of all that is set together, and not known where the level is not', () => {
    const [first, second] = predicted(setMemory(a!, GiB - 200 * MiB, ''), setMemory(b!, GiB + 200 * MiB, ''))
    expect(first!.margin).toBe(budget - committed)
    expect(second!.margin).toBe(budget - committed)
    expect(second!.usable).toBeNaN()
    expect(second!.swapped).toBeNaN()
  })
})
