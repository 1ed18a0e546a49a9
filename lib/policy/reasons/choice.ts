import { formatPercent } from '../../util/format.ts'
import { define, type ReasonsIn } from './figures.ts'

const found = { deviation: 'load', moves: 'number', reached: 'load' } as const
const bounded = { ...found, lowerBound: 'load' } as const

/** Why `balance` chose as many moves as it did. Deviations are those of the load over the pCPUs. */
export const choiceReasons = {
  'balance-within-tolerance': define(
    { deviation: 'load', tolerated: 'load', lowerBound: 'load' },
    ({ deviation, tolerated, lowerBound }) =>
      `no move: ${now(deviation)}, within ${formatPercent(tolerated)} of the ${bound(lowerBound)}`,
  ),
  'balance-uncertain': define(
    { deviation: 'load' },
    ({ deviation }) =>
      `no move: ${now(deviation)}, or within tolerance: what the vCPUs want is not known well enough`,
  ),
  'balance-idle': define(
    { idleBelow: 'load' },
    ({ idleBelow }) => `no move: no pCPU is asked for ${formatPercent(idleBelow)} of its time`,
  ),
  'balance-too-costly': define(
    found,
    ({ deviation, ...rest }) =>
      `no move: ${now(deviation)}; ${bringing(rest)}, which does not pay their cost`,
  ),
  'balance-unreachable': define(
    { deviation: 'load', lowerBound: 'load', reached: 'load' },
    ({ deviation, lowerBound, reached }) =>
      `no move: ${now(deviation)}, ${bound(lowerBound)}; ` +
      `nothing that is much better can be reached: ${formatPercent(reached)}`,
  ),
  'balance-not-worth': define(
    bounded,
    ({ deviation, lowerBound, ...rest }) =>
      `no move: ${now(deviation)}, ${bound(lowerBound)}; ` +
      `the best that was found is not worth it: ${bringing(rest)}`,
  ),
  'balance-fewest': define(
    bounded,
    ({ deviation, lowerBound, ...rest }) =>
      `${now(deviation)}, ${bound(lowerBound)}; the fewest within tolerance: ${bringing(rest)}`,
  ),
  'balance-near-best': define(
    bounded,
    ({ deviation, lowerBound, ...rest }) =>
      `${now(deviation)}, ${bound(lowerBound)}; tolerance is out of reach, near the best: ${bringing(rest)}`,
  ),
} as const

export type ChoiceReason = ReasonsIn<typeof choiceReasons>

function now(deviation: number): string {
  return `deviation ${formatPercent(deviation)} of a pCPU`
}

function bound(lowerBound: number): string {
  return `lower bound ${formatPercent(lowerBound)}`
}

function bringing({ moves, reached }: { readonly moves: number; readonly reached: number }): string {
  return `${moves} moves bring it to ${formatPercent(reached)}`
}
