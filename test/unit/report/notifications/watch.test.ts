import { describe, expect, it } from 'vitest'
import type { Tick } from '../../../../lib/control/tick.ts'
import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { BallastError } from '../../../../lib/host/errors.ts'
import { pin } from '../../../../lib/policy/plan.ts'
import { NotificationWatch } from '../../../../lib/report/notifications/watch.ts'
import { GiB, MiB } from '../../../../lib/util/units.ts'
import type { View } from '../../../../lib/view/view.ts'
import { applied, type DomainSketch, tickOf, viewOf } from '../ticks.ts'

const interval = 2_000
const epoch = 1_700_000_000_000

/** Hands Ticks to a watch, one each interval, and gives what each adds as `event state: text`. */
class Run {
  readonly #watch = new NotificationWatch()
  #index = 0

  tick(view: View, more: Partial<Tick> & { readonly isSampled?: boolean } = {}): string[] {
    const index = this.#index++
    const { isSampled = true, ...rest } = more
    const time = isSampled ? index * interval + 1 : this.#lastTime
    this.#lastTime = time
    const tick = tickOf(index, { ...view, time }, { wallTime: epoch + index * interval, ...rest })
    return this.#watch.observe(tick).map(({ event, state, text }) => `${event} ${state}: ${text}`)
  }

  /** The same for a number of milliseconds. */
  ticks(milliseconds: number, view: View, more: Partial<Tick> = {}): string[] {
    return Array.from({ length: milliseconds / interval }, () => this.tick(view, more)).flat()
  }

  failed(message: string): string[] {
    return this.#watch.failed(message, epoch).map(({ event, state, text }) => `${event} ${state}: ${text}`)
  }

  #lastTime = 0
}

const guests = (...sketches: DomainSketch[]) => viewOf(2, sketches)
const fine = guests({ name: 'web1', vcpus: [{ on: 0, usage: 0.5 }] }, { name: 'db' })

describe('what a person is to know of', () => {
  it('is nothing while all is well', () => {
    expect(new Run().ticks(600_000, fine)).toEqual([])
  })

  it('is a guest that stays stuck, and that it answers again', () => {
    const run = new Run()
    const stuck = guests({ name: 'web1' }, { name: 'db\n', memory: { hold: 'stuck' } })
    expect(run.ticks(14_000, stuck)).toEqual([])
    expect(run.ticks(4_000, stuck)).toEqual([
      'guest-stuck begun: db\\x0a is stuck: its QEMU does not answer, and it is skipped',
    ])
    expect(run.ticks(60_000, stuck)).toEqual([])
    expect(run.tick(fine)).toEqual(['guest-stuck ended: db\\x0a answers again, or has ended'])
    expect(run.ticks(60_000, fine)).toEqual([])
  })

  it('is no guest that answered late, and not one again and again for it', () => {
    const run = new Run()
    const stuck = guests({ name: 'web1', memory: { hold: 'stuck' } })
    for (let i = 0; i < 20; i++) expect([...run.ticks(10_000, stuck), ...run.ticks(4_000, fine)]).toEqual([])
  })

  it('is a host that is short of memory, and that it is no longer', () => {
    const run = new Run()
    const short = viewOf(2, [], { state: 'hard', available: 300 * MiB, reserve: GiB })
    expect(run.tick(fine)).toEqual([])
    expect(run.tick(short)).toEqual([
      'host-memory-short begun: the host is short of memory (hard, 300 MiB available)',
    ])
    expect(run.tick(viewOf(2, [], { state: 'low', available: 0 }))).toEqual([])
    expect(run.tick(viewOf(2, [], { state: 'soft' }))).toEqual([
      'host-memory-short ended: the host is no longer short of memory (soft, 5120 MiB available)',
    ])
  })

  it('is a connection that is lost, and that it is back', () => {
    const run = new Run()
    const lost = {
      isSampled: false,
      errors: [new BallastError('ERR_DISCONNECTED', 'The connection is lost: eof')],
    }
    run.tick(fine)
    expect(run.tick(fine, lost)).toEqual([
      'control-lost begun: control lost: The connection is lost: eof; guests stay as they are',
    ])
    expect(run.tick(fine, lost)).toEqual([])
    expect(run.tick(fine)).toEqual(['control-lost ended: control regained'])
  })

  it('is a host that cannot be sampled three times in a row, but not once', () => {
    const run = new Run()
    const late = { isSampled: false, errors: [new BallastError('ERR_TIMEOUT', 'late')] }
    run.tick(fine)
    expect([...run.tick(fine, late), ...run.tick(fine, late), ...run.tick(fine)]).toEqual([])
    expect([...run.tick(fine, late), ...run.tick(fine, late)]).toEqual([])
    expect(run.tick(fine, late)).toEqual(['control-lost begun: control lost: late; guests stay as they are'])
  })

  it('is a loop that ended by an error', () => {
    const run = new Run()
    run.tick(fine)
    expect(run.failed('came back with other pCPUs')).toEqual([
      'control-lost begun: control lost: came back with other pCPUs; guests stay as they are',
    ])
    expect(run.failed('again')).toEqual([])
  })

  it('is a rollback, with its reason', () => {
    const [vcpu] = fine.vcpus
    const [{ uuid }] = fine.domains as [View['domains'][0]]
    const rollback = {
      what: 'vcpus',
      plan: [pin(vcpu!, CpuSet.of(1), 'back')],
      reason: {
        kind: 'rollback-delay',
        domain: 'web1',
        vcpu: 0,
        on: 1,
        delay: 0.5,
        before: 0.1,
        expected: 0.2,
      },
    } as const
    const tick = tickOf(0, fine, { rollbacks: [rollback] })
    expect(new NotificationWatch().observe(tick)).toEqual([
      {
        event: 'rollback',
        state: 'happened',
        wallTime: tick.wallTime,
        domain: 'web1',
        uuid,
        text: expect.stringMatching(
          /^pins of web1: rolled back: the delay of web1 vCPU 0 is 50.0 % on pCPU 1/,
        ),
        figures: { domain: 'web1', vcpu: 0, on: 1, delay: 0.5, before: 0.1, expected: 0.2 },
      },
    ])
  })

  it('is another balancer, but not somebody who pins one guest by hand', () => {
    const run = new Run()
    const [{ uuid }] = fine.domains as [View['domains'][0]]
    const external = (vcpu: number, cpus: number) =>
      ({
        uuid,
        domain: 'web1',
        what: 'vcpus',
        rule: 'external-change',
        reason: { kind: 'vcpu-pinned-externally', vcpu, cpus: CpuSet.of(cpus) },
      }) as const
    const byHand = { skipped: [0, 1, 2, 3].map((vcpu) => external(vcpu, 1)) }
    expect(run.ticks(1_200_000, fine, byHand)).toEqual([])
    const moves = [0, 1, 0].flatMap((cpus) => run.tick(fine, { skipped: [external(0, cpus)] }))
    expect(moves).toEqual([
      'another-balancer begun: another program changes what Ballast sets: 3 times in 15 minutes, last of web1',
    ])
    expect(run.ticks(890_000, fine)).toEqual([])
    expect(run.ticks(20_000, fine)).toEqual([
      'another-balancer ended: fewer than 3 changes by other programs in 15 minutes',
    ])
  })
})

describe('moves that do not help', () => {
  /** Two guests on a host of two pCPUs: on one, or on both. */
  const crowded = guests(
    { name: 'a', vcpus: [{ on: 0, affinity: CpuSet.of(0), usage: 0.4 }] },
    { name: 'b', vcpus: [{ on: 0, affinity: CpuSet.of(0), usage: 0.4 }] },
  )
  const even = guests(
    { name: 'a', vcpus: [{ on: 0, affinity: CpuSet.of(0), usage: 0.4 }] },
    { name: 'b', vcpus: [{ on: 1, affinity: CpuSet.of(1), usage: 0.4 }] },
  )
  const move = { outcomes: [applied(pin(crowded.vcpus[0]!, CpuSet.of(1), 'away'))] }
  const minutes = (count: number) => count * 60_000

  it('are told of after half an hour, and once they have become few', () => {
    const run = new Run()
    const told: string[] = []
    for (let minute = 0; minute < 31; minute++) {
      told.push(...run.tick(crowded, move), ...run.ticks(58_000, crowded))
      if (minute < 29) expect(told).toEqual([])
    }
    expect(told).toEqual([
      'no-gain begun: 29 moves in half an hour did not level the pCPUs: deviation 40.0 % of a pCPU, then 40.0 %',
    ])
    expect(run.ticks(minutes(35), crowded)).toEqual([
      'no-gain ended: moves level the pCPUs again, or have become few',
    ])
  })

  it('are not those that helped, nor a few, nor those of a dry run, nor an uneven host that is left so', () => {
    const helped = new Run()
    for (let minute = 0; minute < 15; minute++) helped.ticks(minutes(1), crowded, minute < 12 ? move : {})
    expect(helped.ticks(minutes(25), even)).toEqual([])
    expect(new Run().ticks(minutes(40), crowded)).toEqual([])
    const dry = { outcomes: move.outcomes.map((outcome) => ({ ...outcome, status: 'dry-run' as const })) }
    expect(new Run().ticks(minutes(40), crowded, dry)).toEqual([])
    const few = new Run()
    for (let i = 0; i < 10; i++) few.tick(crowded, move)
    expect(few.ticks(minutes(40), crowded)).toEqual([])
  })
})
