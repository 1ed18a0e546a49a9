import type { FleetPlan, Step } from '../../../../lib/fleet/plan/step.ts'
import { balance } from '../../../../lib/fleet/policies/balance.ts'
import type { FleetPolicy } from '../../../../lib/fleet/policies/fleet-policy.ts'
import type { FleetReason } from '../../../../lib/fleet/reasons/fleet-reasons.ts'
import type { FleetGuestScenario, FleetScenario } from '../../../../lib/fleet/simulation/scenario.ts'
import {
  type SimulatedFleet,
  type SimulatedFleetOptions,
  simulateFleet,
} from '../../../../lib/fleet/simulation/simulate-fleet.ts'
import type { FleetTick } from '../../../../lib/fleet/tick/fleet-tick.ts'
import type { FleetView } from '../../../../lib/fleet/view/fleet-view.ts'
import { GiB } from '../../../../lib/util/units.ts'

/** Guests that want 0.9 of a pCPU each, on one host. */
export function busyGuests(count: number, host: string, memory = 2 * GiB): FleetGuestScenario[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `${host}-${i}`,
    host,
    vcpus: 1,
    demand: { kind: 'steady', demand: 0.9 },
    memory,
  }))
}

/** Two hosts of 4 pCPUs, of which `a` has six busy guests and `b` has none. */
export function lopsided(more: Partial<FleetScenario> = {}, memory = 2 * GiB): FleetScenario {
  return {
    hosts: ['a', 'b'].map((name) => ({ name, pcpus: 4, memory: 128 * GiB, mayLead: true })),
    guests: busyGuests(6, 'a', memory),
    ...more,
  }
}

export interface Played {
  readonly fleet: SimulatedFleet
  readonly ticks: readonly FleetTick[]
}

/** A scenario to its end, with `balance` where no policy is given. */
export async function play(
  scenario: FleetScenario,
  options: Partial<SimulatedFleetOptions> & { readonly rounds: number },
): Promise<Played> {
  const fleet = simulateFleet(scenario)
  const ticks: FleetTick[] = []
  for await (const tick of fleet.run({ policy: balance(), ...options })) ticks.push(tick)
  return { fleet, ticks }
}

/** What the orders of all ticks move, as `guest from>to`. */
export function movesOf(ticks: readonly FleetTick[]): string[] {
  return ticks.flatMap(({ ordered }) =>
    ordered.map(({ step }) => `${step.guestName} ${step.fromName}>${step.toName}`),
  )
}

export function wherePlayed({ fleet }: Played): Record<string, string> {
  return Object.fromEntries(fleet.truth().guests.map(({ name, host }) => [name, host]))
}

/** Milliseconds until all hosts have said what they can run. */
const settled = 15_000

/** A policy that wants the same moves once, and predicts what it is told to. */
export function once(
  moves: readonly { readonly guest: string; readonly to: string; readonly after?: readonly number[] }[],
  predicted: Partial<Step['predicted']> = {},
  reason: FleetReason = { kind: 'level-load', demand: 1, from: 1, to: 0, deviation: 0 },
): FleetPolicy {
  const figures = { delay: 0, load: 0, committed: 0 }
  const decide = (view: FleetView, isDone: unknown): { plan: FleetPlan; state: unknown } => {
    const rest: FleetPlan = {
      steps: [],
      reason: { kind: 'fleet-rests', delay: 0, deviation: 0 },
      alternatives: [],
    }
    if (isDone || view.time < settled) return { plan: rest, state: isDone }
    const homes = new Map(view.guests.map(({ name, host }) => [name, host]))
    const steps = moves.map(({ guest: name, to: target, after = [] }): Step => {
      const guest = view.guests.find((one) => one.name === name)!
      const from = homes.get(name)!
      const to = view.hosts.find((host) => host.name === target)!
      homes.set(name, to)
      return {
        guest: guest.uuid,
        guestName: name,
        from: from.uuid,
        fromName: from.name,
        to: to.uuid,
        toName: to.name,
        after,
        cost: { bytes: guest.memory, duration: 60_000, downtime: 100 },
        predicted: { from: figures, to: figures, ...predicted },
        reason,
      }
    })
    return { plan: { ...rest, steps }, state: true }
  }
  return { name: 'once', decide, initialState: false }
}
