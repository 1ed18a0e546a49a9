import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { type Autopilot, autopilot } from '../../lib/control/autopilot.ts'
import { CpuSet } from '../../lib/host/cpuset.ts'
import { ballooning, schedulers } from '../../lib/index.ts'
import { TickComparison } from '../../lib/recording/compare.ts'
import { readRecordings } from '../../lib/recording/read-recording.ts'
import { Recorder } from '../../lib/recording/recorder.ts'
import { flushInterval } from '../../lib/recording/recording-files.ts'
import { replay } from '../../lib/recording/replay.ts'
import { simulate } from '../../lib/simulation/index.ts'
import { answerWith } from '../baseline.ts'
import { FakeHost } from '../loop/fake-host.ts'
import { SyntheticLoad } from '../loop/synthetic-load.ts'
import { threadTime } from '../thread-time.ts'
import { type DayHost, dayScenario } from './day.ts'

/** Record some hours of a simulated host, and replay them. */
export interface DayQuestion extends DayHost {
  readonly kind: 'day'
  readonly directory: string
}

export interface DayAnswer {
  readonly ticks: number
  readonly actions: number
  /** Of all files. */
  readonly bytes: number
  /** Milliseconds of the host's clock that were recorded, and that the replay took. */
  readonly recordedTime: number
  readonly replayTime: number
  /** Ticks in which the replay decided otherwise. */
  readonly ticksDifferent: number
  /** What the recording says that it lacks. */
  readonly problems: readonly string[]
}

/** Make some ticks on a made-up host, recorded in a directory or not. */
export interface TicksQuestion {
  readonly kind: 'ticks'
  readonly guests: number
  readonly pcpus: number
  readonly ticks: number
  /** Undefined: not recorded. */
  readonly directory: string | undefined
}

export interface TicksAnswer {
  /** Milliseconds of the JS thread's CPU time, for each tick. */
  readonly held: readonly number[]
  /** Milliseconds of CPU time of the whole process, for a tick on average. */
  readonly cpu: number
}

/** Milliseconds between ticks, on the hosts' own clocks. */
export const interval = 2_000
/** Ticks from one flush to the next. */
const ticksOfAFlush = flushInterval / interval
const policies = () => ({ scheduler: schedulers.balance(), ballooning: ballooning.shares() })

answerWith((question: DayQuestion | TicksQuestion): Promise<DayAnswer | TicksAnswer> => {
  return question.kind === 'day' ? day(question) : ticks(question)
})

async function day({ directory, ...host }: DayQuestion): Promise<DayAnswer> {
  {
    await using recorder = new Recorder(simulate(dayScenario(host)), directory)
    const ticks = (host.hours * 3_600_000) / interval
    for await (const tick of recorder.autopilot({ interval, ...policies(), ticks }))
      await flushed(recorder, tick.index)
  }
  const names = await readdir(directory)
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(directory, name))).size))
  return { ...(await replayed(directory)), bytes: sizes.reduce((sum, size) => sum + size, 0) }
}

async function replayed(directory: string): Promise<Omit<DayAnswer, 'bytes'>> {
  const [recording] = await readRecordings(directory)
  const comparison = new TickComparison()
  let ticks = 0
  let actions = 0
  let ticksDifferent = 0
  const begun = performance.now()
  for await (const one of replay(recording!, () => ({ interval, ...policies() }))) {
    ticks++
    actions += one.tick.outcomes.length
    if (comparison.differences(one).length > 0) ticksDifferent++
  }
  const replayTime = performance.now() - begun
  const { problems } = recording!
  return { ticks, actions, recordedTime: ticks * interval, replayTime, ticksDifferent, problems }
}

interface Run {
  readonly host: FakeHost
  readonly pilot: Pick<Autopilot, 'next'>
  readonly recorder: Recorder | undefined
  ticks: number
}

/** By directory: each goes on with its next ticks. */
const runs = new Map<string | undefined, Run>()

async function ticks({ guests, pcpus, ticks, directory }: TicksQuestion): Promise<TicksAnswer> {
  const run = runs.get(directory) ?? begin(guests, pcpus, directory)
  runs.set(directory, run)
  const held: number[] = []
  let between = 0
  let cpu = 0
  while (held.length < ticks) {
    run.host.prepare()
    const before = process.cpuUsage()
    const begun = threadTime()
    const { value: tick } = await run.pilot.next()
    if (!tick) throw new Error('The loop has ended')
    // A tick is followed by an empty moment of the event loop with and without a recording, so that both are alike.
    if (run.recorder) await flushed(run.recorder, run.ticks + held.length)
    else await setImmediate()
    between += threadTime() - begun
    const { user, system } = process.cpuUsage(before)
    cpu += (user + system) / 1_000
    if (tick.cause === 'emergency') continue
    held.push(between)
    between = 0
  }
  run.ticks += ticks
  return { held, cpu: cpu / ticks }
}

function begin(guests: number, pcpus: number, directory: string | undefined): Run {
  const host = new FakeHost(new SyntheticLoad({ guests, pcpus }, 42, (cpus) => CpuSet.from(cpus)))
  const options = { interval, ...policies() }
  const recorder = directory === undefined ? undefined : new Recorder(host, directory)
  const pilot = recorder?.autopilot(options) ?? autopilot(host, options)
  return { host, pilot, recorder, ticks: 0 }
}

/** Flushes as often as on a host whose clock runs as fast as ours, and lets what compresses and writes come to its turn. */
async function flushed(recorder: Recorder, tick: number): Promise<void> {
  const flushes = Math.floor(tick / ticksOfAFlush) - Math.floor((tick - 1) / ticksOfAFlush)
  if (flushes > 0) recorder.flush()
  await setImmediate()
}
