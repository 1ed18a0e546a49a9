import { createHash } from 'node:crypto'
import type * as simulation from '../../lib/simulation/index.ts'
import { answerWith } from '../baseline.ts'
import { cpuAsOfBaseline, digestOf, memoryAsOfBaseline } from './digest.ts'
import { type Size, scenarioOf } from './scenario.ts'

/** What one turn of a build came to. */
export interface Span {
  /** Milliseconds of CPU time of the process. */
  readonly cpu: number
  /** Milliseconds by the clock on the wall. */
  readonly wall: number
  /** Of all samples of this host so far. */
  readonly digest: string
}

/** Virtual milliseconds in one turn. */
const turn = 2_000

const { simulate } = (await import(`${process.argv[2]}simulation/index.ts`)) as typeof simulation
const hosts = new Map<number, { host: simulation.SimulatedHost; digest: string; time: number }>()

answerWith(async (size: Size): Promise<Span> => {
  let run = hosts.get(size.guests)
  if (!run) {
    run = { host: simulate(scenarioOf(size)), digest: '', time: 0 }
    hosts.set(size.guests, run)
    // Without a period a guest says nothing of its memory.
    for (const domain of await run.host.domains()) await domain.setMemoryStatsPeriod(1)
  }
  run.time += turn
  const cpuBefore = process.cpuUsage()
  const begun = performance.now()
  await run.host.clock.sleepUntil(run.time)
  const cpuSample = await run.host.sampleCpu()
  const memorySample = await run.host.sampleMemory()
  const wall = performance.now() - begun
  const { user, system } = process.cpuUsage(cpuBefore)
  const hash = createHash('sha256').update(run.digest)
  run.digest = digestOf(hash, [cpuAsOfBaseline(cpuSample), memoryAsOfBaseline(memorySample), run.host.toll])
  return { cpu: (user + system) / 1_000, wall, digest: run.digest }
})
