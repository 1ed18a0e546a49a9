import { describe, expect, it } from 'vitest'
import { summarize } from '../../../lib/control/summary.ts'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { BallastError } from '../../../lib/host/errors.ts'
import { pin, setMemory } from '../../../lib/policy/plan.ts'
import { LogFormatter } from '../../../lib/report/log-lines.ts'
import { GiB, MiB } from '../../../lib/util/units.ts'
import { applied, pinnedGuests, tickOf, viewOf } from './ticks.ts'

const view = viewOf(4, pinnedGuests([0, 1, 2, 3]))
const move = pin(view.vcpus[0]!, CpuSet.of(2), 'pCPU 2 has 40 % less')
const grow = setMemory(view.domains[0]!, 640 * MiB, '90 MiB unused')

/** Lines without the clock in front, which depends on the time zone. */
function told(narrator: LogFormatter, index: number, more: Parameters<typeof tickOf>[2] = {}): string[] {
  return narrator.lines(tickOf(index, view, more)).map((line) => line.replace(/^\d\d:\d\d:\d\d {2}/, ''))
}

describe('the narrator', () => {
  it('tells each action, its outcome and its reason', () => {
    const outcomes = [
      applied(move),
      { action: grow, status: 'dry-run' as const, error: undefined, duration: 0 },
      {
        action: move,
        status: 'failed' as const,
        error: new BallastError('ERR_NO_DOMAIN', 'gone'),
        duration: 1,
      },
    ]
    expect(told(new LogFormatter(), 1, { outcomes })).toEqual([
      'pin aos_vm1 vCPU 0 to pCPU 2: pCPU 2 has 40 % less',
      'would set memory of aos_vm1 to 640 MiB: 90 MiB unused',
      'could not pin aos_vm1 vCPU 0 to pCPU 2: gone',
    ])
  })

  it('calls the same pins moves as the summary does', () => {
    // Pinned to pCPU 1 and not run there yet; not pinned and on its way from where it may not run any more.
    const shown = viewOf(4, [
      { name: 'a', vcpus: [{ affinity: CpuSet.of(1), on: 0 }] },
      { name: 'b', vcpus: [{ affinity: CpuSet.of(1, 2), on: 0 }] },
    ])
    const [waiting, homeless] = shown.vcpus
    const pins = [
      pin(waiting!, CpuSet.of(0), ''),
      pin(waiting!, CpuSet.of(1, 3), ''),
      pin(homeless!, CpuSet.of(3), ''),
    ]
    const tick = tickOf(1, shown, { outcomes: pins.map(applied) })
    const events = new LogFormatter().records(tick).map(({ event }) => event)
    expect(events).toEqual(['move', 'pin', 'pin'])
    expect(summarize(tick)).toContain('3 pins (1 move)')
  })

  it('says who could not wait for the beat', () => {
    const events = { swappedOut: MiB, majorFaultsPerSecond: 0, underPressure: true, oomKilled: false }
    const suffering = viewOf(1, [{ name: 'web', memory: { events } }, { name: 'db' }])
    const lines = new LogFormatter().lines(
      tickOf(1, suffering, { cause: 'emergency', outcomes: [applied(grow)] }),
    )
    expect(lines.map((line) => line.slice(10))).toEqual([
      'emergency: web cannot wait for memory until the next tick',
      'set memory of aos_vm1 to 640 MiB: 90 MiB unused',
    ])
  })

  it('says when it was the host that could not wait', () => {
    const short = { ...view, memory: { ...view.memory, state: 'low' as const } }
    const lines = new LogFormatter().lines(tickOf(1, short, { cause: 'emergency' }))
    expect(lines.map((line) => line.slice(10))).toEqual(['emergency: the host is short of memory (low)'])
  })

  it('says at the beginning what is there, and then once a minute that nothing changes', () => {
    const narrator = new LogFormatter()
    const spoken = Array.from({ length: 130 }, (_, i) => told(narrator, i))
    const standing = '4 guests on 4 pCPUs, deviation 0.0 %, memory given 2048 MiB of 7168 MiB, all scores 100'
    expect(spoken.flatMap((lines, i) => lines.map((line) => [i, line]))).toEqual([
      [0, `first sample: ${standing}`],
      [1, `no change: ${standing}`],
      [61, `no change: ${standing}`],
      [121, `no change: ${standing}`],
    ])
  })

  it('tells what lasts when it begins, and again when it comes back, whatever its numbers do', () => {
    const narrator = new LogFormatter()
    const held = (seconds: number) => ({
      skipped: [
        {
          uuid: 'u1',
          domain: 'aos_vm2',
          what: 'memory' as const,
          rule: 'unmanaged' as const,
          reason: { kind: 'floor-above-maximum', memoryFloor: seconds * GiB, maximum: GiB } as const,
        },
      ],
      clamps: [
        {
          rule: 'host-reserve' as const,
          result: 'denied' as const,
          action: grow,
          instead: undefined,
          cause: { kind: 'no-headroom', headroom: seconds * MiB } as const,
        },
      ],
      errors: [new BallastError('ERR_POLICY', 'it threw')],
    })
    expect(told(narrator, 1, held(10)).slice(0, 3)).toEqual([
      'it threw',
      'denied: set memory of aos_vm1 to 640 MiB: the host has 10 MiB left to grant',
      'skipped: memory of aos_vm2: its settings contradict its definition: a memory floor of 10 GiB, above its maximum, 1024 MiB',
    ])
    expect(told(narrator, 2, held(12))).toEqual([])
    expect(told(narrator, 3)).toEqual([])
    expect(told(narrator, 4, held(3))).toHaveLength(3)
  })

  it('counts as moves what the summary counts, wherever a vCPU ran last', () => {
    const placed = viewOf(4, [
      { name: 'pinned-elsewhere', vcpus: [{ on: 0, affinity: CpuSet.of(1) }] },
      { name: 'outside', vcpus: [{ on: 0, affinity: CpuSet.parse('1-2') }] },
      { name: 'moved', vcpus: [{ on: 0, affinity: CpuSet.of(0) }] },
    ])
    const [elsewhere, outside, moved] = placed.vcpus
    const tick = tickOf(1, placed, {
      outcomes: [
        applied(pin(elsewhere!, CpuSet.parse('1-3'), '')),
        applied(pin(outside!, CpuSet.of(1), '')),
        applied(pin(moved!, CpuSet.of(3), '')),
      ],
    })
    expect(new LogFormatter().records(tick).map(({ event }) => event)).toEqual(['pin', 'pin', 'move'])
    expect(summarize(tick)).toContain('3 pins (1 move)')
  })
})
