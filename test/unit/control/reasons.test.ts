import { afterEach, expect, it, vi } from 'vitest'
import { shares } from '../../../lib/ballooning/index.ts'
import { type AutopilotOptions, autopilot } from '../../../lib/control/autopilot.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { type PinAction, pin } from '../../../lib/policy/plan.ts'
import { reasonTables } from '../../../lib/policy/reason.ts'
import { LogFormatter } from '../../../lib/report/log-lines.ts'
import { balance } from '../../../lib/schedulers/index.ts'
import { scenarios, simulate } from '../../../lib/simulation/index.ts'

afterEach(() => vi.restoreAllMocks())

async function ticksOf(options: Omit<AutopilotOptions, 'interval'>): Promise<Tick[]> {
  await using host = simulate(scenarios.A1())
  const ticks: Tick[] = []
  for await (const tick of autopilot(host, { interval: 1_000, ...options })) ticks.push(tick)
  return ticks
}

it('sentences are made when a tick is read, and not by the loop', async () => {
  const definitions = Object.values(reasonTables).flatMap((table) => Object.values(table))
  const made = definitions.map((definition) => {
    return vi.spyOn(definition as unknown as { sentence(reason: object): string }, 'sentence')
  })
  const domainRules = { guest0: { managed: false } }
  const ticks = await ticksOf({ ticks: 12, scheduler: balance(), ballooning: shares(), domainRules })
  expect(ticks.some(({ plan }) => plan.length > 0)).toBe(true)
  expect(ticks.some(({ skipped }) => skipped.length > 0)).toBe(true)
  expect(made.filter(({ mock }) => mock.calls.length > 0)).toEqual([])
  const log = new LogFormatter()
  for (const tick of ticks) log.lines(tick)
  expect(made.filter(({ mock }) => mock.calls.length > 0).length).toBeGreaterThan(0)
})

it('an action whose reason is no reason is no plan', async () => {
  for (const reason of ['text', undefined, { kind: 'whim' }]) {
    const scheduler = ({ vcpus }: Tick['view']): PinAction[] => {
      return [{ ...pin(vcpus[0]!, CpuSet.of(1), 'any'), reason } as unknown as PinAction]
    }
    const [tick] = await ticksOf({ ticks: 1, scheduler })
    expect(tick!.errors).toMatchObject([{ code: 'ERR_POLICY' }])
    expect(tick!.outcomes).toEqual([])
  }
})
