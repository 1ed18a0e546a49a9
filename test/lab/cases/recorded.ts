import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { classic } from './balance.ts'
import { type Case, type CaseResult, Stage } from './case.ts'
import { M1 } from './memory.ts'
import { type ReplayFigures, replayFigures } from './recorded-pilot.ts'

/** A1 and M1, recorded on real guests and replayed: the replay decides the same in every tick. */
export const RECORDED: Case = async (stage) => {
  const parts = [await recordedCase(stage, classic.A1!), await recordedCase(stage, M1)]
  const broken = parts.flatMap(({ result, replayed }) => [
    ...result.broken.map((limit) => `${result.case}: ${limit}`),
    ...differencesIn(replayed).map((difference) => `${result.case}: ${difference}`),
  ])
  const replays = Object.fromEntries(parts.map(({ result, replayed }) => [result.case, replayed]))
  return { case: 'RECORDED', passed: broken.length === 0, ...replays, broken }
}

async function recordedCase({ lab, options }: Stage, one: Case) {
  const recordTo = await mkdtemp(join(tmpdir(), 'ballast-recorded-'))
  try {
    let result: CaseResult
    {
      await using stage = await Stage.set({ ...options, lab, recordTo })
      result = await one(stage)
    }
    return { result, replayed: await replayFigures(recordTo) }
  } finally {
    await rm(recordTo, { recursive: true, force: true })
  }
}

/** What is wrong with a replay, in words. Without a single action nothing was compared that matters. */
export function differencesIn({
  ticks,
  actions,
  ticksDifferent,
  firstDifference,
  problems,
}: ReplayFigures): string[] {
  return [
    ...(actions === 0 ? [`no action in ${ticks} ticks of the recording`] : []),
    ...(ticksDifferent > 0
      ? [`${ticksDifferent} ticks decided otherwise: ${JSON.stringify(firstDifference)}`]
      : []),
    ...problems,
  ]
}
