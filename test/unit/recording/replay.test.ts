import { describe, expect, it } from 'vitest'
import type { Tick } from '../../../lib/control/tick.ts'
import { ballooning, type Scenario, scenarios, schedulers, simulate } from '../../../lib/index.ts'
import { TickComparison } from '../../../lib/recording/compare.ts'
import { replay } from '../../../lib/recording/replay.ts'
import { header, type Options, parsed, recorded } from './recorded.ts'

const balanced = (): Options => ({
  interval: 2_000,
  scheduler: schedulers.balance(),
  ballooning: ballooning.shares(),
})

async function replayed(lines: readonly string[], options: Options) {
  const ticks: Tick[] = []
  const differences: unknown[] = []
  const comparison = new TickComparison()
  for await (const one of replay({ header, entries: parsed(lines) }, () => options)) {
    ticks.push(one.tick)
    differences.push(...comparison.differences(one))
  }
  return { ticks, differences }
}

describe('a replay', () => {
  it.each<[string, Scenario]>([
    ['vCPUs that are moved', scenarios.A1()],
    ['balloons that are sized', scenarios.M1()],
  ])('of %s sees the same and decides the same, to the bit', async (_name, scenario) => {
    const { ticks, lines } = await recorded(simulate(scenario), balanced(), 12)
    const again = await replayed(lines, balanced())
    expect(ticks.some(({ outcomes }) => outcomes.length > 0)).toBe(true)
    expect(again.ticks).toEqual(ticks)
    expect(again.differences).toEqual([])
  })

  it('sees for how long libvirt had not said which domains run', async () => {
    const host = simulate(scenarios.A1())
    const sampleCpu = host.sampleCpu.bind(host)
    let samples = 0
    host.sampleCpu = async () => ({ ...(await sampleCpu()), listAge: [0, 1_234.5678, 0][samples++] })
    const { ticks, lines } = await recorded(host, balanced(), 3)
    // To the microsecond, as all times of a recording.
    expect(ticks.map(({ listAge }) => listAge)).toEqual([undefined, 1_234.568, undefined])
    const again = await replayed(lines, balanced())
    expect(again.ticks).toEqual(ticks)
    expect(again.differences).toEqual([])
  })

  it('with another policy shows what that would have decided', async () => {
    const { ticks, lines } = await recorded(simulate(scenarios.A1()), balanced(), 4)
    const again = await replayed(lines, { ...balanced(), scheduler: undefined })
    expect(again.ticks.flatMap(({ plan }) => plan)).toEqual([])
    expect(again.differences).toContainEqual(expect.objectContaining({ what: 'plan' }))
    expect(again.ticks).toHaveLength(ticks.length)
  })

  it('stops where the recording does', async () => {
    const { lines } = await recorded(simulate(scenarios.A1()), balanced(), 6)
    const half = lines.slice(0, lines.length / 2)
    const { ticks, differences } = await replayed(half, balanced())
    const whole = half.filter((line) => 'tick' in JSON.parse(line))
    expect(ticks.length).toBeGreaterThanOrEqual(whole.length)
    expect(differences.filter((one) => (one as { what: string }).what !== 'tick')).toEqual([])
  })

  it('of a recording without scores, by an older Ballast, is the same', async () => {
    const { lines } = await recorded(simulate(scenarios.A1()), balanced(), 4)
    const older = lines.map((line) => {
      const entry = JSON.parse(line)
      if (entry.tick) delete entry.tick.scores
      return JSON.stringify(entry)
    })
    expect(older).not.toEqual(lines)
    expect((await replayed(older, balanced())).differences).toEqual([])
  })
})
