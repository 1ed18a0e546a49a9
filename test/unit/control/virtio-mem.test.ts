import { describe, expect, it } from 'vitest'
import { shares } from '../../../lib/ballooning/shares.ts'
import { autopilot } from '../../../lib/control/autopilot.ts'
import { guard } from '../../../lib/control/guard/guard.ts'
import { memoryJournal } from '../../../lib/control/journal/journal.ts'
import { Ledger } from '../../../lib/control/ledger/ledger.ts'
import { restore } from '../../../lib/control/restore/restore.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import {
  type Ballooning,
  type PurePolicy,
  type SetMemoryAction,
  setMemory,
} from '../../../lib/policy/plan.ts'
import { sentenceOf } from '../../../lib/policy/reason.ts'
import type { Change } from '../../../lib/simulation/index.ts'
import { simulate } from '../../../lib/simulation/index.ts'
import { GiB, MiB } from '../../../lib/util/units.ts'

const ballooned = 512 * MiB

/** A guest of 512 MiB with a device of 1 GiB that has 512 MiB plugged, and a program that wants more than it can have. */
function hostOf(changes: readonly Change[] = []) {
  return simulate({
    pcpus: 2,
    memory: 8 * GiB,
    domains: [
      {
        name: 'guest',
        memory: {
          maximum: ballooned,
          actual: ballooned - 64 * MiB,
          virtioMem: { size: GiB, requested: 512 * MiB },
          program: { size: 100 * MiB },
        },
      },
    ],
    changes: [
      { at: 30_000, domain: 'guest', kind: 'program', program: { size: 900 * MiB, rate: 40 * MiB } },
      ...changes,
    ],
  })
}

/** Wants next to nothing, then everything. */
const greedy: PurePolicy<SetMemoryAction> = ({ domains, time }) =>
  domains.map((domain) => setMemory(domain, time < 20_000 ? MiB : 64 * GiB, 'a test'))

async function run(host: ReturnType<typeof hostOf>, ticks: number, ballooning: Ballooning = greedy) {
  const journal = memoryJournal()
  const asked: number[] = []
  const setMemory = host.setMemory.bind(host)
  host.setMemory = (domain, bytes) => {
    asked.push(bytes)
    return setMemory(domain, bytes)
  }
  const seen: Tick[] = []
  for await (const tick of autopilot(host, { interval: 2_000, ticks, ballooning, journal })) seen.push(tick)
  return { asked, seen, journal }
}

const wrong = ({ outcomes }: Tick) => outcomes.filter(({ status }) => status === 'failed')

describe('the balloon of a guest with a virtio-mem device', () => {
  it.each([
    ['shares', shares()],
    ['a policy that wants nothing, then everything', greedy],
  ])('is never asked for more than it can have, and counts with the device: %s', async (_, policy) => {
    const host = hostOf()
    const { asked, seen } = await run(host, 40, policy)
    expect(asked.length).toBeGreaterThan(0)
    expect(Math.max(...asked)).toBeLessThanOrEqual(ballooned)
    // The kernel of the guest is in what the balloon leaves it.
    expect(Math.min(...asked)).toBeGreaterThanOrEqual(200 * MiB)
    expect(seen.flatMap(wrong)).toEqual([])
    for (const { view } of seen) {
      const { actual, target = 0 } = view.domains[0]!.memory
      const { uuid } = view.domains[0]!
      if (view === seen.at(-1)!.view) expect(actual).toBe(host.truth(uuid)!.actual + 512 * MiB)
      expect(view.memory.committed - Math.max(actual!, target)).toBeOneOf([64 * MiB, 96 * MiB])
    }
    expect(seen.at(-1)!.view.domains[0]!.memory.actual).toBe(GiB)
  })

  it('is restored, whatever its owner made of the device meanwhile', async () => {
    const host = hostOf([{ at: 12_500, domain: 'guest', kind: 'virtioMem', requested: 256 * MiB }])
    const { asked, seen, journal } = await run(host, 14)
    expect(asked.length).toBeGreaterThan(0)
    expect(seen.flatMap(wrong)).toEqual([])
    const { domains } = seen.at(-1)!.view
    expect(domains[0]!.memory.virtioMem).toEqual({ size: GiB, requested: 256 * MiB, current: 256 * MiB })
    expect(domains[0]!.memory.hold).toBeUndefined()
    const report = await restore(host, journal)
    expect(report).toMatchObject({ notRestored: [], external: [] })
    expect(asked.at(-1)).toBe(ballooned - 64 * MiB)
    expect(host.truth(domains[0]!.uuid)!.target).toBe(ballooned - 64 * MiB)
  })

  it('has its limit said with the device', async () => {
    const { seen } = await run(hostOf(), 3)
    const { view } = seen.at(-1)!
    const { uuid, name } = view.domains[0]!
    const reason = { kind: 'custom', text: 'a test' } as const
    const more = { kind: 'setMemory', uuid, domain: name, bytes: 2 * GiB, reason } as const
    const limits = { guestFloor: 200 * MiB, guestMargin: 0, domainOverhead: 0 }
    const { clamps } = guard([more], view, limits, new Ledger())
    expect(clamps[0]).toMatchObject({ rule: 'invalid', instead: { bytes: GiB } })
    expect(sentenceOf(clamps[0]!.cause)).toBe(
      'it can have 1024 MiB at most, 512 MiB of it by virtio-mem devices, which are left to their owner',
    )
    const least = guard([{ ...more, bytes: MiB }], view, limits, new Ledger())
    expect(least.clamps[0]).toMatchObject({ rule: 'guest-floor', instead: { bytes: 712 * MiB } })
  })
})
