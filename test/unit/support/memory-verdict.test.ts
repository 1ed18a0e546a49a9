import { describe, expect, it } from 'vitest'
import { setMemory } from '../../../lib/policy/plan.ts'
import { GiB, MiB } from '../../../lib/util/units.ts'
import type { DomainMemoryView, HostMemoryView } from '../../../lib/view/view.ts'
import { judgeMemory } from '../../support/verdict.ts'
import { applied, tickOf, viewOf } from '../report/ticks.ts'

/** A tick with the growing guest's balloon at `actual` MiB and the idle one's at `idle` with `unused`. */
function turn(
  index: number,
  actual: number,
  {
    idle = 300,
    unused = 150,
    host = {},
    other = {},
  }: {
    idle?: number
    unused?: number
    host?: Partial<HostMemoryView>
    other?: Partial<DomainMemoryView>
  } = {},
) {
  const view = viewOf(
    2,
    [
      { name: 'grower', memory: { actual: actual * MiB, unused: 20 * MiB } },
      { name: 'idle', memory: { actual: idle * MiB, unused: unused * MiB, ...other } },
    ],
    host,
  )
  return tickOf(index, view)
}

function withChange(tick: ReturnType<typeof turn>) {
  const action = setMemory(tick.view.domains[0]!, 600 * MiB, 'grow')
  return { ...tick, outcomes: [applied(action)] }
}

const sizes = [512, 512, 1024, 1536, 2048, 2048, 1024, 400, 400, 400]
const good = sizes.map((size, i) => (i < 7 ? withChange(turn(i, size)) : turn(i, size)))
const m1 = { growing: ['grower'], programsLost: [] }

describe('judgeMemory', () => {
  it('passes a run of M1 as it should be', () => {
    expect(judgeMemory(good, m1)).toMatchObject({
      passed: true,
      broken: [],
      guestsHarmed: 0,
      minimumUnused: 150 * MiB,
      hostReserveHeld: true,
      leastBudgetLeft: 5 * GiB,
      changes: 7,
      quietTicks: 3,
      guests: [
        { name: 'grower', reachedMaximum: true, gaveBack: true, highestActual: 2048 * MiB },
        { name: 'idle', minimumUnused: 150 * MiB, lowestActual: 300 * MiB },
      ],
    })
  })

  it('fails with the policy off: the balloon stays and the program is lost', () => {
    const off = sizes.map((_, i) => turn(i, 512))
    const verdict = judgeMemory(off, { growing: ['grower'], programsLost: ['grower'] })
    expect(verdict).toMatchObject({ passed: false, guestsHarmed: 1, changes: 0, quietTicks: 10 })
    expect(verdict.broken).toEqual([
      'grower never reached its maximum',
      'grower did not give back',
      'grower lost a program',
    ])
    // Even if nobody noticed that the program died.
    expect(judgeMemory(off, m1).passed).toBe(false)
  })

  it('fails when the guest keeps what it got', () => {
    const kept = good.map((tick, i) => (i > 5 ? turn(i, 2048) : tick))
    expect(judgeMemory(kept, m1).broken).toEqual(['grower did not give back'])
  })

  it('fails when a program was lost, whatever the balloons say', () => {
    expect(judgeMemory(good, { ...m1, programsLost: ['grower'] })).toMatchObject({
      passed: false,
      guestsHarmed: 1,
    })
  })

  it('fails when an idle guest is squeezed, if only for one tick', () => {
    const squeezed = good.with(3, turn(3, 1536, { unused: 99 }))
    expect(judgeMemory(squeezed, m1)).toMatchObject({
      passed: false,
      guestsHarmed: 1,
      minimumUnused: 99 * MiB,
      broken: ['idle had less than 100 MiB unused'],
    })
    expect(judgeMemory(squeezed, { ...m1, leastUnused: 90 * MiB }).passed).toBe(true)
  })

  it('fails when an idle guest never told what it has unused', () => {
    const silent = sizes.map((size, i) => turn(i, size, { other: { unused: undefined } }))
    expect(judgeMemory(silent, m1).broken).toEqual(['idle never told its unused memory'])
  })

  it.each([
    ['the domains were promised more than the budget', { committed: 7 * GiB + 1 }],
    ['the host had less available than the reserve', { available: 1 * GiB - 1 }],
  ])('fails the reserve when %s at one tick', (_, host) => {
    expect(judgeMemory(good.with(4, turn(4, 2048, { host })), m1)).toMatchObject({
      passed: false,
      hostReserveHeld: false,
      broken: ['the host reserve did not hold'],
    })
  })

  it('takes no tick with a guest of unknown size as proof that the reserve held', () => {
    const unknown = { other: { actual: undefined }, host: { committed: 9 * GiB } }
    expect(judgeMemory(good.with(0, turn(0, 512, unknown)), m1).hostReserveHeld).toBe(true)
    expect(judgeMemory([turn(0, 512, unknown)], m1).hostReserveHeld).toBe(false)
    expect(judgeMemory([], m1)).toMatchObject({ passed: false, hostReserveHeld: false })
  })

  it('fails for a guest that is not there', () => {
    expect(judgeMemory(good, { growing: ['nobody'], programsLost: [] }).broken).toContain(
      'nobody was not there',
    )
  })
})
