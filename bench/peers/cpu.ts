import { setTimeout as sleep } from 'node:timers/promises'
import { standardDeviation } from '../../lib/util/statistics.ts'
import { placeCase, turnOf } from '../../test/lab/cases/balance.ts'
import type { Stage } from '../../test/lab/cases/case.ts'
import { commandOf } from '../../test/lab/cases/load.ts'
import { placeTrap } from '../../test/lab/cases/trap.ts'
import type { Guest } from '../../test/lab/guest.ts'
import type { Peer } from './peer.ts'
import { type VcpuThread, vcpuThread } from './vcpu-threads.ts'

/** The classic cases that differ in what they need, and the host that looks level by usage and is not. */
export const cpuCases = ['A1', 'A5', 'A7', 'TRAP'] as const
export type CpuCase = (typeof cpuCases)[number]

/** Seconds for which each is watched, from the start of the peer on; the load of A7 changes at a third of it. */
const watchedSeconds = 45
/** Seconds at the end that show where it has come to. */
const endSeconds = 20

/** What a peer made of a case. */
export interface CpuFigures {
  /** CPU time that the guests had, of what they would have had with a pCPU for each, in percent: over all, and at the end. */
  readonly donePercent: number
  readonly doneAtEndPercent: number
  /** Part of the time for which the vCPU that waits most waited at the end, in percent. */
  readonly longestDelayPercent: number
  /** Standard deviation of the pCPUs' load by vCPUs at the end, in points of a pCPU. */
  readonly deviationPercent: number
  /** Changes of where a vCPU may run. */
  readonly pins: number
  /** Looks, one a second, at which a vCPU was on another pCPU than at the look before, the kernel's own moves among them. */
  readonly moves: number
}

interface Placed {
  readonly guests: readonly Guest[]
  /** Part of a pCPU that each takes alone. */
  readonly alone: readonly number[]
}

/** Has a peer manage the guests of a case, and looks at them by /proc, once a second. */
export async function measureCpu(
  stage: Stage,
  name: CpuCase,
  peer: Peer,
  signal: AbortSignal,
): Promise<CpuFigures> {
  const placed = name === 'TRAP' ? await placeTrap(stage) : await placeCase(stage, name)
  const { guests } = placed
  const pcpus = [...stage.host.topology.online]
  const looks: (readonly VcpuThread[])[] = []
  const times: number[] = []
  /** By look, what each guest takes alone then. */
  const wanted: (readonly number[])[] = []
  let alone = placed.alone
  await using _peer = await peer.begin(stage, guests)
  const began = performance.now()
  for (let second = 0; second <= watchedSeconds; second++) {
    await sleep(Math.max(0, began + 1_000 * second - performance.now()), undefined, { signal })
    times.push(performance.now())
    looks.push(await Promise.all(guests.map(vcpuThread)))
    wanted.push(alone)
    if (name === 'A7' && second === Math.floor(watchedSeconds / 3)) {
      alone = await turn(stage, placed, looks.at(-1)!, pcpus)
    }
  }
  return figuresOf({ looks, times, wanted, pcpus })
}

/** Gives those that are on the first half of the pCPUs their heavier load; returns what each takes alone from then on. */
async function turn(
  stage: Stage,
  { guests }: Placed,
  now: readonly VcpuThread[],
  pcpus: readonly number[],
): Promise<readonly number[]> {
  const { loads, alone } = await turnOf(
    stage,
    guests,
    now.map(({ pcpu }) => pcpus.indexOf(pcpu)),
  )
  await Promise.all(guests.map((guest, i) => guest.send(commandOf(loads[i]!))))
  return alone
}

interface Watched {
  readonly looks: readonly (readonly VcpuThread[])[]
  readonly times: readonly number[]
  readonly wanted: readonly (readonly number[])[]
  readonly pcpus: readonly number[]
}

function figuresOf({ looks, times, wanted, pcpus }: Watched): CpuFigures {
  const last = looks.length - 1
  const fromEnd = last - endSeconds
  const guests = looks[0]!.map((_, i) => i)
  const done = (from: number) => {
    const ran = sum(guests.map((i) => looks[last]![i]!.run - looks[from]![i]!.run)) / 1e6
    let due = 0
    for (let look = from + 1; look <= last; look++)
      due += sum(wanted[look]!) * (times[look]! - times[look - 1]!)
    return (100 * ran) / due
  }
  const delays = guests.map(
    (i) => (looks[last]![i]!.delay - looks[fromEnd]![i]!.delay) / 1e4 / (times[last]! - times[fromEnd]!),
  )
  const deviations: number[] = []
  for (let look = fromEnd + 1; look <= last; look++) {
    const took = times[look]! - times[look - 1]!
    const loads = pcpus.map((pcpu) =>
      sum(
        guests.map((i) =>
          looks[look]![i]!.pcpu === pcpu ? looks[look]![i]!.run - looks[look - 1]![i]!.run : 0,
        ),
      ),
    )
    deviations.push(100 * standardDeviation(loads.map((load) => load / 1e6 / took)))
  }
  const changes = (of: (thread: VcpuThread) => unknown) =>
    sum(looks.slice(1).map((look, at) => guests.filter((i) => of(look[i]!) !== of(looks[at]![i]!)).length))
  return {
    donePercent: done(0),
    doneAtEndPercent: done(fromEnd),
    longestDelayPercent: Math.max(...delays),
    deviationPercent: sum(deviations) / deviations.length,
    pins: changes(({ allowed }) => allowed),
    moves: changes(({ pcpu }) => pcpu),
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
