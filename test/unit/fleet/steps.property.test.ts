import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { guardPlan } from '../../../lib/fleet/guard/guard.ts'
import type { Step } from '../../../lib/fleet/plan/step.ts'
import { balance } from '../../../lib/fleet/policies/balance.ts'
import type { FleetRules } from '../../../lib/fleet/view/fleet-rules.ts'
import type { FleetView } from '../../../lib/fleet/view/fleet-view.ts'
import { emptyMemory, fleetView } from '../../../lib/fleet/view/make-view.ts'
import { carriedOut } from '../../support/fleet/carry-out.ts'
import { aged, type HostSketch, inputOf, reportsOf, uuidOf } from '../../support/fleet/fleets.ts'
import { runs } from '../../support/runs.ts'

const label = fc.constantFrom('a', 'b', 'c', 'd')
const guest = fc.record({
  vcpus: fc.constantFrom(1, 2, 4),
  demand: fc.double({ min: 0, max: 1, noNaN: true }),
  memory: fc.constantFrom(1, 2, 3, 6),
  grows: fc.boolean(),
  labels: fc.array(label, { maxLength: 1 }),
})
const hosts = fc.array(
  fc.record({
    pcpus: fc.constantFrom(2, 4),
    spare: fc.constantFrom(-1, 0.5, 1.5, 4, 30),
    guests: fc.array(guest, { maxLength: 7 }),
  }),
  { minLength: 2, maxLength: 6 },
)
const rules: fc.Arbitrary<FleetRules> = fc.record({
  apart: fc.option(fc.constant([{ guests: 'label:a' }]), { nil: undefined }),
  together: fc.option(fc.constant([{ guests: 'label:b' }]), { nil: undefined }),
  pinned: fc.option(fc.constant([{ guests: 'label:c', hosts: ['h0', 'h1'] }]), { nil: undefined }),
  surviveHost: fc.boolean(),
})

/** Hosts that have a bit more, or less, than their guests need. */
function sketches(
  from: readonly (typeof hosts extends fc.Arbitrary<infer T> ? T : never)[number][],
): HostSketch[] {
  return from.map(({ pcpus, spare, guests }) => {
    const own = guests.map(({ vcpus, demand, memory, grows, labels }) => {
      return { vcpus, demand: demand * vcpus, memory, need: grows ? memory + 0.5 : memory, labels }
    })
    const held = own.reduce((sum, { memory }) => sum + memory + 1 / 16, 0)
    return { pcpus, budget: Math.max(1, held + spare), guests: own }
  })
}

/** Goes through a plan with steps under way at the same time, in an order that `choices` decide; tells of each moment. */
function carryOut(
  steps: readonly Step[],
  choices: readonly number[],
  look: (running: Set<number>, done: Set<number>) => void,
): void {
  const running = new Set<number>()
  const done = new Set<number>()
  for (let turn = 0; done.size < steps.length; turn++) {
    const ready = steps.flatMap(({ after }, index) => {
      return running.has(index) || done.has(index) || !after.every((before) => done.has(before))
        ? []
        : [index]
    })
    const choice = choices[turn % choices.length]!
    if (ready.length > 0 && (running.size === 0 || choice % 3 > 0)) running.add(ready[choice % ready.length]!)
    else {
      const ended = [...running][choice % running.size]!
      running.delete(ended)
      done.add(ended)
    }
    look(running, done)
  }
}

/** Bytes on each host: a guest under way counts on both. */
function held(
  view: FleetView,
  steps: readonly Step[],
  running: ReadonlySet<number>,
  done: ReadonlySet<number>,
): number[] {
  const bytes = view.hosts.map(({ committed }) => committed)
  const row = (uuid: string) => view.hosts.findIndex((host) => host.uuid === uuid)
  const guests = new Map(view.guests.map((guest) => [guest.uuid, guest]))
  for (const [index, { guest: uuid, from, to }] of steps.entries()) {
    const guest = guests.get(uuid)!
    if (running.has(index) || done.has(index)) bytes[row(to)]! += guest.memory
    if (done.has(index))
      bytes[row(from)]! -= guest.host.uuid === from ? guest.report.memory.committed : guest.memory
  }
  return bytes
}

const scene = fc.record({
  hosts,
  rules,
  drains: fc.boolean(),
  choices: fc.array(fc.nat(1_000), { minLength: 20, maxLength: 20 }),
})

describe('plans of balance', () => {
  it('never overfill a host or break a rule, whatever is under way at once, and are let pass', () => {
    let moved = 0
    fc.assert(
      fc.property(scene, ({ hosts: from, rules: given, drains, choices }) => {
        const settings = { draining: drains ? { [uuidOf('host', 0)]: { since: 0, by: 'x' } } : {} }
        const { view } = fleetView(inputOf(sketches(from), { rules: given, settings }), emptyMemory)
        const policy = balance({ rounds: 1 })
        const { plan } = policy.decide(view, policy.initialState)
        expect(guardPlan(view, plan).denied).toEqual([])
        moved += plan.steps.length
        const hostOf = new Map(view.guests.map(({ uuid, host }) => [uuid, [host.uuid]]))
        carryOut(plan.steps, choices, (running, done) => {
          for (const [row, bytes] of held(view, plan.steps, running, done).entries()) {
            const { budget, committed } = view.hosts[row]!
            expect(bytes).toBeLessThanOrEqual(Math.max(budget, committed) + 1)
          }
          const places = new Map([...hostOf].map(([uuid, there]) => [uuid, new Set(there)]))
          for (const [index, { guest: uuid, from: left, to }] of plan.steps.entries()) {
            if (running.has(index) || done.has(index)) places.get(uuid)!.add(to)
            if (done.has(index)) places.get(uuid)!.delete(left)
          }
          if (!given.apart) return
          const apart = view.guests.filter(({ report }) => report.labels.includes('a'))
          const met = (at: (uuid: string) => Iterable<string>) => {
            const all = apart.flatMap(({ uuid }) => [...at(uuid)])
            return all.length - new Set(all).size
          }
          expect(met((uuid) => places.get(uuid)!)).toBeLessThanOrEqual(met((uuid) => hostOf.get(uuid)!))
        })
        const to = new Map(plan.steps.map((step) => [step.guest, step.to]))
        for (const { uuid, host, report } of view.guests) {
          const end = to.get(uuid)
          if (end === undefined) continue
          expect(end).not.toBe(drains ? uuidOf('host', 0) : undefined)
          if (given.pinned && report.labels.includes('c')) {
            expect([uuidOf('host', 0), uuidOf('host', 1)]).toContain(end)
          }
          if (!given.together || !report.labels.includes('b')) continue
          const others = view.guests.filter((other) => other.report.labels.includes('b'))
          if (others.every((other) => other.host === host)) {
            for (const other of others) expect(to.get(other.uuid)).toBe(end)
          }
        }
      }),
      { numRuns: runs(150), seed: 1 },
    )
    expect(moved).toBeGreaterThan(runs(150) / 10)
  })

  it('leave nothing to do: the rounds afterwards rest', () => {
    fc.assert(
      fc.property(hosts, (from) => {
        const input = inputOf(sketches(from))
        const policy = balance({ rounds: 1 })
        let { state, plan } = policy.decide(fleetView(input, emptyMemory).view, policy.initialState)
        const reports = carriedOut(reportsOf(sketches(from)), plan.steps)
        const { view } = fleetView({ ...input, reports: aged(reports) }, emptyMemory)
        for (let round = 0; round < 5; round++) {
          ;({ state, plan } = policy.decide(view, state))
          expect(plan.steps).toEqual([])
        }
      }),
      { numRuns: runs(150), seed: 1 },
    )
  })
})
