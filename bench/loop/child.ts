import type * as Ballast from '../../lib/index.ts'
import { answerWith } from '../baseline.ts'
import { threadTime } from '../thread-time.ts'
import { FakeHost } from './fake-host.ts'
import { SyntheticLoad } from './synthetic-load.ts'

/** The host of a measurement, and how many ticks are to be measured on it. */
export interface Question {
  readonly guests: number
  readonly pcpus: number
  readonly ticks: number
}

/** What these ticks came to. */
export interface Answer {
  /** Milliseconds of the JS thread's CPU time for each tick, emergency ticks before it included. */
  readonly ms: readonly number[]
  /** What they did in all: the same in both builds. */
  readonly actions: number
}

/** Milliseconds between ticks of the loop, on the clock of the fake host. */
const interval = 2_000

const { autopilot, ballooning, CpuSet, schedulers } = (await import(
  `${process.argv[2]}index.ts`
)) as typeof Ballast

interface Run {
  readonly host: FakeHost
  readonly pilot: Ballast.Autopilot
}

const runs = new Map<number, Run>()

answerWith(async ({ guests, pcpus, ticks }: Question): Promise<Answer> => {
  const run = runs.get(guests) ?? begin(guests, pcpus)
  runs.set(guests, run)
  const ms: number[] = []
  let actions = 0
  let between = 0
  while (ms.length < ticks) {
    run.host.prepare()
    const begun = threadTime()
    const { value: tick } = await run.pilot.next()
    between += threadTime() - begun
    if (!tick) throw new Error('The loop has ended')
    actions += tick.outcomes.length
    if (tick.cause === 'emergency') continue
    ms.push(between)
    between = 0
  }
  return { ms, actions }
})

function begin(guests: number, pcpus: number): Run {
  const host = new FakeHost(new SyntheticLoad({ guests, pcpus }, 42, (cpus) => CpuSet.from(cpus)))
  const scheduler = schedulers.balance()
  return { host, pilot: autopilot(host, { interval, scheduler, ballooning: ballooning.shares() }) }
}
