import { beforeAll, describe, expect, it } from 'vitest'
import type { Tick } from '../../../../lib/control/tick.ts'
import {
  type AutopilotOptions,
  autopilot,
  ballooning,
  CpuSet,
  pin,
  scenarios,
  schedulers,
  setMemory,
  simulate,
} from '../../../../lib/index.ts'
import { MiB } from '../../../../lib/util/units.ts'

async function ticksOf(options: Partial<AutopilotOptions>, scenario = scenarios.A1(), ticks = 36) {
  const all: Tick[] = []
  for await (const tick of autopilot(simulate(scenario), { interval: 2_000, ticks, ...options }))
    all.push(tick)
  return all
}

const results = (ticks: readonly Tick[]) => ticks.flatMap((tick) => tick.results ?? [])
const firstChange = (ticks: readonly Tick[]) => ticks.find(({ outcomes }) => outcomes.length > 0)!

describe('what came of moves', () => {
  let ticks: readonly Tick[]
  let acted: Tick
  beforeAll(async () => {
    ticks = await ticksOf({ scheduler: schedulers.balance() })
    acted = firstChange(ticks)
  })

  it('is expected with each of them: less waiting, on pCPUs that are level', () => {
    for (const { before, predicted } of acted.outcomes) {
      expect(predicted!.cpu!.delay).toBeLessThan(before!.cpu!.delay)
      expect(predicted!.cpu!.deviation).toBeLessThan(before!.cpu!.deviation)
      expect(predicted!.cpu!.usage).toBeGreaterThan(before!.cpu!.usage)
    }
  })

  it('is seen after three samples, and after a minute', () => {
    const at = (after: string) =>
      ticks.filter((tick) => tick.results?.some((result) => result.after === after))
    expect(at('samples').map(({ index }) => index)).toEqual([acted.index + 3])
    expect(at('minute').map(({ index }) => index)).toEqual([acted.index + 30])
    for (const tick of [...at('samples'), ...at('minute')]) {
      expect(tick.results!.map(({ action }) => action)).toEqual(acted.outcomes.map(({ action }) => action))
    }
  })

  it('is as predicted, within some points of a pCPU, and the Tick sums up how far it was off', () => {
    const { results, predictionError } = ticks[acted.index + 3]!
    expect(predictionError!.changes).toBe(acted.outcomes.length)
    for (const { seen, error } of results!) {
      expect(error!.cpu!.usage).toBeCloseTo(seen.cpu!.usage - acted.outcomes[0]!.predicted!.cpu!.usage, 1)
      expect(Math.abs(error!.cpu!.load)).toBeLessThan(0.1)
      expect(Math.abs(error!.cpu!.delay)).toBeLessThan(0.1)
    }
    const delays = results!.map(({ error }) => Math.abs(error!.cpu!.delay))
    const mean = delays.reduce((sum, delay) => sum + delay, 0) / delays.length
    expect(predictionError!.cpu!.delay).toBeCloseTo(mean)
    expect(ticks[acted.index + 30]!.predictionError).toBeUndefined()
  })
})

it('a change that another one follows on the same pCPU says nothing about its prediction', async () => {
  const scheduler = (view: Tick['view']) => {
    const place = view.time < 4_000 ? 1 : 2
    const [vcpu] = view.vcpus
    return vcpu?.affinity?.equals(CpuSet.of(place)) ? [] : [pin(vcpu!, CpuSet.of(place), '')]
  }
  const ticks = await ticksOf({ scheduler }, scenarios.A1(), 12)
  const [first, second] = ticks.filter(({ outcomes }) => outcomes.length > 0)
  expect([first!.index, second!.index]).toEqual([0, 2])
  const errors = results(ticks).filter(({ after }) => after === 'samples')
  expect(errors.map(({ error }) => error === undefined)).toEqual([true, false])
})

it('a balloon gives what was predicted to a guest that needs no more', async () => {
  const policy = (view: Tick['view']) => {
    const domain = view.domains.findLast(({ memory }) => memory.hold === undefined)
    const { actual = 0 } = domain?.memory ?? {}
    return view.time > 10_000 && view.time < 12_500 ? [setMemory(domain!, actual - 64 * MiB, '')] : []
  }
  const ticks = await ticksOf({ ballooning: policy }, scenarios.M1(), 16)
  const { outcomes } = firstChange(ticks)
  const { before, predicted } = outcomes[0]!
  expect(predicted!.memory!.usable).toBe(before!.memory!.usable - 64 * MiB)
  expect(predicted!.memory!.margin).toBe(before!.memory!.margin + 64 * MiB)
  const [seen] = results(ticks)
  expect(seen!.error!.memory).toMatchObject({ actual: 0, margin: 0 })
  expect(Math.abs(seen!.error!.memory!.usable)).toBeLessThan(8 * MiB)
})

it('what is not done is predicted, and not followed', async () => {
  const ticks = await ticksOf({ scheduler: schedulers.balance(), dryRun: true }, scenarios.A1(), 8)
  expect(firstChange(ticks).outcomes[0]).toMatchObject({ status: 'dry-run', predicted: { cpu: {} } })
  expect(results(ticks)).toEqual([])
})

it('a host that is level has no results', async () => {
  const ticks = await ticksOf({ ballooning: ballooning.shares() }, scenarios.A1(), 5)
  expect(results(ticks)).toEqual([])
  for (const tick of ticks) expect(tick).not.toHaveProperty('predictionError')
})
