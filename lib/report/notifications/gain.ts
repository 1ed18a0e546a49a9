import type { Tick } from '../../control/tick.ts'
import { isMove } from '../../policy/plan.ts'
import { deviationOf } from '../../view/cpu/pcpu-loads.ts'

/** Milliseconds. */
const minute = 60_000
/** Minutes that moves and deviation are compared over. */
const window = 30
/** Moves in that time that are few enough to be of no concern. */
const fewMoves = 10
/** The deviation of the later half is to be below this part of that of the earlier one, unless it is tolerated. */
const worthwhile = 0.9
/** Deviation that is tolerated where the scheduler does not say: a fraction of a pCPU. */
const usualTolerance = 0.05

interface Minute {
  readonly begun: number
  ticks: number
  deviation: number
  moves: number
}

/** Moves of the last half hour that did not level the host. */
export interface FutileMoves {
  readonly moves: number
  /** Mean deviation of the earlier and of the later quarter of an hour, as fractions of a pCPU. */
  readonly before: number
  readonly after: number
}

/** Watches whether moves make the load of the pCPUs more even. */
export class GainWatch {
  #minutes: Minute[] = []
  #tolerated = usualTolerance
  #futile: FutileMoves | undefined

  /** The moves that were futile by the last whole minute; undefined: there were few, or they helped. */
  observe({ cause, wallTime, view, outcomes, explanation }: Tick): FutileMoves | undefined {
    if (cause !== 'interval') return this.#futile
    if (explanation) this.#tolerated = explanation.tolerated
    let present = this.#minutes.at(-1)
    if (!present || wallTime - present.begun >= minute) {
      this.#futile = this.#judge(wallTime)
      present = { begun: wallTime, ticks: 0, deviation: 0, moves: 0 }
      this.#minutes.push(present)
    }
    present.ticks++
    present.deviation += deviationOf(view)
    for (const { action, status } of outcomes) {
      if (status === 'applied' && isMove(action, view)) present.moves++
    }
    return this.#futile
  }

  #judge(wallTime: number): FutileMoves | undefined {
    this.#minutes = this.#minutes.filter(({ begun }) => wallTime - begun <= window * minute)
    const middle = wallTime - (window / 2) * minute
    const earlier = this.#minutes.filter(({ begun }) => begun < middle)
    const later = this.#minutes.filter(({ begun }) => begun >= middle)
    const first = this.#minutes[0]
    if (!first || wallTime - first.begun < (window - 1) * minute || later.length === 0) return undefined
    const moves = this.#minutes.reduce((sum, one) => sum + one.moves, 0)
    const before = meanDeviation(earlier)
    const after = meanDeviation(later)
    const hasHelped = after < worthwhile * before || after <= this.#tolerated
    return moves <= fewMoves || hasHelped ? undefined : { moves, before, after }
  }
}

function meanDeviation(minutes: readonly Minute[]): number {
  const sum = (figure: (one: Minute) => number) => minutes.reduce((total, one) => total + figure(one), 0)
  return sum(({ deviation }) => deviation) / sum(({ ticks }) => ticks)
}
