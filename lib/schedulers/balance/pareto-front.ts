import type { FrontPoint } from '../../policy/plan.ts'
import type { Arrangement } from './arrangement.ts'
import { type Best, type Effort, ExactSearch } from './branch-and-bound.ts'
import { type Descent, descend } from './descent.ts'
import type { Model } from './model.ts'

/** Items up to which branch and bound is tried: with more it hardly ever ends. */
const smallHost = 24
/** Nodes that branch and bound visits in one plan, times bins: a few milliseconds. */
const mostWork = 100_000
/** Items up to which another descent is tried where the first one was stuck. */
const mostRetried = 512
/** Points of a front that are reported. */
const mostPoints = 32

/** The best placement with a number of moves. */
interface Known extends Best {
  readonly exact: boolean
}

/**
 * The Pareto front of placements: for each number of moves, the placement of least cost. Found by branch and bound where
 * the host is small enough, else along a descent.
 */
export class Front {
  readonly #model: Model
  readonly #mostMoves: number
  readonly #exact: ExactSearch | undefined
  readonly #effort: Effort
  readonly #points = new Map<number, Known>()
  /** By most moves: the result of branch and bound. */
  readonly #proven = new Map<number, Known>()
  readonly #deviationOf: (squares: number) => number
  readonly #start: Best

  constructor(start: Arrangement, mostMoves: number, deviationOf: (squares: number) => number) {
    const { model, squares, cost } = start
    this.#model = model
    this.#mostMoves = mostMoves
    this.#deviationOf = deviationOf
    this.#effort = { nodes: mostWork / model.shape.sets.length }
    this.#start = { where: model.start, squares, cost, moves: 0 }
    if (model.demand.length <= smallHost) this.#exact = new ExactSearch(model, this.#effort)
    this.#note({ ...this.#start, exact: true })
  }

  /**
   * The placement with the fewest moves whose sum of squares is at most `goal`; where there is none, the best of all
   * that were visited.
   */
  fewest(goal: number): Best {
    const descent = this.#descend(goal)
    const reached = descent.filter(({ squares }) => squares <= goal)
    const found = reached.length > 0 ? reached.reduce(fewer) : this.#bestOf(descent)
    if (!this.#exact) return found

    const most = Math.min(this.#exact.candidates, this.#mostMoves)
    let best: Best = this.#start
    for (let moves = 1; moves <= most; moves++) {
      const known = this.#bestOf([best, ...descent.filter((one) => one.moves <= moves)])
      if (this.#exact.bound(moves) > goal && moves < most) continue
      let proven = this.#proven.get(moves)
      if (!proven) {
        const search = this.#exact.run(moves, known)
        proven = { ...search.best, exact: search.complete }
        this.#proven.set(moves, proven)
        this.#note(proven)
      }
      best = proven
      if (best.squares <= goal || !proven.exact) break
    }
    if (best.squares <= goal) return best
    return found.squares <= goal ? found : this.#bestOf([best, found])
  }

  /** The front, thinned out for people to read. */
  told(): FrontPoint[] {
    const points: FrontPoint[] = []
    for (const { moves, squares, exact } of [...this.#points.values()].sort((a, b) => a.moves - b.moves)) {
      const deviation = this.#deviationOf(squares)
      if (points.length === 0 || deviation < points.at(-1)!.deviation)
        points.push({ moves, deviation, exact })
    }
    const step = Math.max(1, (points.length - 1) / (mostPoints - 1))
    return points.filter(
      (_, rank) => Math.floor(rank / step) > Math.floor((rank - 1) / step) || rank === points.length - 1,
    )
  }

  /** The placements along descents. */
  #descend(goal: number): Best[] {
    const first = descend(this.#model, goal, 'for each move')
    const found = this.#along(first, goal)
    if (first.isEasy || this.#model.demand.length > mostRetried) return found
    return [...found, ...this.#along(descend(this.#model, goal, 'in all'), goal)]
  }

  /** The placements along a descent, with no more moves than are allowed. */
  #along(descent: Descent, goal: number): Best[] {
    const way = descent.way.filter(({ moves }) => moves <= this.#mostMoves)
    for (const point of way) {
      const known = this.#points.get(point.moves)
      if (!known || point.squares < known.squares) {
        this.#note({
          where: this.#model.start,
          cost: point.cost,
          squares: point.squares,
          moves: point.moves,
          exact: false,
        })
      }
    }
    const wanted = this.#exact ? way : [way.find(({ squares }) => squares <= goal) ?? way.reduce(lower)]
    return wanted.map((point) => ({ ...point, where: descent.at(point) }))
  }

  #bestOf(all: readonly Best[]): Best {
    return all.reduce((best, one) => (one.cost < best.cost ? one : best))
  }

  #note(point: Known): void {
    const known = this.#points.get(point.moves)
    if (!known || point.exact || point.squares < known.squares) this.#points.set(point.moves, point)
  }
}

function fewer(best: Best, one: Best): Best {
  if (one.moves !== best.moves) return one.moves < best.moves ? one : best
  return one.cost < best.cost ? one : best
}

function lower<P extends { readonly cost: number }>(best: P, one: P): P {
  return one.cost < best.cost ? one : best
}
