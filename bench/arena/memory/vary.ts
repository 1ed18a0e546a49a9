import type { Change, Scenario } from '../../../lib/simulation/index.ts'
import { Random } from '../../../lib/util/random.ts'

/** Milliseconds that a change is shifted by at most. */
const shift = 1_000
/** Part by which growth is faster or slower. */
const rateJitter = 0.1
/** Part by which a program is smaller at most: what fits, still does. */
const sizeJitter = 0.04

/** The scenario with other moments, speeds and sizes for each seed; seed 1 has it as it is written. */
export function vary(scenario: Scenario, seed: number): Scenario {
  if (seed === 1) return { ...scenario, seed }
  const random = new Random(seed, 'memory arena')
  const changes = (scenario.changes ?? []).map((change): Change => {
    const at = Math.round(change.at + shift * random.next())
    if (change.kind !== 'program') return { ...change, at }
    const { size, rate } = change.program
    const program = {
      ...change.program,
      size: Math.round(size * (1 - sizeJitter * random.next())),
      ...(rate === undefined ? {} : { rate: random.around(rate, rateJitter) }),
    }
    return { ...change, at, program }
  })
  return { ...scenario, seed, changes }
}
