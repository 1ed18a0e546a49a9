import type * as balancing from '../../lib/schedulers/balance.ts'
import { answerWith } from '../baseline.ts'
import { threadTime } from '../thread-time.ts'
import type * as views from './views.ts'

/** The hosts that are to be planned for, one after the other. */
export interface Question extends views.Size {
  readonly seeds: readonly number[]
}

/** What planning for them came to. */
export interface Answer {
  /** Milliseconds of the JS thread's CPU time for one plan. */
  readonly ms: number
  /** Of all plans. */
  readonly moves: number
}

const lib = process.argv[2]!
// Views are made by the build's own bench: a View has other fields there.
const { viewOf } = (await import(`${lib}../bench/plan/views.ts`)) as typeof views
const { balance } = (await import(`${lib}schedulers/balance.ts`)) as typeof balancing

answerWith(async ({ seeds, ...size }: Question): Promise<Answer> => {
  const policy = balance()
  const known = seeds.map((seed) => {
    const view = viewOf(size, seed)
    // A host that is not clearly out of balance needs two Views that call for moves; others get the same plan again.
    return { view, state: policy.decide(view, policy.initialState).state }
  })
  const begun = threadTime()
  let moves = 0
  for (const { view, state } of known) moves += policy.decide(view, state).plan.length
  return { ms: (threadTime() - begun) / seeds.length, moves }
})
