import type { Pcpu } from '../../lib/host/topology.ts'
import { standardDeviation } from '../../lib/util/statistics.ts'
import { priceBetween } from '../../lib/whatif/cost.ts'
import { leastDeviation as closedBound } from '../../lib/whatif/least-deviation.ts'
import { fewestMoves, leastDeviation, type OracleProblem } from '../../test/support/oracle.ts'
import { levelsOf } from '../arena/levels.ts'
import type { Scene } from '../arena/scene.ts'

/** What the best placement in hindsight costs, as `CpuCost` counts, and how that is known. */
export interface Hindsight {
  readonly cost: number
  /** `exact`: no sequence of placements costs less. `bound`: none costs less than this, and perhaps all cost more. */
  readonly kind: 'exact' | 'bound'
}

/** Ticks in a row in which all want the same and may be on the same pCPUs. */
interface Stretch {
  readonly scene: Scene
  readonly key: string
  ticks: number
}

/** What the fewest moves may leave of a deviation that a solver calls equal. */
const equal = 1e-6

/**
 * The cost of hindsight over these ticks, where no policy did anything. The first tick is as it is for everybody; from then on
 * the oracle has all where it wants them. Exact where what they want never changes
 * and all moves cost the same; otherwise a bound: the least deviation at each tick, with moves for nothing. `large`: too large
 * for the oracle, so that the least deviation is a bound itself.
 */
export function hindsightOf(scenes: readonly Scene[], large: boolean): Hindsight {
  const [start, ...rest] = scenes
  if (!start) return { cost: 0, kind: 'exact' }
  const begin = deviationOf(start)
  const stretches = stretchesOf(rest)
  const [only] = stretches
  const prices = pricesOf(start)
  if (
    only &&
    stretches.length === 1 &&
    only.key === keyOf(start) &&
    prices.size === 1 &&
    !large &&
    isEven(start)
  ) {
    const [price = 0] = prices
    return { cost: (begin + cheapest(start, only.ticks, price)) / scenes.length, kind: 'exact' }
  }
  const sum = stretches.reduce((total, { scene, ticks }) => total + ticks * leastOf(scene, large), 0)
  return { cost: (begin + sum) / scenes.length, kind: 'bound' }
}

/**
 * The least of `ticks` times the deviation and the price of the moves that lead to it. More moves than to the least deviation
 * of all cost more for nothing; with fewer, the deviation may be larger by no more than the moves that are saved.
 */
function cheapest(scene: Scene, ticks: number, price: number): number {
  const problem = problemOf(scene)
  const mean = meanOf(scene)
  const best = leastDeviation(problem)
  let least = ticks * mean * best.deviations[0]! + best.moves * price
  const goal = best.deviations[0]! + (best.moves * price) / (ticks * mean)
  const fewest = fewestMoves(problem, [Math.max(goal, best.deviations[0]! + equal)]) ?? best.moves
  for (let moves = fewest; moves < best.moves; moves++) {
    const answer = leastDeviation(problem, moves)
    least = Math.min(least, ticks * mean * answer.deviations[0]! + answer.moves * price)
  }
  return least
}

function leastOf(scene: Scene, large: boolean): number {
  if (!isEven(scene)) return 0
  const mean = meanOf(scene)
  if (mean === 0) return 0
  if (!large) return mean * leastDeviation(problemOf(scene)).deviations[0]!
  const weights = [...scene.background, ...scene.vcpus.map(({ demand }) => demand)]
  return closedBound(weights, unitsOf(scene).count)
}

function stretchesOf(scenes: readonly Scene[]): Stretch[] {
  const found: Stretch[] = []
  for (const scene of scenes) {
    const key = keyOf(scene)
    const last = found.at(-1)
    if (last?.key === key) last.ticks++
    else found.push({ scene, key, ticks: 1 })
  }
  return found
}

function keyOf({ vcpus, background, topology }: Scene): string {
  const wants = vcpus.map(({ uuid, vcpu, demand, allowed }) => [uuid, vcpu, demand, allowed])
  return JSON.stringify([wants, background, topology.pcpus.map(({ id }) => id)])
}

/** The cores where threads share them, else the pCPUs: what the deviation is of. */
function unitsOf({ topology }: Scene): { readonly of: readonly number[]; readonly count: number } {
  const [of] = levelsOf(topology)
  return { of: of!, count: new Set(of).size }
}

function problemOf(scene: Scene): OracleProblem {
  const { of } = unitsOf(scene)
  const vcpus = scene.vcpus.map(({ demand, place, allowed }) => {
    return { demand, home: place ?? allowed.indexOf(true), allowed }
  })
  return { vcpus, fixed: scene.background, levels: [of] }
}

function meanOf(scene: Scene): number {
  const all = [...scene.background, ...scene.vcpus.map(({ demand }) => demand)]
  return all.reduce((sum, load) => sum + load, 0) / unitsOf(scene).count
}

function deviationOf(scene: Scene): number {
  const { of, count } = unitsOf(scene)
  const loads = new Array<number>(count).fill(0)
  const room = new Array<number>(count).fill(0)
  for (const [pcpu, unit] of of.entries()) room[unit]! += scene.capacities[pcpu]!
  for (const [pcpu, part] of scene.background.entries()) loads[of[pcpu]!]! += part
  for (const { place, demand } of scene.vcpus) if (place !== undefined) loads[of[place]!]! += demand
  const most = Math.max(...room)
  return standardDeviation(loads.map((load, unit) => (load * most) / room[unit]!))
}

function isEven({ capacities }: Scene): boolean {
  return capacities.every((capacity) => capacity === capacities[0])
}

/** The prices of the moves between cores that there are on a host. */
function pricesOf({ topology: { pcpus } }: Scene): Set<number> {
  const prices = new Set<number>()
  for (const from of pcpus) for (const to of pcpus) if (differ(from, to)) prices.add(priceBetween(from, to))
  return prices
}

function differ(from: Pcpu, to: Pcpu): boolean {
  return from.id !== to.id
}
