import { MiB } from '../../util/units.ts'
import { DemandSource } from './demand.ts'
import type { FleetGuestScenario, FleetHostScenario } from './scenario.ts'

/** Of host memory, what the hypervisor takes for each guest beside it. */
export const overhead = 64 * MiB
/** What a guest with a balloon has of what it needs, where there is enough. */
const ample = 1.2
const defaultBandwidth = 1.25e9

export interface SimHost {
  readonly scenario: FleetHostScenario
  readonly uuid: string
  /** In the order in which they came; and those that migrate here. */
  readonly guests: SimGuest[]
  readonly arriving: SimGuest[]
  /** Whether its guests, or what they want, are others than when their delays were worked out. */
  isChanged: boolean
  readonly budget: number
  /** Bytes per second; 0: nobody reaches it. */
  readonly bandwidth: number
}

export interface SimGuest {
  readonly scenario: FleetGuestScenario
  readonly uuid: string
  readonly source: DemandSource
  /** Undefined: it does not run. */
  host: SimHost | undefined
  /** Drawn anew on each host. */
  run: number
  demand: number
  delay: number
  need: number
  actual: number
  trouble: 'failure' | 'no end' | 'connection' | undefined
  migration: SimMigration | undefined
}

export interface SimMigration {
  readonly guest: SimGuest
  readonly from: SimHost
  readonly to: SimHost
  readonly began: number
  readonly isOrdered: boolean
  readonly ending: AbortController
  left: number
}

export function remove(list: SimGuest[], guest: SimGuest): void {
  const index = list.indexOf(guest)
  if (index !== -1) list.splice(index, 1)
}

export function vcpusOf({ scenario }: SimGuest): number {
  return scenario.vcpus ?? 2
}

/** Bytes that a guest with a balloon has where there is enough. */
export function ampleFor({ need, scenario }: SimGuest): number {
  return Math.min(scenario.memory, ample * need)
}

export function hostOf(scenario: FleetHostScenario, index: number): SimHost {
  const { memory, reserve = memory / 10, bandwidth = defaultBandwidth } = scenario
  return {
    scenario,
    uuid: uuidOf(1, index),
    guests: [],
    arriving: [],
    isChanged: true,
    budget: memory - reserve,
    bandwidth: bandwidth === false ? 0 : bandwidth,
  }
}

export function guestOf(scenario: FleetGuestScenario, index: number, seed: number): SimGuest {
  const { name, demand, memory, need = memory } = scenario
  return {
    scenario,
    uuid: uuidOf(2, index),
    source: new DemandSource(demand, seed, name),
    host: undefined,
    run: 0,
    demand: 0,
    delay: 0,
    need,
    actual: Math.min(memory, Math.round(ample * need)),
    trouble: undefined,
    migration: undefined,
  }
}

function uuidOf(kind: number, index: number): string {
  const hex = index.toString(16)
  return `0000000${kind}-0000-4000-8000-${hex.padStart(12, '0')}`
}
