import { baselineTree, currentTree, startBuild, takeTurnsOfBuilds } from '../baseline.ts'
import { type BuildSpreads, ratioOf, spreadsOfBuilds } from '../build-spreads.ts'
import type { Answer, Question } from './child.ts'
import type { Size } from './views.ts'

/** The most that a plan may take, as a part of what the baseline takes. */
export const planRatioLimit = 1.1
/** Turns before those that count: compilers get warm. */
const warmUpTurns = 2

/** What plans for hosts of one size cost in both builds. */
export interface BuildFigures {
  /** Milliseconds of the JS thread's CPU time for one plan. */
  readonly cpu: BuildSpreads
  /** Of the medians. */
  readonly ratio: number
  /** Of all plans that count: more of them may be worth more time. */
  readonly moves: { readonly baseline: number; readonly current: number }
}

/** Plans of `balance` in this build and in the baseline, for the same hosts of each of these sizes. */
export async function measureAgainstBaseline(
  sizes: readonly Size[],
  turns: number,
  log: (line: string) => void,
): Promise<BuildFigures[]> {
  const script = new URL('./child.ts', import.meta.url)
  using baseline = startBuild<Question, Answer>(script, await baselineTree())
  using current = startBuild<Question, Answer>(script, currentTree)
  const figures: BuildFigures[] = []
  for (const { vcpus, pcpus } of sizes) {
    log(`${vcpus} vCPUs on ${pcpus} pCPUs, beside the baseline`)
    const question = { vcpus, pcpus, seeds: seedsFor(vcpus) }
    const answers = await takeTurnsOfBuilds(baseline, current, question, warmUpTurns + turns)
    const cpu = spreadsOfBuilds(answers, warmUpTurns, ({ ms }) => [ms])
    const moves = (name: 'baseline' | 'current') =>
      answers[name].slice(warmUpTurns).reduce((sum, one) => sum + one.moves, 0)
    figures.push({
      cpu,
      ratio: ratioOf(cpu),
      moves: { baseline: moves('baseline'), current: moves('current') },
    })
  }
  return figures
}

/** So many hosts that a turn takes long enough to be measured, and is the same in both builds. */
function seedsFor(vcpus: number): number[] {
  return Array.from({ length: Math.max(1, Math.round(2_000 / vcpus)) }, (_, i) => 1_000 + i)
}
