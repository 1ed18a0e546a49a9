import { describe, expect, it } from 'vitest'
import { ballooning, scenarios, schedulers, simulate } from '../../../lib/index.ts'
import { recordedTicks } from '../../../lib/recording/recorded-ticks.ts'
import { type TickRecord, tickRecord } from '../../../lib/report/tick-json.ts'
import { parsed, recorded } from './recorded.ts'

const options = { interval: 2_000, scheduler: schedulers.balance(), ballooning: ballooning.shares() }

/** A Tick as JSON has it, with no more than what a View without the ledger says of memory. */
function seen(tick: TickRecord): unknown {
  const { memory, domains, ...rest } = JSON.parse(JSON.stringify(tick)) as TickRecord
  const { total, reserve, budget, available } = memory
  return {
    ...rest,
    memory: { total, reserve, budget, available },
    domains: domains.map(({ memory: { actual, unused, usable, hold }, cpuShares: _, ...domain }) => ({
      ...domain,
      memory: { actual, unused, usable, hold },
    })),
  }
}

describe('the Ticks of a recording', () => {
  it.each([
    ['vCPUs that are moved', scenarios.A1()],
    ['balloons that are sized', scenarios.M1()],
  ])('of %s are those that were recorded', async (_name, scenario) => {
    const { ticks, lines } = await recorded(simulate(scenario), options, 12)
    const read: TickRecord[] = []
    for await (const tick of recordedTicks(parsed(lines))) read.push(tick)
    expect(read.map(({ index }) => index)).toEqual(ticks.map(({ index }) => index))
    for (const [index, tick] of ticks.entries()) {
      if (tick.cause === 'interval') expect(seen(read[index]!)).toEqual(seen(tickRecord(tick)))
    }
  })

  it('has the sizes that were asked for', async () => {
    const { ticks, lines } = await recorded(simulate(scenarios.M1()), options, 12)
    const read: TickRecord[] = []
    for await (const tick of recordedTicks(parsed(lines))) read.push(tick)
    const asked = ticks.flatMap(({ outcomes }) => outcomes.map(({ action }) => action.uuid))
    const last = read.at(-1)!.domains.filter(({ uuid }) => asked.includes(uuid))
    expect(last.length).toBeGreaterThan(0)
    for (const { memory } of last) expect(memory.target).toBeGreaterThan(0)
  })
})
