import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ballooningPolicies, schedulerPolicies } from '../../lib/policies.ts'
import { configurationIn, pilotOf } from '../../lib/recording/configuration.ts'
import { readRecordings } from '../../lib/recording/read-recording.ts'
import { fitRecording } from '../../lib/whatif/fit.ts'
import type { FiguresRecord } from '../../lib/whatif/host-figures.ts'
import { missOf } from '../../lib/whatif/miss.ts'
import { type Answer, whatIf } from '../../lib/whatif/what-if.ts'
import type { HourFacts, HourRun } from './run.ts'

export interface HourOptions extends Pick<HourRun, 'seed' | 'length' | 'log'> {
  /** Records guests that do what the turns say. */
  readonly record: (run: HourRun) => Promise<HourFacts>
  /** The directory that the recording stays in; undefined: it does not stay. */
  readonly keep?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** What a policy would have come to on the recorded load. */
export interface HourAnswer {
  /** Against a bound of hindsight; null: there was hardly anything to gain. */
  readonly regret: number | null
  readonly moves: number
  /** Fractions of a pCPU. */
  readonly deviation: number
  /** Bytes by which balloons changed, and milliseconds that programs waited for memory. */
  readonly memoryMoved: number
  readonly stalled: number
}

export interface HourFigures extends HourFacts {
  readonly bench: 'hour'
  readonly passed: boolean
  readonly seed: number
  readonly minutes: number
  readonly ticks: number
  /** What the recording lacks. */
  readonly problems: readonly string[]
  /** What was measured. */
  readonly measured: HourSummary
  /** What the simulation of the policies that were in charge is off by. */
  readonly miss: HourSummary
  readonly none: HourAnswer
  /** By name: beside the ballooning policy that was in charge, or beside the scheduler that was. */
  readonly schedulers: Readonly<Record<string, HourAnswer>>
  readonly ballooning: Readonly<Record<string, HourAnswer>>
}

interface HourSummary {
  readonly moves: number
  readonly deviation: number
  readonly worstDelay: number
}

/** Records an hour of random loads under `balance` and `shares`, and asks of it how each other policy would have done. */
export async function measureHour(options: HourOptions): Promise<HourFigures> {
  const { keep, seed, length, log, record, signal } = options
  const directory = keep ?? (await mkdtemp(join(tmpdir(), 'ballast-hour-')))
  try {
    const facts = await record({ directory, seed, length, log })
    log('recorded')
    const [recording] = await readRecordings(directory)
    const { load, figures, run } = await fitRecording(recording!.entries, { signal })
    const configuration = configurationIn(run!.configuration)
    const others = (table: object, inCharge: string) => Object.keys(table).filter((name) => name !== inCharge)
    const schedulers = others(schedulerPolicies, 'balance')
    const ballooning = others(ballooningPolicies, 'shares')
    const asked = [
      { name: 'recorded', pilot: pilotOf(configuration) },
      ...schedulers.map((name) => ({ name, pilot: pilotOf(configuration, { scheduler: name }) })),
      ...ballooning.map((name) => ({ name, pilot: pilotOf(configuration, { ballooning: name }) })),
    ]
    let told = 0
    const progress = (done: number, total: number) => {
      const tenth = Math.floor((10 * done) / total)
      if (tenth > told) log(`played: ${10 * tenth} %`)
      told = Math.max(told, tenth)
    }
    const { answers, none } = await whatIf(load, asked, { signal, progress })
    const [recorded, ...rest] = answers as [Answer, ...Answer[]]
    const measured = figures.record()
    const side = (kind: 'cpu' | 'memory', all: readonly Answer[]) =>
      Object.fromEntries(all.map((answer) => [answer.name, answerOf(answer, kind)]))
    const nobody: Answer = { name: 'none', played: none, regret: { cpu: undefined, memory: undefined } }
    return {
      bench: 'hour',
      passed: recording!.problems.length === 0 && facts.programsKilled === 0,
      ...facts,
      seed,
      minutes: length / 60_000,
      ticks: load.ticks,
      problems: recording!.problems,
      measured: summaryOf(measured),
      miss: summaryOf(missOf(recorded.played.figures, measured)),
      none: answerOf(nobody, 'cpu'),
      schedulers: side('cpu', [{ ...recorded, name: 'balance' }, ...rest.slice(0, schedulers.length)]),
      ballooning: side('memory', [{ ...recorded, name: 'shares' }, ...rest.slice(schedulers.length)]),
    }
  } finally {
    if (keep === undefined) await rm(directory, { recursive: true, force: true })
  }
}

function summaryOf({ moves, deviation, worstDelay }: Pick<FiguresRecord, keyof HourSummary>): HourSummary {
  return { moves, deviation, worstDelay }
}

function answerOf({ played: { figures, toll }, regret }: Answer, kind: 'cpu' | 'memory'): HourAnswer {
  const { moves, deviation, memoryMoved } = figures
  return { regret: regret[kind] ?? null, moves, deviation, memoryMoved, stalled: toll.stalled }
}
