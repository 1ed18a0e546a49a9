import type { Random } from './random.ts'
import type { Load } from './scenario.ts'

/** Work still to do below which a piece is done: hides rounding, far below a microsecond. */
export const negligible = 1e-9

const openLoopPeriod = 100
/** Open-loop pieces that wait at most: one second's worth. */
const openLoopBacklog = 10
const idlePeriod = 20
const idleLevelLasts = 1_000
const idleLevelMost = 0.03
/** No two turns of a real loop are equal. */
const jitter = 0.1

/**
 * The work that arrives at one task. `left` is what it has to do now; at `next` (virtual milliseconds)
 * more arrives. While `left` is above 0 the task is runnable.
 */
export interface Demand {
  left: number
  next: number
  /** Called when `next` has come. */
  arrive(time: number): void
  /** Called when `left` has come to 0. */
  finish(time: number): void
  /** Fraction of one pCPU that it would use alone. */
  readonly wanted: number
}

/** The behaviour of a load that begins at `time`, somewhere in the middle of its turn. */
export function demandOf(load: Load, time: number, random: Random): Demand {
  switch (load.kind) {
    case 'spin':
      return endless()
    case 'loop':
      return closedLoop(load.work, load.sleep, time, random)
    case 'work':
      return openLoop(load.work, time, random)
    case 'idle':
      return idle(time, random)
  }
}

function endless(): Demand {
  return { left: Infinity, next: Infinity, arrive() {}, finish() {}, wanted: 1 }
}

function closedLoop(work: number, sleep: number, time: number, random: Random): Demand {
  return {
    left: 0,
    next: time + random.next() * (work + sleep),
    arrive() {
      this.left = random.around(work, jitter)
      this.next = Infinity
    },
    finish(now) {
      this.next = now + random.around(sleep, jitter)
    },
    wanted: work / (work + sleep),
  }
}

function openLoop(work: number, time: number, random: Random): Demand {
  return {
    left: 0,
    next: time + random.next() * openLoopPeriod,
    arrive() {
      this.left = Math.min(this.left + work, work * openLoopBacklog)
      this.next += openLoopPeriod
    },
    finish() {},
    wanted: Math.min(1, work / openLoopPeriod),
  }
}

function idle(time: number, random: Random): Demand {
  let level = 0
  let levelEnds = time
  return {
    left: 0,
    next: time + random.next() * idlePeriod,
    arrive(now) {
      if (now >= levelEnds) {
        level = random.next() * idleLevelMost
        levelEnds = now + idleLevelLasts
      }
      this.left = level * idlePeriod
      this.next += idlePeriod
    },
    finish() {},
    wanted: idleLevelMost / 2,
  }
}

/** The host's own work on one pCPU from `time` on: `part` of it, in small pieces. */
export function background(part: number, time: number, random: Random): Demand {
  return {
    left: 0,
    next: part > 0 ? time + random.next() * idlePeriod : Infinity,
    arrive() {
      this.left = random.around(part * idlePeriod, 1)
      this.next += idlePeriod
    },
    finish() {},
    wanted: part,
  }
}

/** `work` ms of work and then nothing; `done` is called with the time when it is done. */
export function once(work: number, done: (time: number) => void): Demand {
  return { left: work, next: Infinity, arrive() {}, finish: done, wanted: 1 }
}

/** A vCPU of a guest that has not come up yet, apart from the first. */
export function nothing(): Demand {
  return { left: 0, next: Infinity, arrive() {}, finish() {}, wanted: 0 }
}
