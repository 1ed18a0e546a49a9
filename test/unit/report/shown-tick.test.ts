import { describe, expect, it } from 'vitest'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { DomainState } from '../../../lib/host/sample.ts'
import { pin } from '../../../lib/policy/plan.ts'
import { type ShownTick, shownTick } from '../../../lib/report/shown-tick.ts'
import { tickRecord } from '../../../lib/report/tick-json.ts'
import { GiB } from '../../../lib/util/units.ts'
import { tickOf, viewOf } from './ticks.ts'

const view = viewOf(4, [
  {
    name: 'a',
    vcpus: [{ on: 1, affinity: CpuSet.of(0, 1), usage: 0.5, delay: 0.1, demand: 0.55 }, { usage: undefined }],
    memory: { target: 2 * GiB, swappedOut: 4_096 },
  },
  { name: 'b', state: DomainState.paused, vcpus: [{}], memory: { unused: undefined, hold: 'not running' } },
])
const move = pin(view.vcpus[0]!, CpuSet.of(3), 'pCPU 3 is idle')
const pcpus = view.pcpus.map((pcpu, id) => ({
  ...pcpu,
  ...(id === 2 ? { busy: undefined, unusable: { kind: 'pcpu-reserved' } as const } : {}),
}))
const tick = tickOf(
  7,
  { ...view, pcpus },
  { plan: [move], outcomes: [{ action: move, status: 'applied', error: undefined, duration: 2 }] },
)

/** Every field of `shown` whose value is known, of `whole`: those that are not shown are left out. */
function partOf(whole: unknown, shown: unknown): unknown {
  if (Array.isArray(shown) && Array.isArray(whole)) return whole.map((one, i) => partOf(one, shown[i]))
  if (typeof shown !== 'object' || shown === null) return whole
  const fields = Object.keys(shown).filter((name) => (shown as Record<string, unknown>)[name] !== undefined)
  const values = whole as Record<string, unknown>
  return Object.fromEntries(
    fields.map((name) => [name, partOf(values[name], (shown as Record<string, unknown>)[name])]),
  )
}

/** Without fields that are undefined. */
const plain = (shown: ShownTick) => JSON.parse(JSON.stringify(shown)) as ShownTick

describe('what is shown of a Tick', () => {
  it('says what its record says, of decisions, pCPUs and guests', () => {
    const shown = plain(shownTick(tick))
    const whole = plain(tickRecord(tick))
    expect(shown).toEqual(partOf(whole, shown))
    expect(shown.domains.map(({ name, state }) => [name, state])).toEqual([
      ['a', 'running'],
      ['b', 'paused'],
    ])
    expect(shown.domains[0]!.vcpus[0]).toEqual({
      ...{ vcpu: 0, affinity: '0-1', allowed: '0-3', pcpu: 1, usage: 0.5, delay: 0.1, demand: 0.55 },
    })
    expect(shown.pcpus[2]).toMatchObject({ id: 2, siblings: '2', unusable: { kind: 'pcpu-reserved' } })
    expect(shown.outcomes).toHaveLength(1)
  })

  it('has no figure for what is not known, and nothing of what policies asked for', () => {
    const shown = shownTick(tick)
    expect(shown.domains[0]!.vcpus[1]!.usage).toBeUndefined()
    expect(shown.pcpus[2]!.busy).toBeUndefined()
    expect(shown).not.toHaveProperty('plan')
    const none = { cpu: Float64Array.of(Number.NaN, 90), memory: Float64Array.of(80, Number.NaN) }
    const scored = shownTick({ ...tick, scores: { ...tick.scores, ...none } })
    expect(scored.domains.map(({ score }) => score)).toEqual([
      { cpu: undefined, memory: 80 },
      { cpu: 90, memory: undefined },
    ])
  })
})
