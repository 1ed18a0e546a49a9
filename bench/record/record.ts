import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { currentTree, startBuild } from '../baseline.ts'
import { type Spread, spreadOf } from '../spread.ts'
import type { DayAnswer, DayQuestion, TicksAnswer, TicksQuestion } from './child.ts'

/** What each figure may be at most, or for the speed at least. */
export const recordLimits = {
  /** MB, of 10^6 bytes, in 24 hours. */
  megabytesPerDay: 60,
  /** Part of one core, at a tick each 2 s. */
  core: 0.02,
  /** Milliseconds of the JS thread that a tick with a recording takes more, at the 99th percentile. */
  heldMore: 5,
  /** Times as fast as what was recorded. */
  replaySpeed: 200,
} as const

const recordedHost = { guests: 50, vcpus: 2 } as const
const busyHost = { guests: 200, pcpus: 64 } as const
const interval = 2_000
/** Ticks of a turn, and turns before those that count. */
const ticks = 30
const warmUpTurns = 2
const p99 = 0.99

export interface RecordFigures {
  readonly bench: 'record'
  readonly passed: boolean
  readonly limits: typeof recordLimits
  /** 50 guests with 2 vCPUs each, simulated for so many hours. */
  readonly hours: number
  readonly day: DayAnswer
  /** What these hours come to in a day. */
  readonly megabytesPerDay: number
  readonly replaySpeed: number
  readonly turns: number
  /** Of 200 guests with 4 vCPUs each; milliseconds of CPU time of the process for each tick. */
  readonly cpu: { readonly without: Spread; readonly recorded: Spread }
  /** Part of one core that the recording takes. */
  readonly core: number
  /** Milliseconds of the JS thread for each tick, at the 99th percentile. */
  readonly held: { readonly without: number; readonly recorded: number }
  readonly heldMore: number
}

/** Measures what a recording takes: of the disk, of a core, of the JS thread; and how fast it is replayed. */
export async function measureRecording(
  turns: number,
  hours: number,
  log: (line: string) => void,
): Promise<RecordFigures> {
  const directory = await mkdtemp(join(tmpdir(), 'ballast-bench-record-'))
  try {
    const { without, recorded } = await takeTicks(turns, join(directory, 'ticks'), log)
    log(`${hours} hours of ${recordedHost.guests} guests`)
    const day = await recordDay({ kind: 'day', ...recordedHost, hours, directory: join(directory, 'day') })
    return judged({ turns, hours, day, without, recorded })
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function takeTicks(turns: number, directory: string, log: (line: string) => void) {
  const script = new URL('./child.ts', import.meta.url)
  using plain = startBuild<TicksQuestion, TicksAnswer>(script, currentTree)
  using taped = startBuild<TicksQuestion, TicksAnswer>(script, currentTree)
  const without: TicksAnswer[] = []
  const recorded: TicksAnswer[] = []
  for (let turn = 0; turn < warmUpTurns + turns; turn++) {
    log(`turn ${turn + 1} of ${warmUpTurns + turns}`)
    const question = { kind: 'ticks', ...busyHost, ticks } as const
    const askPlain = async () => without.push(await plain.ask({ ...question, directory: undefined }))
    const askTaped = async () => recorded.push(await taped.ask({ ...question, directory }))
    for (const ask of turn % 2 === 0 ? [askPlain, askTaped] : [askTaped, askPlain]) await ask()
  }
  return { without: without.slice(warmUpTurns), recorded: recorded.slice(warmUpTurns) }
}

async function recordDay(question: DayQuestion): Promise<DayAnswer> {
  using build = startBuild<DayQuestion, DayAnswer>(new URL('./child.ts', import.meta.url), currentTree)
  return await build.ask(question)
}

function judged(measured: {
  readonly turns: number
  readonly hours: number
  readonly day: DayAnswer
  readonly without: readonly TicksAnswer[]
  readonly recorded: readonly TicksAnswer[]
}): RecordFigures {
  const { turns, hours, day, without, recorded } = measured
  const cpu = {
    without: spreadOf(without.map((answer) => answer.cpu)),
    recorded: spreadOf(recorded.map((answer) => answer.cpu)),
  }
  const held = { without: heldAtP99(without), recorded: heldAtP99(recorded) }
  const figures = {
    megabytesPerDay: (day.bytes / 1e6) * (24 / hours),
    replaySpeed: day.recordedTime / day.replayTime,
    core: (cpu.recorded.median - cpu.without.median) / interval,
    heldMore: held.recorded - held.without,
  }
  const passed =
    figures.megabytesPerDay <= recordLimits.megabytesPerDay &&
    figures.core <= recordLimits.core &&
    figures.heldMore <= recordLimits.heldMore &&
    figures.replaySpeed >= recordLimits.replaySpeed &&
    day.ticksDifferent === 0 &&
    day.problems.length === 0
  return { bench: 'record', passed, limits: recordLimits, hours, day, turns, cpu, held, ...figures }
}

function heldAtP99(answers: readonly TicksAnswer[]): number {
  const sorted = answers.flatMap(({ held }) => held).sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(p99 * sorted.length))]!
}
