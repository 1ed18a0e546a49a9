import type { Random } from '../util/random.ts'
import type { Load } from './scenario.ts'

export const openLoopPeriod = 100
/** Open-loop pieces that wait at most: one second's worth. */
export const openLoopBacklog = 10
export const idlePeriod = 20
export const idleLevelLasts = 1_000
export const idleLevelMost = 0.03
/** No two turns of a real loop are equal. */
export const loopJitter = 0.1

/** How work arrives at a task; numbers, since they are kept in a column. */
export const Arrival = { never: 0, closedLoop: 1, openLoop: 2, idle: 3, background: 4, once: 5 } as const
export type Arrival = (typeof Arrival)[keyof typeof Arrival]

/** The work of one task as it begins. What becomes of it is kept by {@link Tasks}. */
export interface Demand {
  readonly arrival: Arrival
  /** Milliseconds of work to do at once. */
  readonly left: number
  /** When more arrives, in virtual milliseconds. */
  readonly next: number
  /** Milliseconds of work that arrive each time, and for how long a closed loop sleeps then. */
  readonly work: number
  readonly sleep: number
  readonly random: Random | undefined
  /** Called with the time when the work is done. */
  readonly done: ((time: number) => void) | undefined
  /** Fraction of one pCPU that it would use alone. */
  readonly wanted: number
}

/** No work at all: that of a vCPU of a guest that has not come up yet, apart from the first. */
export const noDemand: Demand = {
  arrival: Arrival.never,
  left: 0,
  next: Number.POSITIVE_INFINITY,
  work: 0,
  sleep: 0,
  random: undefined,
  done: undefined,
  wanted: 0,
}

/** The behaviour of a load that begins at `time`, somewhere in the middle of its turn. */
export function demandOf(load: Load, time: number, random: Random): Demand {
  switch (load.kind) {
    case 'spin':
      return { ...noDemand, left: Number.POSITIVE_INFINITY, wanted: 1 }
    case 'loop': {
      const { work, sleep } = load
      const next = time + random.next() * (work + sleep)
      return {
        ...noDemand,
        arrival: Arrival.closedLoop,
        next,
        work,
        sleep,
        random,
        wanted: work / (work + sleep),
      }
    }
    case 'work': {
      const { work } = load
      const next = time + random.next() * openLoopPeriod
      return {
        ...noDemand,
        arrival: Arrival.openLoop,
        next,
        work,
        wanted: Math.min(1, work / openLoopPeriod),
      }
    }
    case 'idle': {
      const next = time + random.next() * idlePeriod
      return { ...noDemand, arrival: Arrival.idle, next, random, wanted: idleLevelMost / 2 }
    }
  }
}

/** The host's own work on one pCPU from `time` on: `part` of it, in small pieces. */
export function background(part: number, time: number, random: Random): Demand {
  const next = part > 0 ? time + random.next() * idlePeriod : Number.POSITIVE_INFINITY
  return { ...noDemand, arrival: Arrival.background, next, work: part * idlePeriod, random, wanted: part }
}

/** `work` ms of work and then nothing; `done` is called with the time when it is done. */
export function once(work: number, done: (time: number) => void): Demand {
  return { ...noDemand, arrival: Arrival.once, left: work, done, wanted: 1 }
}
