import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '../lib/libvirt/connect.ts'
import { Lab } from '../test/lab/lab.ts'
import { baselineCommit } from './baseline.ts'
import { type Changes, measureChanges } from './changes.ts'
import { addPaused, addSpinning } from './crowd.ts'
import { loopDelayDuring } from './loop-delay.ts'
import { type Clients, passesOver, sampleFull } from './passes.ts'
import { compileRawC, Peer } from './peer.ts'
import { type SampledBuilds, SamplingBuilds, samplingRatioLimit } from './sampling-builds.ts'
import { buildsTable, changesTable, roundTable } from './table.ts'
import { takeTurns } from './turns.ts'
import { type Check, judge, type Round, ratioLimits, ratioOf } from './verdict.ts'

export interface SamplingOptions {
  /** Ends the run early; the lab is taken away all the same. */
  readonly signal: AbortSignal
  /** Turns that count, in each round. */
  readonly turns: number
  /** Paused domains. */
  readonly domains: number
  /** Told what is being done, a line at a time. */
  readonly log: (line: string) => void
  /** Told the figures of each round as a table, when they are there. */
  readonly show: (table: string) => void
}

/** All figures of one run. */
export interface SamplingFigures {
  readonly bench: 'sampling'
  readonly passed: boolean
  readonly domains: number
  readonly turns: number
  readonly baseline: string
  /** The most that each pass may take, as a part of what the baseline takes. */
  readonly ratioLimit: number
  /** Every limit in every round. */
  readonly checks: readonly Check[]
  readonly rounds: readonly (Round & {
    readonly ratios: Readonly<Record<string, number>>
    readonly builds: readonly SampledBuilds[]
  })[]
  readonly changes: Changes
}

const spinners = 8
/** On a slow machine a late answer is measured rather than given up, as those of the peers are. */
const patient = { callDeadline: 60_000, memoryDeadline: 30_000 }
/** Fewer say little of the one in a hundred. */
const loopChecks = 2_000

/**
 * Measures what a sample costs beside raw C and libvirt-python: all on the same domains of a lab of its own,
 * first on an idle host, then with guests beside them that never sleep.
 */
export async function measureSampling(options: SamplingOptions): Promise<SamplingFigures> {
  const { signal, log } = options
  log('compiling the C program and the baseline')
  await using raw = await compileRawC()
  using builds = await SamplingBuilds.start()
  await using lab = await Lab.up({ log })
  const stopped = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
  })
  signal.throwIfAborted()
  try {
    return await Promise.race([measureOn(lab, { rawProgram: raw.program, builds }, options), stopped])
  } finally {
    log('taking the lab away')
  }
}

async function measureOn(
  lab: Lab,
  { rawProgram, builds }: { readonly rawProgram: string; readonly builds: SamplingBuilds },
  options: SamplingOptions,
): Promise<SamplingFigures> {
  const { turns, domains, log, show } = options
  await addPaused(lab, domains, (made) => log(`${made} of ${domains} paused domains`))

  await using rawC = Peer.rawC(rawProgram, lab.uri)
  await using python = Peer.python(lab.uri)
  await using host = await connect(lab.uri, patient)
  await using remote = await connect(lab.uri, { ...patient, cpuSource: 'libvirt' })
  const clients = { rawC, python, host, remote }

  const beside = async (round: Round) => {
    show(roundTable(round))
    log(`the ${round.round} host: beside the baseline`)
    const figures = await builds.measure(lab.uri, round.domains, turns)
    show(buildsTable(figures))
    return { ...round, builds: figures }
  }
  const idle = await beside(await measureRound(clients, { round: 'idle', domains, spinning: 0 }, options))
  log('adding a domain and taking it away again, a few times')
  const changes = await measureChanges(lab, domains)
  show(changesTable(changes))

  await addSpinning(lab, spinners)
  const all = domains + spinners
  const setting = { round: 'busy', domains: all, spinning: spinners } as const
  const busy = await beside(await measureRound(clients, setting, options))

  const rounds = [idle, busy]
  const checks = rounds.flatMap(judge)
  return {
    bench: 'sampling',
    passed: [...checks, ...rounds.flatMap((round) => round.builds)].every(({ passed }) => passed),
    domains,
    turns,
    baseline: baselineCommit,
    ratioLimit: samplingRatioLimit,
    checks,
    rounds: rounds.map((round) => ({
      ...round,
      ratios: Object.fromEntries(ratioLimits.map((ratio) => [ratio.ours, ratioOf(ratio, round)])),
    })),
    changes,
  }
}

async function measureRound(
  clients: Clients,
  setting: Pick<Round, 'round' | 'domains' | 'spinning'>,
  { turns, log }: SamplingOptions,
): Promise<Round> {
  const { round, domains } = setting
  const passes = passesOver(clients, domains)
  const ms = await takeTurns(passes, turns, (turn) => log(`the ${round} host: turn ${turn} of ${turns}`))
  log(`the ${round} host: how long the JS thread is held`)
  const loopDelayAtRest = await loopDelayDuring(loopChecks, () => sleep(100))
  const loopDelay = await loopDelayDuring(loopChecks, () => sampleFull(clients.host, domains))
  return { ...setting, ms, loopDelay, loopDelayAtRest }
}
