import { BallastError } from '../../host/errors.ts'
import type { Clock } from '../../host/host.ts'
import type { MigrationProgress, MigrationResult } from '../../host/migration.ts'
import { Random } from '../../util/random.ts'
import { MiB } from '../../util/units.ts'
import { DemandSource } from './demand.ts'
import { fluidDelays } from './fluid-cpu.ts'
import { copyRounds, settingUp } from './pre-copy.ts'
import type { FleetGuestScenario, FleetHostScenario, FleetScenario } from './scenario.ts'

/** Of host memory, what the hypervisor takes for each guest beside it. */
export const overhead = 64 * MiB
/** What a guest with a balloon has of what it needs, where there is enough. */
const ample = 1.2
const defaultBandwidth = 1.25e9
const defaultDirtyRate = 20e6

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

/** A migration that is over, as it really was. */
export interface MigrationRecord {
  readonly guest: string
  readonly from: string
  readonly to: string
  readonly began: number
  readonly ended: number
  readonly outcome: 'done' | 'failed' | 'aborted'
  /** Whether the fleet ordered it. */
  readonly isOrdered: boolean
}

/** The hosts and guests of a simulated fleet as they really are, whoever knows of it. */
export class World {
  readonly hosts: readonly SimHost[]
  readonly guests: readonly SimGuest[]
  readonly records: MigrationRecord[] = []
  readonly #clock: Clock
  readonly #random: Random
  readonly #failures: number
  #runs = 0
  /** The most bytes that guests held above a host's budget, and that they did when one of them was to come there. */
  overfilled = 0
  overfilledByMove = 0

  constructor(scenario: FleetScenario, clock: Clock) {
    const { seed = 1, failures = 0 } = scenario
    this.#clock = clock
    this.#random = new Random(seed, 'migrations')
    this.#failures = failures
    this.hosts = scenario.hosts.map((host, index) => hostOf(host, index))
    this.guests = scenario.guests.map((guest, index) => guestOf(guest, index, seed))
    for (const guest of this.guests) {
      if (guest.scenario.host !== undefined) this.start(guest, this.host(guest.scenario.host))
    }
  }

  host(name: string): SimHost {
    const found = this.hosts.find(({ scenario, uuid }) => scenario.name === name || uuid === name)
    if (!found) throw new BallastError('ERR_SCENARIO', `The scenario has no host ${name}`)
    return found
  }

  guest(name: string): SimGuest {
    const found = this.guests.find(({ scenario, uuid }) => scenario.name === name || uuid === name)
    if (!found) throw new BallastError('ERR_SCENARIO', `The scenario has no guest ${name}`)
    return found
  }

  start(guest: SimGuest, host: SimHost): void {
    guest.host = host
    guest.run = ++this.#runs
    host.guests.push(guest)
    host.isChanged = true
    this.resize(host)
  }

  stop(guest: SimGuest): void {
    guest.migration?.ending.abort(new BallastError('ERR_DOMAIN_NOT_RUNNING', 'The guest ended'))
    if (!guest.host) return
    remove(guest.host.guests, guest)
    guest.host.isChanged = true
    guest.host = undefined
  }

  /** Interval number `index` begins: what guests want now, and what they get. */
  advance(index: number): void {
    const time = this.#clock.now()
    for (const guest of this.guests) {
      const demand = Math.min(vcpusOf(guest), guest.source.at(time, index))
      if (demand !== guest.demand && guest.host) guest.host.isChanged = true
      guest.demand = demand
    }
    for (const host of this.hosts) {
      this.resize(host)
      if (!host.isChanged) continue
      host.isChanged = false
      const { pcpus, background = 0 } = host.scenario
      const load = host.guests.map((guest) => ({
        vcpus: vcpusOf(guest),
        demand: guest.demand / vcpusOf(guest),
      }))
      const delays = fluidDelays(load, pcpus - background)
      for (const [i, guest] of host.guests.entries()) guest.delay = delays[i]!
    }
  }

  /**
   * What its guests have of their host's memory: what is ample, or what they need where that is too much. What they need
   * above its budget they have all the same, on its swap.
   */
  resize(host: SimHost): void {
    let wanted = host.guests.length * overhead
    for (const { actual } of host.arriving) wanted += actual + overhead
    let needed = wanted
    for (const guest of host.guests) {
      wanted += ampleFor(guest)
      needed += guest.need
    }
    const isShort = wanted > host.budget
    const part = isShort && wanted > needed ? Math.max(0, (host.budget - needed) / (wanted - needed)) : 1
    for (const guest of host.guests) {
      // A guest that migrates keeps its size: libvirt does not change it meanwhile.
      if (!guest.migration) guest.actual = Math.floor(guest.need + part * (ampleFor(guest) - guest.need))
    }
    this.overfilled = Math.max(this.overfilled, this.#above(host))
  }

  /** Bytes that a host's guests hold, with those that come, above its budget. */
  #above(host: SimHost): number {
    return this.committed(host) - host.budget
  }

  /** Bytes that a host's guests hold, and those that come. */
  committed(host: SimHost): number {
    let held = 0
    for (const { actual } of host.guests) held += actual + overhead
    for (const { actual } of host.arriving) held += actual + overhead
    return held
  }

  /** Migrates as libvirt would; rejects as `Migrator.migrate` does. */
  async migrate(
    guest: SimGuest,
    to: SimHost,
    options: {
      readonly isOrdered: boolean
      readonly signal?: AbortSignal | undefined
      readonly progress?: ((progress: MigrationProgress) => void) | undefined
    },
  ): Promise<MigrationResult> {
    const from = guest.host
    if (!from) throw new BallastError('ERR_DOMAIN_NOT_RUNNING', `${guest.scenario.name} does not run`)
    if (guest.migration) throw new BallastError('ERR_DOMAIN_BUSY', `${guest.scenario.name} migrates already`)
    const bandwidth = Math.min(from.bandwidth, to.bandwidth)
    if (bandwidth === 0) throw new BallastError('ERR_MIGRATION', `No way to ${to.scenario.name}`)
    const ending = new AbortController()
    const began = this.#clock.now()
    const migration = { guest, from, to, began, isOrdered: options.isOrdered, ending, left: guest.actual }
    guest.migration = migration
    to.arriving.push(guest)
    this.resize(to)
    if (options.isOrdered) this.overfilledByMove = Math.max(this.overfilledByMove, this.#above(to))
    const trouble = guest.trouble ?? (this.#random.next() < this.#failures ? 'failure' : undefined)
    guest.trouble = undefined
    const physics = this.#carry(migration, bandwidth, trouble, options.progress)
    const end = () => ending.abort(options.signal?.reason)
    options.signal?.addEventListener('abort', end, { once: true })
    if (options.signal?.aborted) end()
    if (trouble !== 'connection') return physics
    physics.catch(() => {}) // whoever asked does not hear of it
    await this.#clock.sleepUntil(began + settingUp)
    throw new BallastError('ERR_MIGRATION_UNKNOWN', 'The connection was lost')
  }

  async #carry(
    migration: SimMigration,
    bandwidth: number,
    trouble: SimGuest['trouble'],
    progress: ((progress: MigrationProgress) => void) | undefined,
  ): Promise<MigrationResult> {
    const { guest, from, to, began, ending } = migration
    const clock = this.#clock
    const dirtyRate = trouble === 'no end' ? bandwidth : (guest.scenario.dirtyRate ?? defaultDirtyRate)
    const memory = guest.actual
    let processed = 0
    let iteration = 0
    let outcome: MigrationRecord['outcome'] = 'aborted'
    try {
      await clock.sleepUntil(clock.now() + settingUp, ending.signal)
      const rounds = copyRounds({ memory, bandwidth, dirtyRate })
      let step = rounds.next()
      for (; !step.done; step = rounds.next()) {
        const { duration, bytes, left } = step.value
        progress?.({
          elapsed: clock.now() - began,
          memoryTotal: memory,
          memoryRemaining: migration.left,
          iteration,
        })
        await clock.sleepUntil(clock.now() + duration, ending.signal)
        processed += bytes
        iteration++
        migration.left = left
        if (trouble !== 'failure') continue
        outcome = 'failed'
        throw new BallastError('ERR_MIGRATION', 'No route to host')
      }
      const downtime = step.value
      await clock.sleepUntil(clock.now() + downtime, ending.signal)
      outcome = 'done'
      remove(from.guests, guest)
      from.isChanged = true
      remove(to.arriving, guest)
      guest.migration = undefined
      this.start(guest, to)
      if (migration.isOrdered) this.overfilledByMove = Math.max(this.overfilledByMove, this.#above(to))
      return { elapsed: clock.now() - began, downtime, memoryProcessed: processed }
    } finally {
      remove(to.arriving, guest)
      guest.migration = undefined
      this.resize(from)
      this.resize(to)
      const names = { guest: guest.scenario.name, from: from.scenario.name, to: to.scenario.name }
      this.records.push({ ...names, began, ended: clock.now(), outcome, isOrdered: migration.isOrdered })
    }
  }
}

function remove(list: SimGuest[], guest: SimGuest): void {
  const index = list.indexOf(guest)
  if (index !== -1) list.splice(index, 1)
}

export function vcpusOf({ scenario }: SimGuest): number {
  return scenario.vcpus ?? 2
}

function ampleFor({ need, scenario }: SimGuest): number {
  return Math.min(scenario.memory, ample * need)
}

function hostOf(scenario: FleetHostScenario, index: number): SimHost {
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

function guestOf(scenario: FleetGuestScenario, index: number, seed: number): SimGuest {
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
