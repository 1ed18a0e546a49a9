import { isRunning } from '../../host/sample.ts'
import type { View } from '../view.ts'
import { cpuScore } from './cpu-score.ts'
import { memoryScore } from './memory-score.ts'

/**
 * How much of what it wanted each guest got, in points from 0 to 100, rounded to whole ones: one entry for each domain of
 * the View, in its order. NaN: not known. docs/scores.md has the formulas.
 */
export interface Scores {
  readonly cpu: Float64Array
  readonly memory: Float64Array
  /** The lower of the two; known when both are. */
  readonly together: Float64Array
}

/** The scores of the guests in a View. Those of guests that do not run are not known: they want nothing. */
export function scoresOf({ domains, pcpus, topology }: View): Scores {
  const capacities = new Float64Array(topology.cpuCount).fill(1)
  for (const { id, capacity } of pcpus) capacities[id] = capacity
  const cpu = new Float64Array(domains.length).fill(Number.NaN)
  const memory = new Float64Array(domains.length).fill(Number.NaN)
  const together = new Float64Array(domains.length)
  for (let row = 0; row < domains.length; row++) {
    const domain = domains[row]!
    if (isRunning(domain.state)) {
      cpu[row] = points(cpuScore(domain, capacities))
      memory[row] = points(memoryScore(domain.memory))
    }
    together[row] = Math.min(cpu[row]!, memory[row]!)
  }
  return { cpu, memory, together }
}

/** The lowest score of a host. */
export interface LowestScore {
  /** Row of the domain in the View. */
  readonly row: number
  readonly of: 'cpu' | 'memory'
  readonly points: number
}

/** The lowest of all scores that are known, of CPU or of memory, and the first of equal ones; undefined: none is known. */
export function lowestScore({ cpu, memory }: Scores): LowestScore | undefined {
  let row = -1
  let of: LowestScore['of'] = 'cpu'
  let lowest = Number.POSITIVE_INFINITY
  for (let i = 0; i < cpu.length; i++) {
    const isMemory = memory[i]! < cpu[i]! || Number.isNaN(cpu[i]!)
    const least = isMemory ? memory[i]! : cpu[i]!
    if (!(least < lowest)) continue
    row = i
    of = isMemory ? 'memory' : 'cpu'
    lowest = least
  }
  return row < 0 ? undefined : { row, of, points: lowest }
}

function points(part: number): number {
  return Math.round(100 * part)
}
