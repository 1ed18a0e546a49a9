import type { Explanation } from '../../policy/plan.ts'
import type { ChoiceReason } from '../../policy/reasons/choice.ts'
import { Arrangement } from './arrangement.ts'
import type { Best } from './branch-and-bound.ts'
import { leastSquares } from './lower-bound.ts'
import type { Model } from './model.ts'
import { Front } from './pareto-front.ts'
import { leastOfAll } from './partition.ts'
import { deviationByNoise, goodAtBothEnds } from './robust.ts'

/** Nobody waits noticeably on a pCPU that is asked for less than this fraction. */
const idleLoad = 0.2
/** Deviation that is never worth a move, as a fraction of one pCPU. */
const negligible = 0.02
/**
 * Fraction of the deviation that a plan has to take off to be worth its moves: if it comes within tolerance, and if not,
 * for each move up to so much in all. What trades vCPUs about as heavy gains as much by noise alone.
 */
const worthwhile = { within: 0.1, perMove: 0.1, outOfReach: 0.25 }
/** What sums of squares may be off by. */
const rounding = 1e-9
/** Nodes that the search for the best of all placements visits. */
const mostNodes = 5_000
/** How often it is looked on from what was found: where the search is a descent, it may see further from there. */
const looksOn = 3

/** What is weighed against each other. */
export interface Terms {
  /** Fraction of the mean. */
  readonly tolerance: number
  readonly mostMoves: number
  /** How many times clearer than usual a gain has to be: above 1 where nothing has changed since the last round. */
  readonly doubt: number
  /** Whether it has to be out of tolerance at both ends of what demands may be. */
  readonly isSure: boolean
}

/** A placement that is worth its moves. */
export interface Better {
  readonly where: Int32Array
  readonly moves: number
  readonly deviation: number
}

export interface Choice {
  /** Undefined: it is best left as it is. */
  readonly better: Better | undefined
  /** Before any move. */
  readonly deviation: number
  /** What the deviation of a balanced host may seem to be in one View: what is tolerated, and what noise adds to it. */
  readonly noise: number
  /** Nobody waits noticeably, wherever all are. */
  readonly isIdle: boolean
  readonly explanation: Explanation
}

/**
 * Whether to move at all, and how many. As few moves as come within tolerance of the lower bound; where nothing does, as
 * few as come near the best there is; none where what they gain is not worth them.
 */
export function choose(model: Model, terms: Terms): Choice {
  const start = new Arrangement(model)
  const scale = new Scale(start, terms)
  const first = new Search(start, scale, terms)
  const found = first.found
  if (!found) return first.choice(undefined)

  let best: Best = found
  for (
    let look = 0;
    look < looksOn && !scale.isBalanced(best.squares) && best.moves < terms.mostMoves;
    look++
  ) {
    const mostMoves = terms.mostMoves - best.moves
    const from = new Arrangement({ ...model, start: best.where })
    const next = new Search(from, scale, { ...terms, mostMoves }).found
    if (!next) break
    const { moves, squares, cost } = new Arrangement(model, model.demand, next.where)
    best = { where: next.where, moves, squares, cost }
  }
  return first.choice(goodAtBothEnds(model, best, scale.slightlyMore(best.squares)))
}

/** Sums of squares as deviations. */
class Scale {
  readonly mean: number
  readonly tolerated: number
  /** The least sum of squares there can be, as far as is known. */
  least: number
  /** What of the deviation is there however load is placed, and says nothing of how well it is. */
  readonly #forced: number
  readonly #room: number
  readonly #level: number
  readonly #balanced: number

  constructor(start: Arrangement, { tolerance, doubt }: Terms) {
    const { model } = start
    const { capacity, sibling } = model.shape
    this.#room = capacity.reduce((sum, one) => sum + one, 0)
    const total = start.total()
    this.mean = this.#room > 0 ? total / this.#room : 0
    this.#level = this.mean * total
    this.tolerated = doubt * Math.max(tolerance * this.mean, negligible)
    this.least = leastSquares(model)
    this.#forced = sibling < 1 ? this.lowerBound : 0
    this.#balanced = this.least + this.#room * this.tolerated ** 2 + rounding
  }

  get lowerBound(): number {
    return this.deviation(this.least)
  }

  /** No placement has a smaller sum of squares than this: what counts as balanced stays as it was. */
  prove(least: number): void {
    this.least = Math.max(this.least, least)
  }

  deviation(squares: number): number {
    return this.#room > 0 ? Math.sqrt(Math.max(0, squares - this.#level) / this.#room) : 0
  }

  isBalanced(squares: number): boolean {
    return squares <= this.#balanced
  }

  /** The deviation less what is forced. */
  loose(squares: number): number {
    return Math.sqrt(Math.max(0, this.deviation(squares) ** 2 - this.#forced ** 2))
  }

  /** The sum of squares at which so much deviation is loose. */
  squaresAt(loose: number): number {
    return this.#level + this.#room * (loose ** 2 + this.#forced ** 2)
  }

  /** What counts as balanced, and at least a little better than `from`. */
  goal(from: number, fraction: number): number {
    return Math.min(this.#balanced, rounding + this.squaresAt(this.loose(from) * (1 - fraction)))
  }

  /** Squares at half a hundredth of the mean more deviation. */
  slightlyMore(squares: number): number {
    return this.#level + this.#room * (this.deviation(squares) + 0.005 * this.mean) ** 2
  }
}

function isLevel(model: Model, terms: Terms): boolean {
  const start = new Arrangement(model)
  return new Scale(start, terms).isBalanced(start.squares)
}

/** One search for something better than where all are at first. */
class Search {
  readonly found: Best | undefined
  readonly #reason: ChoiceReason
  readonly #scale: Scale
  readonly #front: Front
  readonly #start: Arrangement
  readonly #isIdle: boolean

  constructor(start: Arrangement, scale: Scale, terms: Terms) {
    const { capacity } = start.model.shape
    this.#scale = scale
    this.#start = start
    this.#isIdle = start.loads.every((load, bin) => load < idleLoad * capacity[bin]!)
    this.#front = new Front(start, terms.mostMoves, (squares) => scale.deviation(squares))
    const { found, reason } = this.#look(terms)
    this.found = found
    this.#reason = reason
  }

  choice(better: Best | undefined): Choice {
    const scale = this.#scale
    const deviation = scale.deviation(this.#start.squares)
    return {
      better: better && {
        where: better.where,
        moves: better.moves,
        deviation: scale.deviation(better.squares),
      },
      deviation,
      noise: Math.hypot(scale.tolerated, deviationByNoise(this.#start.model)),
      isIdle: this.#isIdle,
      explanation: {
        front: this.#front.told(),
        lowerBound: scale.lowerBound,
        tolerated: scale.tolerated,
        chosen: better?.moves ?? 0,
        reason: this.#reason,
      },
    }
  }

  #look(terms: Terms): { readonly found: Best | undefined; readonly reason: ChoiceReason } {
    const { doubt } = terms
    const scale = this.#scale
    const { squares, model } = this.#start
    const deviation = scale.deviation(squares)
    const rest = (reason: ChoiceReason) => ({ found: undefined, reason })
    if (scale.isBalanced(squares)) {
      const { tolerated, lowerBound } = scale
      return rest({ kind: 'balance-within-tolerance', deviation, tolerated, lowerBound })
    }
    if (terms.isSure && [model.low, model.high].some((demand) => isLevel({ ...model, demand }, terms))) {
      return rest({ kind: 'balance-uncertain', deviation })
    }
    if (this.#isIdle) return rest({ kind: 'balance-idle', idleBelow: idleLoad })
    const within = Math.min(0.9, doubt * worthwhile.within)
    const outOfReach = Math.min(0.9, doubt * worthwhile.outOfReach)
    const worth = (moves: number) => Math.min(outOfReach, moves * doubt * worthwhile.perMove)
    const goal = scale.goal(squares, within)
    const best = leastOfAll(model, squares, scale.least, mostNodes)
    if (best !== undefined) scale.prove(best)
    const wanted = best !== undefined && best > goal ? undefined : this.#front.fewest(goal)
    const { lowerBound } = scale
    const figuresOf = ({ moves, squares }: Best) => ({ deviation, moves, reached: scale.deviation(squares) })
    const paid = (best: Best) => best.moves > 0 && best.cost < this.#start.cost
    if (wanted && wanted.squares <= goal) {
      if (!paid(wanted)) return rest({ kind: 'balance-too-costly', ...figuresOf(wanted) })
      return { found: wanted, reason: { kind: 'balance-fewest', lowerBound, ...figuresOf(wanted) } }
    }
    const start = scale.loose(squares)
    const least = scale.loose(wanted?.squares ?? best ?? squares)
    if (least > start * (1 - worth(1))) {
      const reached = scale.deviation(scale.squaresAt(least))
      return rest({ kind: 'balance-unreachable', deviation, lowerBound, reached })
    }
    const enough = Math.max(least * (1 + worthwhile.within), least + scale.tolerated / 4)
    const near = (gain: number) => scale.squaresAt(Math.min(enough, start * (1 - gain)))
    const isWorth = ({ squares, moves }: Best) => scale.loose(squares) <= start * (1 - worth(moves))
    let found = this.#front.fewest(near(worth(1)))
    if (!isWorth(found)) found = this.#front.fewest(near(outOfReach))
    if (!paid(found)) return rest({ kind: 'balance-too-costly', ...figuresOf(found) })
    if (!isWorth(found)) return rest({ kind: 'balance-not-worth', lowerBound, ...figuresOf(found) })
    return { found, reason: { kind: 'balance-near-best', lowerBound, ...figuresOf(found) } }
  }
}
