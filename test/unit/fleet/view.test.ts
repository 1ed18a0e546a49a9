import { describe, expect, it } from 'vitest'
import type { Order } from '../../../lib/fleet/bus/order.ts'
import { vcpusOf } from '../../../lib/fleet/model/units.ts'
import type { FleetInput, PastMigration } from '../../../lib/fleet/view/fleet-input.ts'
import type { FleetRules } from '../../../lib/fleet/view/fleet-rules.ts'
import { emptyMemory, fleetView } from '../../../lib/fleet/view/make-view.ts'
import { aged, type HostSketch, inputOf, reportsOf, uuidOf, viewOf } from '../../support/fleet/fleets.ts'

const minute = 60_000

function staysAfter(past: readonly Omit<PastMigration, 'guest' | 'from' | 'to'>[]) {
  const given = past.map((one) => ({
    ...one,
    guest: uuidOf('guest', 0),
    from: uuidOf('host', 1),
    to: uuidOf('host', 0),
  }))
  return viewOf([{ guests: [{}] }, {}], {}, { past: given, wallTime: 1_000 * minute }).guests[0]!.stays
}

function problemKinds(hosts: readonly HostSketch[], rules: FleetRules): string[] {
  return viewOf(hosts, rules).problems.map(({ reason }) => reason.kind)
}

describe('the view of a fleet', () => {
  it('smooths demand over a minute at first, and keeps the last one while it is not known', () => {
    const seen = (demand: number | null, time: number): FleetInput =>
      inputOf([{ guests: [{ demand }] }], { time })
    let { view, memory } = fleetView(seen(1, 0), emptyMemory)
    expect(view.guests[0]!.demand).toBe(1)
    ;({ view, memory } = fleetView(seen(0, minute), memory))
    expect(view.guests[0]!.demand).toBeCloseTo(Math.exp(-1), 6)
    ;({ view, memory } = fleetView(seen(null, 2 * minute), memory))
    expect(view.guests[0]!.demand).toBeCloseTo(Math.exp(-1), 6)
    expect(view.hosts[0]!.demand).toBeCloseTo(Math.exp(-1), 6)
  })

  it('has of demand and of the largest vCPU what can be expected, with the swing', () => {
    let memory = emptyMemory
    const views = Array.from({ length: 200 }, (_, round) => {
      const up = round % 8 < 4
      const guests = [{ vcpus: 2, demand: up ? 1.2 : 0.8, largest: up ? 0.9 : 0.5 }]
      const next = fleetView(inputOf([{ guests }], { time: 10_000 * round }), memory)
      memory = next.memory
      return next.view
    })
    for (const { guests } of views.slice(60)) {
      expect(Math.abs(guests[0]!.demand! - 1)).toBeLessThan(0.05)
      expect(Math.abs(guests[0]!.largest! - 0.7)).toBeLessThan(0.05)
      expect(guests[0]!.swing).toBeGreaterThan(0.02)
    }
  })

  it('takes the largest vCPU as it is reported, in a tick of before what is expected of it was told', () => {
    const [guest] = viewOf([{ guests: [{ vcpus: 2, demand: 1, largest: 0.8 }] }]).guests
    const { largest, ...before } = guest!
    expect(largest).toBe(0.8)
    expect(vcpusOf(before)).toEqual(vcpusOf(guest!))
    expect(vcpusOf({ ...guest!, largest: 0.6 })[0]!.sum).toBe(0.6)
  })

  it.each([
    [[{ at: 999, outcome: 'done' }], 'cooling-down', 14],
    [[{ at: 984, outcome: 'done' }], undefined, 0],
    [
      [
        { at: 900, outcome: 'done' },
        { at: 980, outcome: 'done' },
      ],
      'cooling-down',
      10,
    ],
    [Array.from({ length: 9 }, (_, i) => ({ at: 900 + i, outcome: 'done' as const })), 'cooling-down', 268],
    [[{ at: 1_100, outcome: 'done' }], 'cooling-down', 15],
    [[{ at: 997, outcome: 'failed' }], 'migration-failed', 2],
    [
      [
        { at: 990, outcome: 'failed' },
        { at: 995, outcome: 'failed' },
      ],
      'migration-failed',
      5,
    ],
    [[{ at: 999 - 24 * 60, outcome: 'done' }], undefined, 0],
  ] as const)('holds a guest by what was done before: %j', (past, kind, minutes) => {
    const stays = staysAfter(past.map(({ at, outcome }) => ({ at: at * minute, outcome })))
    expect(stays.map((reason) => reason.kind)).toEqual(kind === undefined ? [] : [kind])
    if (kind !== undefined) expect(stays[0]).toMatchObject({ remaining: minutes * minute })
  })

  it('counts an order that is not over on both hosts, before any report shows it', () => {
    const order: Order = {
      id: 'o1',
      fence: 1,
      host: uuidOf('host', 0),
      kind: 'migrate',
      request: {
        guest: uuidOf('guest', 0),
        run: { id: 1 },
        target: { host: uuidOf('host', 1), reach: { uri: 'x', bandwidth: 1 } },
        deadline: 1,
      },
      tick: 1,
      by: 'balance',
    }
    const { hosts, guests, migrations } = viewOf(
      [{ guests: [{ memory: 4, demand: 1 }] }, {}],
      {},
      { open: [{ order, events: [] }] },
    )
    expect(hosts[1]!.arriving).toBe(guests[0]!.memory)
    expect(hosts[0]!.committed).toBeGreaterThan(0)
    expect(guests[0]).toMatchObject({ goingTo: { name: 'h1' }, stays: [{ kind: 'migrating', to: 'h1' }] })
    expect(migrations).toMatchObject([{ order: 'o1', isForeign: false }])
    const over = { order: 'o1', host: uuidOf('host', 0), state: 'done' } as const
    expect(viewOf([{ guests: [{}] }, {}], {}, { open: [{ order, events: [over] }] }).migrations).toEqual([])
  })

  it('has a guest once that two hosts report: where it runs', () => {
    const [from, to] = reportsOf([{ guests: [{}] }, { guests: [{}] }])
    const guest = from!.guests[0]!
    const paused = { ...to!, guests: [{ ...guest, running: false }] }
    expect(
      fleetView({ ...inputOf([]), reports: aged([from!, paused]) }, emptyMemory).view.guests,
    ).toMatchObject([{ host: { name: 'h0' }, stays: [] }])
    const twice = { ...to!, guests: [guest] }
    const reports = [...aged([from!], 5_000), ...aged([twice])]
    expect(fleetView({ ...inputOf([]), reports }, emptyMemory).view.guests).toMatchObject([
      { host: { name: 'h1' }, stays: [{ kind: 'reported-twice', other: 'h0' }] },
    ])
  })

  it('holds hosts whose reports are old, newer than it can read, or of two agents', () => {
    const [report] = reportsOf([{}])
    const holdOf = (reports: FleetInput['reports']) => {
      return fleetView({ ...inputOf([]), reports }, emptyMemory).view.hosts[0]!.hold
    }
    expect(holdOf(aged([report!], 30_000))).toBeUndefined()
    expect(holdOf(aged([report!], 30_001))).toBe('stale')
    expect(holdOf(aged([{ ...report!, version: 2 as 1 }]))).toBe('newer')
    expect(holdOf(aged([report!, { ...report!, instance: 'other' }]))).toBe('duplicate')
    expect(holdOf(aged([{ ...report!, duplicate: true }]))).toBe('duplicate')
  })

  it('tells an agent that started anew from two that take turns', () => {
    const [report] = reportsOf([{}])
    let memory = emptyMemory
    const holds = ['a', 'b', 'b', 'a', 'b'].map((instance, round) => {
      const input = { ...inputOf([]), time: round * 10_000, reports: aged([{ ...report!, instance }]) }
      const next = fleetView(input, memory)
      memory = next.memory
      return next.view.hosts[0]!.hold
    })
    expect(holds).toEqual([undefined, undefined, undefined, 'duplicate', 'duplicate'])
  })

  it.each<[string, readonly HostSketch[], FleetRules]>([
    [
      'together-and-apart',
      [{ guests: [{}, {}] }, {}],
      { together: [{ guests: 'g*' }], apart: [{ guests: 'g?' }] },
    ],
    [
      'pinned-nowhere',
      [{ guests: [{}] }, {}],
      {
        pinned: [
          { guests: 'g0', hosts: ['h0'] },
          { guests: 'g*', hosts: ['h1'] },
        ],
      },
    ],
    [
      'pinned-apart',
      [{ guests: [{}, {}] }, {}],
      {
        together: [{ guests: 'g*' }],
        pinned: [
          { guests: 'g0', hosts: ['h0'] },
          { guests: 'g1', hosts: ['h1'] },
        ],
      },
    ],
    ['too-few-hosts', [{ guests: [{}, {}, {}] }, {}], { apart: [{ guests: 'g*' }] }],
    [
      'too-large-together',
      [
        { budget: 4, guests: [{ memory: 3 }] },
        { budget: 4, guests: [{ memory: 3 }] },
      ],
      { together: [{ guests: 'g*' }] },
    ],
    ['unknown-rule-host', [{ guests: [{}] }], { pinned: [{ guests: 'g*', hosts: ['h9', 'h0'] }] }],
  ])('names what is wrong with the rules: %s', (kind, hosts, rules) => {
    expect(problemKinds(hosts, rules)).toEqual([kind])
    const soft = {
      together: rules.together?.map((rule) => ({ ...rule, hard: false })),
      apart: rules.apart?.map((rule) => ({ ...rule, hard: false })),
    }
    expect(problemKinds(hosts, soft)).toEqual([])
  })
})
