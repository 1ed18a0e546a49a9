import type { Explanation } from '../policy/plan.ts'

/** What became of an alternative that a scheduler weighed. */
export type AlternativeVerdict =
  | 'chosen'
  | 'out-of-tolerance' // it has fewer moves, and leaves the host out of tolerance
  | 'gains-less' // it has fewer moves, and a larger deviation
  | 'needs-more-moves' // what was chosen is good enough with fewer
  | 'not-needed' // the host is level, or idle, or what vCPUs want is not known well enough
  | 'does-not-pay' // its gain does not pay the cost of its moves
  | 'gains-too-little' // it takes too little off the deviation

/** A number of moves that was weighed, the deviation that it leads to, and what became of it. */
export interface Alternative {
  readonly moves: number
  /** Standard deviation of pCPU load after them, as a fraction of one pCPU. */
  readonly deviation: number
  readonly verdict: AlternativeVerdict
}

/** The verdicts in words. */
export const verdictTexts: Readonly<Record<AlternativeVerdict, string>> = {
  chosen: 'chosen',
  'out-of-tolerance': 'out of tolerance',
  'gains-less': 'gains less',
  'needs-more-moves': 'more moves than it takes',
  'not-needed': 'not needed',
  'does-not-pay': 'does not pay its moves',
  'gains-too-little': 'gains too little',
}

type Weighed = Pick<Explanation, 'front' | 'chosen' | 'lowerBound' | 'tolerated'> & {
  readonly reason: { readonly kind: string }
}

/** What a scheduler weighed, and what ruled each of it out. */
export function alternativesOf(explanation: Weighed): Alternative[] {
  return explanation.front.map(({ moves, deviation }) => {
    return { moves, deviation, verdict: verdictOf(moves, deviation, explanation) }
  })
}

function verdictOf(moves: number, deviation: number, weighed: Weighed): AlternativeVerdict {
  const { chosen, lowerBound, tolerated, reason } = weighed
  if (moves === chosen) return 'chosen'
  if (chosen === 0) {
    if (reason.kind === 'balance-too-costly') return 'does-not-pay'
    const isLittle = reason.kind === 'balance-unreachable' || reason.kind === 'balance-not-worth'
    return isLittle ? 'gains-too-little' : 'not-needed'
  }
  if (moves > chosen) return 'needs-more-moves'
  return deviation ** 2 > lowerBound ** 2 + tolerated ** 2 ? 'out-of-tolerance' : 'gains-less'
}
