import { bins } from './predicted-delay.ts'

/** Slack of sums that are made up again and again. */
const nothing = 1e-9
/** Rounds after which the time on one pCPU is shared within a thousandth. */
const rounds = 30

/**
 * pCPUs that have the same on them: `load` in all, on each of `count`. The last vCPU that came wants `demand`; before it
 * came they were `under`.
 */
interface Pile {
  readonly load: number
  readonly demand: number
  readonly under: Pile | undefined
  count: number
}

/**
 * The same as `predictedDelay`, where each vCPU stays on one pCPU, as Ballast's `balance` places them: the largest first, each
 * where there is least to do. Where two or three vCPUs come to share each pCPU, the delay of the worst-served goes up in a step.
 */
export function steppedDelay(counts: Float64Array, sums: Float64Array, at: number, capacity: number): number {
  if (capacity <= nothing) return Number(sums.subarray(at, at + bins).some((sum) => sum > nothing))
  const piles: Pile[] = [
    { load: 0, demand: 0, under: undefined, count: Math.max(1, Math.ceil(capacity - nothing)) },
  ]
  for (let bin = bins - 1; bin >= 0; bin--) {
    const count = Math.round(counts[at + bin]!)
    if (count <= 0) continue
    const demand = Math.min(1, Math.max(nothing, sums[at + bin]! / counts[at + bin]!))
    add(piles, count, demand)
  }
  let longest = 0
  for (const pile of piles) longest = Math.max(longest, longestOn(pile))
  return longest
}

/** Adds so many vCPUs that want as much to the piles, of which the lowest is the first. */
function add(piles: Pile[], count: number, demand: number): void {
  let left = count
  while (left > 0) {
    const lowest = piles[0]!
    const taken = Math.min(left, lowest.count)
    if (taken === lowest.count) piles.shift()
    else lowest.count -= taken
    insert(piles, { load: lowest.load + demand, demand, under: lowest, count: taken })
    left -= taken
  }
}

function insert(piles: Pile[], pile: Pile): void {
  let place = piles.length
  while (place > 0 && piles[place - 1]!.load > pile.load + nothing) place--
  piles.splice(place, 0, pile)
}

/**
 * The longest delay on one pCPU: time goes in equal parts to those that are runnable, and each works, then sleeps. With R
 * runnable in the mean, a vCPU of demand d is so for a part r of the time with d × r² - (1 + d + d × R) × r + d × (1 + R) = 0,
 * and waits for r × (R - r) / (1 + R - r) of it.
 */
function longestOn(pile: Pile): number {
  if (pile.under === undefined || pile.under.demand === 0) return 0
  // By Newton's method, from above: the sum rises ever slower.
  let runnable = 0
  for (let one: Pile | undefined = pile; one !== undefined && one.demand > 0; one = one.under) runnable++
  for (let round = 0; round < rounds; round++) {
    let sum = 0
    let slope = 0
    for (let one: Pile | undefined = pile; one !== undefined && one.demand > 0; one = one.under) {
      const { demand } = one
      const part = partOf(demand, runnable)
      sum += part
      slope += (demand * (1 - part)) / (1 + demand + demand * runnable - 2 * demand * part)
    }
    const step = (sum - runnable) / (1 - slope)
    runnable += step
    if (Math.abs(step) < 1e-4) break
  }
  let longest = 0
  for (let one: Pile | undefined = pile; one !== undefined && one.demand > 0; one = one.under) {
    const part = partOf(one.demand, runnable)
    const others = runnable - part
    longest = Math.max(longest, (part * others) / (1 + others))
  }
  return longest
}

/** The part of the time that a vCPU is runnable, where so many are in all. */
function partOf(demand: number, runnable: number): number {
  const half = 1 + demand + demand * runnable
  return (half - Math.sqrt(Math.max(0, half * half - 4 * demand * demand * (1 + runnable)))) / (2 * demand)
}
