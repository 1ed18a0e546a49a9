import type { FleetGuest, FleetHost, FleetView } from '../view/fleet-view.ts'

interface Taken {
  readonly guest: FleetGuest
  readonly from: number
  readonly to: number
}

/** Where guests are as steps are taken one by one, and what hosts have room for meanwhile. */
export class Placement {
  readonly #view: FleetView
  readonly #taken: Taken[] = []
  readonly #last = new Map<FleetGuest, number>()

  constructor(view: FleetView) {
    this.#view = view
  }

  take(guest: FleetGuest, from: FleetHost, to: FleetHost): void {
    this.#last.set(guest, this.#taken.length)
    this.#taken.push({ guest, from: from.row, to: to.row })
  }

  /** Row of the host that a guest is on when all steps so far are done. */
  at(guest: FleetGuest): number {
    const last = this.#last.get(guest)
    return last === undefined ? (guest.goingTo ?? guest.host).row : this.#taken[last]!.to
  }

  /** Index of the last step of a guest so far. */
  stepOf(guest: FleetGuest): number | undefined {
    return this.#last.get(guest)
  }

  /** Whether a guest may be on a host while only these steps are surely done: it was there, or comes, and has not surely left. */
  mayBeOn(guest: FleetGuest, host: FleetHost, done: readonly number[]): boolean {
    let may = guest.host === host || guest.goingTo === host
    for (const [index, step] of this.#taken.entries()) {
      if (step.guest !== guest) continue
      if (step.to === host.row) may = true
      if (step.from === host.row && done.includes(index)) may = false
    }
    return may
  }

  /** Bytes that a host has left while only these steps are surely done, and all others may be under way. */
  room({ row, budget, committed, arriving }: FleetHost, done: readonly number[]): number {
    let room = budget - committed - arriving
    for (const [index, { guest, from, to }] of this.#taken.entries()) {
      if (to === row) room -= guest.memory
      if (from === row && done.includes(index)) room += this.#held(guest, from)
    }
    return room
  }

  hugePages({ row, report }: FleetHost, done: readonly number[]): number {
    let free = report.memory.hugePagesFree ?? 0
    for (const { hugePages = 0 } of this.#view.migrations.flatMap(({ guest, to }) => {
      return to === report.host
        ? this.#view.guests.filter(({ uuid }) => uuid === guest).map((one) => one.report.memory)
        : []
    })) {
      free -= hugePages
    }
    for (const [index, { guest, from, to }] of this.#taken.entries()) {
      const { hugePages = 0 } = guest.report.memory
      if (to === row) free -= hugePages
      if (from === row && done.includes(index)) free += hugePages
    }
    return free
  }

  #held({ host, memory, report }: FleetGuest, from: number): number {
    return host.row === from ? report.memory.committed : memory
  }
}
