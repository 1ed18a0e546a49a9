import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configurationIn, pilotOf } from '../../../lib/recording/configuration.ts'
import { readRecordings } from '../../../lib/recording/read-recording.ts'
import { fitRecording } from '../../../lib/whatif/fit.ts'
import { missOf } from '../../../lib/whatif/miss.ts'
import { whatIf } from '../../../lib/whatif/what-if.ts'
import { type Case, Stage } from './case.ts'
import { mib } from './memory-host.ts'
import { crowd, type Ground, growth, type Run } from './what-if-grounds.ts'

/** How far a prediction may be off: moves; points of a pCPU; percent of a guest's mean size. */
const limits = { moves: 1, points: 5, sizePercent: 5 }

/**
 * What-if against what happens: A1 and M1 are recorded under the default policies, other policies are predicted from the
 * recording, and then each is run for real on the same guests with the same load.
 */
export const WHATIF: Case = async (stage) => {
  const rows = [...(await predicted(stage, crowd)), ...(await predicted(stage, growth))]
  const broken = rows.flatMap(({ broken, ...row }) =>
    broken.map((what) => `${row.case} ${row.policy}: ${what}`),
  )
  return { case: 'WHATIF', passed: broken.length === 0, limits, rows, broken }
}

async function predicted(stage: Stage, ground: Ground) {
  const { name, kind, recorded, asked } = ground
  const { log } = stage.options
  log(`${name} under ${recorded}, recorded`)
  const { fitted, programsKilled } = await recordedRun(stage, ground)
  const configuration = configurationIn(fitted.run!.configuration)
  const pilots = [recorded, ...asked].map((policy) => ({
    name: policy,
    pilot: pilotOf(configuration, { [kind]: policy }),
  }))
  const rows = []
  for (const { name: policy, played } of (await whatIf(fitted.load, pilots)).answers) {
    const prediction = { figures: played.figures, programsKilled: played.toll.programsKilled }
    log(`${name} under ${policy}`)
    // What was recorded has been run: its row says how far the simulation misses what it was fitted to.
    const isRecorded = policy === recorded
    const real = isRecorded
      ? { figures: fitted.figures.record(), programsKilled }
      : await ground.run(stage, policy)
    const row = { case: name, policy, ...compared(kind, prediction, real) }
    const { moves, resizes } = row.measured
    rows.push(
      isRecorded && moves + resizes === 0 ? { ...row, broken: ['nothing was done in the recording'] } : row,
    )
  }
  return rows
}

/** Runs a case under the policy that is recorded, and fits a load to the recording. */
async function recordedRun({ lab, options }: Stage, ground: Ground) {
  const recordTo = await mkdtemp(join(tmpdir(), 'ballast-whatif-'))
  try {
    let programsKilled: number
    {
      await using stage = await Stage.set({ ...options, lab, recordTo })
      programsKilled = (await ground.run(stage, ground.recorded)).programsKilled
    }
    const [recording] = await readRecordings(recordTo)
    return { fitted: await fitRecording(recording!.entries), programsKilled }
  } finally {
    await rm(recordTo, { recursive: true, force: true })
  }
}

/** A prediction beside what was measured, and what of it is too far off. */
function compared(kind: Ground['kind'], predicted: Run, measured: Run) {
  const miss = missOf(predicted.figures, measured.figures)
  const killed = predicted.programsKilled - measured.programsKilled
  return {
    predicted: figuresOf(predicted),
    measured: figuresOf(measured),
    miss: {
      moves: miss.moves,
      deviationPoints: points(miss.deviation),
      worstDelayPoints: points(miss.worstDelay),
      largestSizePercent: points(miss.largestSize),
      programsKilled: killed,
    },
    broken:
      kind === 'scheduler'
        ? [
            ...tooFar('moves', miss.moves, limits.moves),
            ...tooFar('points of deviation', points(miss.deviation), limits.points),
            ...tooFar('points of the longest delay', points(miss.worstDelay), limits.points),
          ]
        : [
            ...tooFar('percent of a size', points(miss.largestSize), limits.sizePercent),
            ...tooFar('programs killed', killed, 0),
          ],
  }
}

function figuresOf({ figures, programsKilled }: Run) {
  const { ticks, moves, deviation, busyDeviation, worstDelay, resizes, memoryMoved } = figures
  return {
    ticks,
    moves,
    deviationPercent: points(deviation),
    busyDeviationPercent: points(busyDeviation),
    worstDelayPercent: points(worstDelay),
    resizes,
    memoryMovedMiB: mib(memoryMoved),
    meanSizesMiB: figures.guests.map(({ size }) => mib(size)),
    programsKilled,
  }
}

function points(part: number): number {
  return Number((100 * part).toFixed(1))
}

function tooFar(what: string, miss: number, limit: number): string[] {
  return Math.abs(miss) <= limit ? [] : [`${what}: predicted ${miss} more than measured, limit ${limit}`]
}
