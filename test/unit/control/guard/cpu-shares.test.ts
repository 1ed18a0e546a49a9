import { describe, expect, it } from 'vitest'
import { autopilot } from '../../../../lib/control/autopilot.ts'
import { type Journal, memoryJournal } from '../../../../lib/control/journal/journal.ts'
import { restore } from '../../../../lib/control/restore/restore.ts'
import type { Tick } from '../../../../lib/control/tick.ts'
import { BallastError } from '../../../../lib/host/errors.ts'
import { type Scheduler, setShares } from '../../../../lib/policy/plan.ts'
import { sentenceOf } from '../../../../lib/policy/reason.ts'
import { FakeHost, guest } from '../fake-host.ts'

/** Wants each guest to have these, for ever. */
const wants =
  (shares: number): Scheduler =>
  (view) =>
    view.domains.map((domain) => setShares(domain, shares, 'a test'))

async function run(host: FakeHost, shares: number, ticks: number, more: object = {}): Promise<Tick[]> {
  const seen: Tick[] = []
  const options = { interval: 1_000, ticks, scheduler: wants(shares), ...more }
  for await (const tick of autopilot(host, options)) seen.push(tick)
  return seen
}

const causes = (tick: Tick | undefined) =>
  tick?.clamps.map(({ rule, cause }) => `${rule}: ${sentenceOf(cause)}`)

describe('cpu_shares', () => {
  it('are set once, the original in the journal first, and brought back', async () => {
    const host = new FakeHost([guest(1, { cpuShares: 100 })])
    const kept = memoryJournal()
    const journal: Journal = {
      entries: kept.entries,
      record: async (entries) => {
        host.calls.push(...entries.map(({ kind, original }) => `journal ${kind} ${original}`))
        await kept.record(entries)
      },
    }
    const ticks = await run(host, 300, 4, { journal })
    expect(host.calls.filter((call) => /hares/.test(call))).toEqual([
      'journal cpuShares 100',
      'setCpuShares vm1 300',
    ])
    expect(ticks[0]!.summary).toContain('shares 1 change')
    expect(causes(ticks[1])).toEqual(['no-change: it was given 300 shares already'])
    expect(ticks[1]!.view.domains[0]!.cpuShares).toBe(300)

    const report = await restore(host, journal)
    expect(report.notRestored).toEqual([])
    expect(report.restored.map(({ kind }) => kind)).toContain('cpuShares')
    expect(host.guests[0]!.cpuShares).toBe(100)
  })

  it('stay as they are in a dry run', async () => {
    const host = new FakeHost([guest(1, { cpuShares: 100 })])
    const [tick] = await run(host, 300, 1, { dryRun: true })
    expect(tick!.outcomes.map(({ status }) => status)).toEqual(['dry-run'])
    expect(host.guests[0]!.cpuShares).toBe(100)
  })

  it('are left alone where the host has none, or the domain is not managed', async () => {
    const host = new FakeHost([guest(1), guest(2, { cpuShares: 100, metadata: "<settings managed='no'/>" })])
    const [first, second] = await run(host, 300, 2)
    const expected = [
      'unmanaged: its cpu_shares are not known, and could not be restored',
      'unmanaged: its metadata says not to manage it',
    ]
    expect(causes(first)).toEqual(expected)
    expect(causes(second)).toEqual(expected)
    expect(first!.errors).toEqual([])
    // Whoever has none is asked once.
    expect(host.looks.filter(({ call }) => call === 'cpuShares')).toHaveLength(2)
    expect(host.calls.filter((call) => call.startsWith('setCpuShares'))).toEqual([])
  })

  it.each([0, -1, 1.5, Number.NaN, 262_145])('cannot be %s', async (shares) => {
    const host = new FakeHost([guest(1, { cpuShares: 100 })])
    const [tick] = await run(host, shares, 1)
    expect(tick!.clamps.map(({ rule }) => rule)).toEqual(['invalid'])
    expect(tick!.outcomes).toEqual([])
  })

  it('are not tried again once the host refused, and are after a call that only took too long', async () => {
    for (const [code, tries] of [
      ['ERR_NOT_SUPPORTED', 1],
      ['ERR_DOMAIN_BUSY', 3],
    ] as const) {
      const host = new FakeHost([guest(1, { cpuShares: 100 })])
      host.obstacle = (call) => {
        if (call === 'setCpuShares') throw new BallastError(code, 'not now')
      }
      const ticks = await run(host, 300, 3)
      expect(host.calls.filter((call) => call.startsWith('setCpuShares'))).toHaveLength(tries)
      if (tries === 1)
        expect(causes(ticks[2])).toEqual(['unmanaged: its cpu_shares cannot be changed: not now'])
    }
  })

  it('are left to another program that changes them, until the restart', async () => {
    const host = new FakeHost([guest(1, { cpuShares: 100 })])
    const ticks: Tick[] = []
    for await (const tick of autopilot(host, { interval: 1_000, ticks: 6, scheduler: wants(300) })) {
      ticks.push(tick)
      if (tick.index === 1) await host.setCpuShares(host.guests[0]!.uuid, 777)
      if (tick.index === 3) Object.assign(host.guests[0]!, { id: 50, cpuShares: 100 })
    }
    expect(causes(ticks[3])).toEqual([
      'external-change: another program set its cpu_shares to 777: they are not changed until it restarts',
    ])
    expect(ticks[4]!.outcomes.map(({ status }) => status)).toEqual(['applied'])
    expect(host.guests[0]!.cpuShares).toBe(300)
  })
})
