import { standardDeviation } from '../view/deviation.ts'
import type { Movable } from './placement.ts'
import type { Rearrangement } from './rearrangement.ts'

/** Least fall of the sum of squares that counts as one. */
const leastGain = 1e-9

/** With how many of the least loaded pCPUs a swap is tried: the best partner is hardly ever further up. */
const swapPartners = 8
/** From a pCPU with more vCPUs than this, one of fitting size can always be moved: no swap is looked for. */
const swapCrowd = 64

/** A move, or a swap when `other` is there: `other` then goes the opposite way. */
interface Step {
  readonly index: number
  readonly target: number
  readonly other: number | undefined
  /** By how much the sum of squares falls, per vCPU moved. */
  readonly gain: number
}

/**
 * Steepest descent: from the most loaded pCPU that has anything to gain, the move or swap that lowers the sum
 * of squares most per vCPU moved, again and again until the standard deviation is at most `goal` or
 * nothing helps any more. Moving `w` from load `a` to load `b` lowers it by 2w(a - b - w); swapping two
 * vCPUs is moving the difference.
 */
export function descend(movable: readonly Movable[], start: Rearrangement, goal: number): Rearrangement {
  const where = start.where.slice()
  const loads = start.loads.slice()
  const on: number[][] = Array.from(loads, () => [])
  for (const [index, pcpu] of where.entries()) on[pcpu]!.push(index)

  const put = (index: number, target: number) => {
    const from = where[index]!
    on[from]!.splice(on[from]!.indexOf(index), 1)
    on[target]!.push(index)
    loads[from]! -= movable[index]!.demand
    loads[target]! += movable[index]!.demand
    where[index] = target
  }

  while (standardDeviation(loads) > goal) {
    const step = bestStep(movable, where, loads, on)
    if (!step) break
    const from = where[step.index]!
    put(step.index, step.target)
    if (step.other !== undefined) put(step.other, from)
  }
  return { where, loads, deviation: standardDeviation(loads) }
}

function bestStep(
  movable: readonly Movable[],
  where: Int32Array,
  loads: Float64Array,
  on: readonly (readonly number[])[],
): Step | undefined {
  const byLoad = [...loads.keys()].sort((a, b) => loads[a]! - loads[b]!)
  for (let rank = byLoad.length - 1; rank > 0; rank--) {
    const source = byLoad[rank]!
    let best: Step | undefined
    const offer = (step: Step) => {
      if (step.gain > (best?.gain ?? leastGain)) best = step
    }
    const partners = on[source]!.length > swapCrowd ? [] : byLoad.slice(0, Math.min(rank, swapPartners))
    for (const index of on[source]!) {
      const { demand, allowed } = movable[index]!
      // The gain falls with the load of the target, so the first that is allowed is the best.
      const target = byLoad.find((pcpu) => allowed[pcpu] === 1 && pcpu !== where[index])
      if (target !== undefined) {
        const gain = 2 * demand * (loads[source]! - loads[target]! - demand)
        offer({ index, target, other: undefined, gain })
      }
      for (const partner of partners) {
        if (allowed[partner] === 0) continue
        for (const other of on[partner]!) {
          const difference = demand - movable[other]!.demand
          if (difference <= 0 || movable[other]!.allowed[source] === 0) continue
          const gain = difference * (loads[source]! - loads[partner]! - difference)
          offer({ index, target: partner, other, gain })
        }
      }
    }
    if (best) return best
  }
  return undefined
}
