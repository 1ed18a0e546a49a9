import {
  type Build,
  baselineCommit,
  baselineTree,
  currentTree,
  startBuild,
  takeTurnsOfBuilds,
} from '../baseline.ts'
import { type BuildSpreads, ratioOf, spreadsOfBuilds } from '../build-spreads.ts'
import type { Span } from './child.ts'
import type { Size } from './scenario.ts'

/** The most that 1,000 guests may take, as a part of what the baseline takes. */
export const simulateLimit = 0.1
const judgedGuests = 1_000
/**
 * Turns before those that count: compilers get warm, in threads whose time is that of the process too. That takes so many
 * guests in all.
 */
const warmUpTurns = ({ guests }: Size) => Math.max(4, Math.ceil(400 / guests))

const sizes: readonly Size[] = [
  { guests: 10, pcpus: { cores: 4 } },
  { guests: 100, pcpus: { cores: 8, threads: 2 } },
  { guests: 300, pcpus: { sockets: 2, cores: 10, threads: 2 } },
  { guests: judgedGuests, pcpus: { sockets: 2, cores: 32, threads: 2 } },
]

/** What 2 s of one host cost in both builds. */
export interface SizeFigures {
  readonly guests: number
  readonly vcpus: number
  readonly pcpus: number
  /** Milliseconds of CPU time. */
  readonly cpu: BuildSpreads
  /** Milliseconds by the clock. */
  readonly wall: BuildSpreads
  /** Of the medians of CPU time. */
  readonly ratio: number
  /** Whether all samples of both builds were the same, to the bit. */
  readonly same: boolean
}

export interface SimulateFigures {
  readonly bench: 'simulate'
  readonly passed: boolean
  readonly baseline: string
  readonly turns: number
  readonly limit: number
  readonly sizes: readonly SizeFigures[]
}

/** Times the simulated host of this checkout beside that of the baseline, and compares their samples. */
export async function measureSimulation(
  turns: number,
  log: (line: string) => void,
): Promise<SimulateFigures> {
  const script = new URL('./child.ts', import.meta.url)
  using baseline = startBuild<Size, Span>(script, await baselineTree())
  using current = startBuild<Size, Span>(script, currentTree)
  const figures: SizeFigures[] = []
  for (const size of sizes) {
    log(`${size.guests} guests`)
    figures.push(await measure(size, baseline, current, turns))
  }
  const judged = figures.find(({ guests }) => guests === judgedGuests)!
  const passed = judged.ratio <= simulateLimit && figures.every(({ same }) => same)
  return { bench: 'simulate', passed, baseline: baselineCommit, turns, limit: simulateLimit, sizes: figures }
}

async function measure(
  size: Size,
  baseline: Build<Size, Span>,
  current: Build<Size, Span>,
  turns: number,
): Promise<SizeFigures> {
  const warmUp = warmUpTurns(size)
  const spans = await takeTurnsOfBuilds(baseline, current, size, warmUp + turns)
  const cpu = spreadsOfBuilds(spans, warmUp, (span) => [span.cpu])
  const { sockets = 1, cores, threads = 1 } = size.pcpus
  return {
    guests: size.guests,
    vcpus: 4 * size.guests,
    pcpus: sockets * cores * threads,
    cpu,
    wall: spreadsOfBuilds(spans, warmUp, (span) => [span.wall]),
    ratio: ratioOf(cpu),
    same: spans.baseline.every(({ digest }, turn) => digest === spans.current[turn]!.digest),
  }
}
