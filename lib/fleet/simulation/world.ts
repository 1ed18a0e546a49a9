import { BallastError } from '../../host/errors.ts'
import type { Clock } from '../../host/host.ts'
import { fluidDelays } from './fluid-cpu.ts'
import {
  ampleFor,
  guestOf,
  hostOf,
  overhead,
  remove,
  type SimGuest,
  type SimHost,
  vcpusOf,
} from './hosts-and-guests.ts'
import type { FleetScenario } from './scenario.ts'

/** The hosts and guests of a simulated fleet as they really are, whoever knows of it. */
export class World {
  readonly hosts: readonly SimHost[]
  readonly guests: readonly SimGuest[]
  readonly #clock: Clock
  #runs = 0
  /** The most bytes that guests held above a host's budget. */
  overfilled = 0

  constructor(scenario: FleetScenario, clock: Clock) {
    const { seed = 1 } = scenario
    this.#clock = clock
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
    this.overfilled = Math.max(this.overfilled, this.above(host))
  }

  /** Bytes that a host's guests hold, with those that come, above its budget. */
  above(host: SimHost): number {
    return this.committed(host) - host.budget
  }

  /** Bytes that a host's guests hold, and those that come. */
  committed(host: SimHost): number {
    let held = 0
    for (const { actual } of host.guests) held += actual + overhead
    for (const { actual } of host.arriving) held += actual + overhead
    return held
  }
}
