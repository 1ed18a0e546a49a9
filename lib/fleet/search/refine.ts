import { alikeDelay as alike, excusedDelays, type Placed, reliefOf, relieveBy } from './placed.ts'
import type { Search } from './search.ts'

/** Units that are put somewhere, or taken from somewhere, on trial: at most so many in all, and fewer the more units there are. */
const trials = { most: 10_000, forAllUnits: 200_000 } as const
/** A plan has to take this off the longest delay, for each of its moves. */
export const leastGain = 0.01
/** Plans whose delays differ by less may be alike: more moves have to take a {@link leastGain} each off, or so much together. */
const muchGain = 0.02
/** Halvings of what is between the delay that was reached and the least that could be. */
const halvings = 9
/** More moves than the search before made that are tried for a shorter delay. */
const moreMoves = 3

/** The guest that wants most is not always the one that matters most: so many fewer may suffice than of those that want most. */
const fewerSuffice = 1

/** Slack of sums that are made up again and again. */
const nothing = 1e-9

/** Largest fleets, and longest plans, that are searched through: beyond them the trials do not suffice for anything. */
export const refinable = { hosts: 32, units: 100, moves: 12 } as const

/**
 * Looks for a plan that is as good with fewer moves than {@link relieve} found, and for a better one: what none of up to so many
 * moves reaches is not there, as long as the trials suffice. On small fleets that is the optimum.
 */
export function refine(search: Search, tolerated: number, suffers: (host: number) => boolean): void {
  const { columns } = search
  if (columns.budget.length > refinable.hosts || columns.units.length > refinable.units) return
  const found = reliefOf(search)
  if (found.length > refinable.moves) return
  const reasons = new Map(search.decisions)
  for (const { unit } of found) search.undo(unit)
  const trial = new Trial(search, suffers)
  const lowest = Math.max(tolerated, columns.leastDelay - alike)
  let best: readonly Placed[] = found
  let reached = trial.worstAfter(found)
  let low = lowest
  let high = reached - leastGain
  for (let halving = 0; halving < halvings && high - low > (halving === 0 ? 0 : alike); halving++) {
    const goal = halving === 0 ? Math.min(low + alike, high) : (low + high) / 2
    const better = trial.worthier(goal, best, best.length + moreMoves)
    if (better) {
      best = better
      reached = trial.worstAfter(better)
      high = Math.min(goal, reached - leastGain)
    } else low = goal
  }
  // Guests that change places may take more moves than were tried. It has what trials are left.
  while (reached > lowest) {
    const better = trial.worthier(reached - muchGain, best, refinable.moves)
    if (!better) break
    best = better
    reached = trial.worstAfter(better)
  }
  trial.renew()
  best = trial.fewest(Math.max(tolerated, reached + alike), best.length - 1) ?? best
  relieveBy(search, best, best === found ? reasons : undefined)
}

class Trial {
  readonly #search: Search
  /** By host: delay that counts as reached, whatever the goal is: what nothing can mend, or what nobody suffers from. */
  readonly #excused: Float64Array
  /** By unit: a number that those that are alike on one host share. */
  readonly #kinds: Int32Array
  /** By host: the same for two that are alike to all guests when both are empty. */
  readonly #emptyKinds: readonly string[]
  readonly #moved = new Set<number>()
  readonly #most: number
  #left: number
  /** The longest delay before anything is moved. */
  readonly #before: number

  constructor(search: Search, suffers: (host: number) => boolean) {
    const { columns } = search
    this.#search = search
    this.#most = Math.min(trials.most, trials.forAllUnits / columns.units.length)
    this.#left = this.#most
    this.#excused = excusedDelays(search, suffers)
    this.#before = this.worstAfter([])
    this.#emptyKinds = columns.view.hosts.map(({ row }) => columns.emptyKind(row))
    const numbers = new Map<string, number>()
    this.#kinds = Int32Array.from(columns.units, ({ home, demand, memory, wants, vcpus, guests }, unit) => {
      const special = guests.length > 1 || columns.rules.isNamed(guests[0]!.row)
      const { requirement, priority } = guests[0]!.report
      const key = special
        ? `${unit}`
        : JSON.stringify([home, demand, memory, wants, vcpus, requirement, priority, columns.isMovable(unit)])
      const number = numbers.get(key) ?? numbers.size
      numbers.set(key, number)
      return number
    })
  }

  #mayLeave(unit: number): boolean {
    return !this.#moved.has(unit) && this.#search.columns.isMovable(unit) && !this.#search.isPlaced(unit)
  }

  /** As many trials as at first: the search for shorter delays leaves none for the one for fewer moves otherwise. */
  renew(): void {
    this.#left = this.#most
  }

  /** The longest delay that is not excused, when these are placed. */
  worstAfter(placed: readonly Placed[]): number {
    const { columns } = this.#search
    const before = placed.map(({ unit }) => columns.at[unit]!)
    for (const { unit, host } of placed) columns.put(unit, host)
    let worst = 0
    for (const [host, delay] of columns.delay.entries()) {
      if (delay > this.#excused[host]! + alike) worst = Math.max(worst, delay)
    }
    for (const [index, { unit }] of placed.entries()) columns.put(unit, before[index]!)
    return worst
  }

  /**
   * A plan of `most` moves at most to a goal that is worth them, by itself and beside another plan. The one with the fewest may
   * take too little off, and another with as many enough: what they have to take off becomes the goal then.
   */
  worthier(goal: number, than: readonly Placed[], most: number): readonly Placed[] | undefined {
    const reached = this.worstAfter(than)
    for (let aim = goal; aim >= 0; ) {
      const placed = this.fewest(aim, most)
      if (!placed) return undefined
      const gain = Math.min(muchGain, leastGain * Math.max(1, placed.length - than.length))
      const longest = Math.min(reached - gain, this.#before - leastGain * placed.length)
      if (this.worstAfter(placed) <= longest + nothing) return placed
      aim = longest
    }
    return undefined
  }

  /** The fewest moves, `most` at most, after which no host is above the goal. Half of the trials are left for other goals. */
  fewest(goal: number, most: number): readonly Placed[] | undefined {
    const others = this.#left / 2
    this.#left -= others
    let placed: readonly Placed[] | undefined
    for (let moves = 0; moves <= most && !placed && this.#left > 0; moves++) {
      placed = this.#reach(goal, moves)
    }
    this.#left = others + Math.max(0, this.#left)
    return placed
  }

  #reach(goal: number, moves: number): readonly Placed[] | undefined {
    const { columns } = this.#search
    const host = this.#violated(goal, moves)
    if (host === 'none') return []
    if (host === 'too many') return undefined
    const tried = new Set<number>()
    const units = columns.on[host]!.filter((unit) => this.#mayLeave(unit))
    units.sort((a, b) => columns.units[b]!.demand - columns.units[a]!.demand)
    for (const unit of units) {
      const kind = this.#kinds[unit]!
      if (tried.has(kind)) continue
      tried.add(kind)
      if (moves === 1 && columns.delayWith(host, unit, -1) > this.#goal(host, goal)) continue
      const placed = this.#place(unit, host, goal, moves)
      if (placed || this.#left <= 0) return placed
    }
    return undefined
  }

  #place(unit: number, from: number, goal: number, moves: number): readonly Placed[] | undefined {
    const { columns, ranking } = this.#search
    const seen = new Set<string>()
    const targets = ranking
      .first(columns.budget.length)
      .filter((host) => columns.certainDelay(host) <= goal && columns.isAllowed(unit, host, true))
    targets.sort((a, b) => columns.load(a) - columns.load(b) || a - b)
    for (const host of targets) {
      if (moves === 1 && !columns.fits(unit, host)) continue
      if (moves === 1 && columns.delayWith(host, unit, 1) > this.#goal(host, goal)) continue
      if (columns.on[host]!.length === 0) {
        const kind = this.#emptyKinds[host]!
        if (seen.has(kind)) continue
        seen.add(kind)
      }
      if (this.#left-- <= 0) return undefined
      columns.put(unit, host)
      this.#moved.add(unit)
      const rest = this.#reach(goal, moves - 1)
      this.#moved.delete(unit)
      columns.put(unit, from)
      if (rest) return [{ unit, host }, ...rest]
    }
    return undefined
  }

  #goal(host: number, goal: number): number {
    return Math.max(goal, this.#excused[host]!) + nothing
  }

  /** The host that is furthest from the goal, or has not the memory for what was put there. */
  #violated(goal: number, moves: number): number | 'none' | 'too many' {
    const { columns } = this.#search
    let count = 0
    let worst = -1
    let most = 0
    for (let host = 0; host < columns.delay.length; host++) {
      const over = columns.isOverfilled(host) ? 1 : 0
      const above = columns.delay[host]! - this.#goal(host, goal)
      if (above <= 0 && over === 0) continue
      count += above > 0 ? this.#needed(host, goal, moves - count) : 1
      if (count > moves) return 'too many'
      if (above + over <= most) continue
      most = above + over
      worst = host
    }
    if (worst < 0) return count === 0 ? 'none' : 'too many'
    return worst
  }

  /** At least how many units have to leave a host, counted up to one more than `most`. */
  #needed(host: number, goal: number, most: number): number {
    const { columns } = this.#search
    const there = columns.on[host]!
    const mayLeave = there.filter((unit) => this.#mayLeave(unit))
    mayLeave.sort((a, b) => columns.units[b]!.demand - columns.units[a]!.demand)
    const left = new Set(there)
    let count = 0
    for (const unit of mayLeave) {
      if (count > most + fewerSuffice) break
      left.delete(unit)
      count++
      this.#left--
      if (columns.delayOf(left, host) <= this.#goal(host, goal)) return Math.max(1, count - fewerSuffice)
    }
    return most + 1
  }
}
