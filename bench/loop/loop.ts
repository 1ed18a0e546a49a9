import {
  type Build,
  baselineCommit,
  baselineTree,
  currentTree,
  startBuild,
  takeTurnsOfBuilds,
} from '../baseline.ts'
import { type BuildSpreads, ratioOf, spreadsOfBuilds } from '../build-spreads.ts'
import type { Answer, Question } from './child.ts'

/** The most that a tick with 1,000 guests may take, as a part of what the baseline takes. */
export const loopLimit = 0.25
const judgedGuests = 1_000
/** Ticks of a turn, and turns before those that count: compilers get warm, and guests become known. */
const ticks = 10
const warmUpTurns = 2

const sizes = [
  { guests: 10, pcpus: 8 },
  { guests: 100, pcpus: 32 },
  { guests: 300, pcpus: 64 },
  { guests: judgedGuests, pcpus: 128 },
] as const

/** What a tick of one host costs in both builds. */
export interface LoopSizeFigures {
  readonly guests: number
  readonly pcpus: number
  /** Milliseconds of the JS thread's CPU time for each tick. */
  readonly ms: BuildSpreads
  /** Of the medians. */
  readonly ratio: number
  /** What both did in all the turns that count. */
  readonly actions: { readonly baseline: number; readonly current: number }
}

export interface LoopFigures {
  readonly bench: 'loop'
  readonly passed: boolean
  readonly baseline: string
  readonly turns: number
  readonly limit: number
  readonly sizes: readonly LoopSizeFigures[]
}

/** Times everything between the samples and the calls beside the baseline, on made-up hosts whose load wanders. */
export async function measureLoop(turns: number, log: (line: string) => void): Promise<LoopFigures> {
  const script = new URL('./child.ts', import.meta.url)
  using baseline = startBuild<Question, Answer>(script, await baselineTree())
  using current = startBuild<Question, Answer>(script, currentTree)
  const figures: LoopSizeFigures[] = []
  for (const size of sizes) {
    log(`${size.guests} guests`)
    figures.push(await measure(size, baseline, current, turns))
  }
  const { ratio } = figures.find(({ guests }) => guests === judgedGuests)!
  const passed = ratio <= loopLimit
  return { bench: 'loop', passed, baseline: baselineCommit, turns, limit: loopLimit, sizes: figures }
}

async function measure(
  size: Omit<Question, 'ticks'>,
  baseline: Build<Question, Answer>,
  current: Build<Question, Answer>,
  turns: number,
): Promise<LoopSizeFigures> {
  const answers = await takeTurnsOfBuilds(baseline, current, { ...size, ticks }, warmUpTurns + turns)
  const actions = (name: 'baseline' | 'current') =>
    answers[name].slice(warmUpTurns).reduce((sum, one) => sum + one.actions, 0)
  const ms = spreadsOfBuilds(answers, warmUpTurns, ({ ms }) => ms)
  return {
    ...size,
    ms,
    ratio: ratioOf(ms),
    actions: { baseline: actions('baseline'), current: actions('current') },
  }
}
