import type { MemoryScenario } from './scenario.ts'

type Lie = NonNullable<MemoryScenario['lie']>

const secondMs = 1_000

/** What the guest reports through its balloon device. */
export interface MemoryReport {
  readonly available: number
  readonly unused: number
  readonly usable: number
  readonly diskCaches: number
  readonly swapIn: number
  readonly swapOut: number
  readonly majorFaults: number
}

/** A report on its way: what it says, when it was made, and when it is there. */
interface Sent {
  readonly report: MemoryReport
  /** Milliseconds since the epoch in whole seconds. */
  readonly stamp: number
  /** Virtual milliseconds. */
  readonly due: number
}

/** A guest's memory reports: how often it makes them, how true they are, and how long they take. */
export class Reports {
  /** The guest's last report. */
  last: MemoryReport | undefined
  /** When it made that: milliseconds since the epoch in whole seconds. */
  lastUpdate = Number.NaN
  readonly #delay: number
  readonly #lie: Lie | undefined
  readonly #underway: Sent[] = []
  #first: MemoryReport | undefined
  #period = 0
  #next = Number.POSITIVE_INFINITY
  readonly #changed: () => void

  /** `delay` in milliseconds; `changed` is called when something else than a step has changed {@link due}. */
  constructor(delay: number, lie: Lie | undefined, changed: () => void) {
    this.#changed = changed
    this.#delay = delay
    this.#lie = lie
  }

  /** Seconds between two reports; undefined: it makes none. */
  get period(): number | undefined {
    return this.#period > 0 ? this.#period / secondMs : undefined
  }

  setPeriod(seconds: number, time: number): void {
    this.#period = seconds * secondMs
    this.#next = seconds > 0 ? time + this.#period : Number.POSITIVE_INFINITY
    this.#changed()
  }

  /** Virtual milliseconds until which a step changes nothing. */
  get due(): number {
    return Math.min(this.#next, this.#underway[0]?.due ?? Number.POSITIVE_INFINITY)
  }

  /** At `time` the guest could report; `memory` tells the truth. */
  step(time: number, wallTime: number, memory: { report(): MemoryReport }): void {
    if (time >= this.#next) {
      const stamp = Math.floor(wallTime / secondMs) * secondMs
      this.#underway.push({ report: this.#told(memory.report()), stamp, due: time + this.#delay })
      this.#next = time + this.#period
    }
    while (this.#underway.length > 0 && this.#underway[0]!.due <= time) {
      const { report, stamp } = this.#underway.shift()!
      this.last = report
      this.lastUpdate = stamp
    }
  }

  #told(truth: MemoryReport): MemoryReport {
    this.#first ??= truth
    switch (this.#lie) {
      case undefined:
        return truth
      case 'all free':
        return { ...truth, unused: truth.available, usable: truth.available, diskCaches: 0 }
      case 'all used':
        return { ...truth, unused: 0, usable: 0, diskCaches: 0 }
      case 'no swap':
        return { ...truth, swapIn: 0, swapOut: 0, majorFaults: 0 }
      case 'same again':
        return this.#first
    }
  }
}
