import type { Change, Scenario } from '../../lib/simulation/index.ts'
import { loadOf, scenarioOf } from '../simulate/scenario.ts'

/** What is recorded of a simulated host. */
export interface DayHost {
  readonly guests: number
  readonly vcpus: number
  readonly hours: number
}

/** Milliseconds between two changes of what a guest's vCPUs do. */
const changesEvery = 600_000
const minute = 60_000

/** A host of the simulator's bench on which each guest does something else every ten minutes. */
export function dayScenario({ guests, vcpus, hours }: DayHost): Scenario {
  const scenario = scenarioOf({ guests, vcpus, pcpus: { sockets: 2, cores: 8, threads: 2 } })
  const changes: Change[] = []
  for (let at = changesEvery; at < hours * 60 * minute; at += changesEvery) {
    for (let guest = 0; guest < guests; guest++) {
      const shift = (guest * 61 * 1_000) % changesEvery
      const load = loadOf(guest + at / minute)
      changes.push({ at: at + shift, domain: `guest${guest}`, kind: 'load', load })
    }
  }
  const all = [...(scenario.changes ?? []), ...changes]
  return { ...scenario, changes: all.sort((a, b) => a.at - b.at) }
}
