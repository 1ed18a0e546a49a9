import { isMove, type MovingAction } from '../policy/plan.ts'
import { Average } from '../util/average.ts'
import { standardDeviation } from '../util/statistics.ts'
import { isFullSample, pcpuDemands } from '../view/cpu/pcpu-loads.ts'
import { scoresOf } from '../view/score/scores.ts'
import type { View } from '../view/view.ts'

/** How a host and its guests did over a time. NaN: not known. */
export interface FiguresRecord {
  readonly ticks: number
  /** vCPUs that were sent away from the pCPU that they were on, and pins in all. */
  readonly moves: number
  readonly pins: number
  /** Balloon sizes that were asked for. */
  readonly resizes: number
  /**
   * Standard deviation of what the guests want of each pCPU, and of how busy the pCPUs were: time-averages, in
   * fractions of a pCPU.
   */
  readonly deviation: number
  readonly busyDeviation: number
  /** Part of the time that the worst-served vCPU waited, and a vCPU on average. */
  readonly worstDelay: number
  readonly meanDelay: number
  /** The worst-served vCPU, as `guest 0`. */
  readonly worstServed: string | undefined
  /** The lowest of the scores of all guests, of CPU or of memory; undefined: none is known. */
  readonly lowestScore: LowestScore | undefined
  /** Bytes by which balloons changed, up and down. */
  readonly memoryMoved: number
  /** Bytes that guests swapped in and out. */
  readonly swapped: number
  readonly guests: readonly GuestRecord[]
}

/** A guest's score, in points. */
export interface LowestScore {
  readonly guest: string
  readonly of: 'cpu' | 'memory'
  readonly points: number
}

/** One guest over a time, by name. */
export interface GuestRecord {
  readonly name: string
  /** By vCPU: part of the time that it ran, and that it waited; and what it wanted, as a fraction of a pCPU. */
  readonly usage: readonly number[]
  readonly delay: readonly number[]
  readonly demand: readonly number[]
  /** What it used of the most that it can have, as a part of that. */
  readonly use: number
  /** Points from 0 to 100, on average; see docs/scores.md. */
  readonly score: { readonly cpu: number; readonly memory: number }
  /** Bytes: on average, and at the end. */
  readonly size: number
  readonly lastSize: number
}

interface Guest {
  readonly usage: Average[]
  readonly delay: Average[]
  readonly demand: Average[]
  readonly use: Average
  readonly cpuScore: Average
  readonly memoryScore: Average
  readonly size: Average
  lastSize: number
}

/** Adds up how a host did, from the Views of its ticks and what was done in them, on a real host or a simulated one. */
export class HostFigures {
  readonly #deviation = new Average()
  readonly #busyDeviation = new Average()
  readonly #guests = new Map<string, Guest>()
  #ticks = 0
  #moves = 0
  #pins = 0
  #resizes = 0
  #memoryMoved = 0
  #swapped = 0
  #last: View | undefined

  /** Of those that were taken in. */
  get ticks(): number {
    return this.#ticks
  }

  /** Takes in a tick. */
  take(view: View, applied: readonly MovingAction[]): void {
    this.#ticks++
    this.#last = view
    this.changed(applied)
    const { interval = 0 } = view
    if (isFullSample(view)) this.#deviation.add(standardDeviation(pcpuDemands(view)), interval)
    const busy = view.pcpus.flatMap((pcpu) => pcpu.busy ?? [])
    this.#busyDeviation.add(standardDeviation(busy), busy.length > 0 ? interval : 0)
    const scores = scoresOf(view)
    for (const [row, { name, vcpus, memory }] of view.domains.entries()) {
      const guest = this.#guest(name)
      guest.cpuScore.add(scores.cpu[row], interval)
      guest.memoryScore.add(scores.memory[row], interval)
      for (const [number, vcpu] of vcpus.entries()) {
        for (const what of ['usage', 'delay', 'demand'] as const) {
          guest[what][number] ??= new Average()
          guest[what][number].add(vcpu[what], interval)
        }
      }
      this.#swapped += (memory.swappedIn ?? 0) + (memory.swappedOut ?? 0)
      const { actual, maximum = Number.NaN, need } = memory
      guest.use.add(need && need.inUse / maximum, interval)
      if (actual === undefined) continue
      if (!Number.isNaN(guest.lastSize)) this.#memoryMoved += Math.abs(actual - guest.lastSize)
      guest.lastSize = actual
      guest.size.add(actual, interval)
    }
  }

  /** What was carried out besides, in an emergency tick. */
  changed(applied: readonly MovingAction[]): void {
    for (const action of applied) {
      if (action.kind === 'setMemory') this.#resizes++
      if (action.kind !== 'pin') continue
      this.#pins++
      if (this.#last && isMove(action, this.#last)) this.#moves++
    }
  }

  record(): FiguresRecord {
    const guests = Array.from(this.#guests, ([name, guest]): GuestRecord => {
      const values = (averages: readonly Average[]) => averages.map(({ value }) => value)
      return {
        name,
        usage: values(guest.usage),
        delay: values(guest.delay),
        demand: values(guest.demand),
        use: guest.use.value,
        score: { cpu: guest.cpuScore.value, memory: guest.memoryScore.value },
        size: guest.size.value,
        lastSize: guest.lastSize,
      }
    })
    const delays = guests.flatMap(({ name, delay }) =>
      delay.flatMap((part, vcpu) => (Number.isNaN(part) ? [] : [{ part, who: `${name} ${vcpu}` }])),
    )
    const worst = delays.reduce<(typeof delays)[number] | undefined>(
      (found, one) => (found && found.part >= one.part ? found : one),
      undefined,
    )
    const sum = delays.reduce((total, { part }) => total + part, 0)
    return {
      ticks: this.#ticks,
      moves: this.#moves,
      pins: this.#pins,
      resizes: this.#resizes,
      deviation: this.#deviation.value,
      busyDeviation: this.#busyDeviation.value,
      worstDelay: worst?.part ?? Number.NaN,
      meanDelay: delays.length > 0 ? sum / delays.length : Number.NaN,
      worstServed: worst?.who,
      lowestScore: lowestOf(guests),
      memoryMoved: this.#memoryMoved,
      swapped: this.#swapped,
      guests,
    }
  }

  #guest(name: string): Guest {
    let guest = this.#guests.get(name)
    if (!guest) {
      guest = {
        usage: [],
        delay: [],
        demand: [],
        use: new Average(),
        cpuScore: new Average(),
        memoryScore: new Average(),
        size: new Average(),
        lastSize: Number.NaN,
      }
      this.#guests.set(name, guest)
    }
    return guest
  }
}

function lowestOf(guests: readonly GuestRecord[]): LowestScore | undefined {
  let lowest: LowestScore | undefined
  for (const { name: guest, score } of guests) {
    for (const of of ['cpu', 'memory'] as const) {
      const points = score[of]
      if (!Number.isNaN(points) && !(lowest && lowest.points <= points)) lowest = { guest, of, points }
    }
  }
  return lowest
}
