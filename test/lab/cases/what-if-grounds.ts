import type { AutopilotOptions } from '../../../lib/control/autopilot.ts'
import type { PolicyKind } from '../../../lib/policies.ts'
import { pilotOf } from '../../../lib/recording/configuration.ts'
import { type FiguresRecord, HostFigures } from '../../../lib/whatif/host-figures.ts'
import { placeA1 } from './balance.ts'
import { interval as balanceInterval } from './balance-run.ts'
import type { Stage } from './case.ts'
import { free, grow, growthMiB, interval as memoryInterval, prepareM1 } from './memory.ts'
import { mib, type Player } from './memory-host.ts'

/** How a host did under a policy. */
export interface Run {
  readonly figures: FiguresRecord
  /** Programs of guests that were killed for want of memory. */
  readonly programsKilled: number
}

/**
 * A case whose guests are told the same at the same ticks whatever becomes of them, so that runs under several policies, and
 * a simulation of them, are of one load.
 */
export interface Ground {
  readonly name: string
  readonly kind: Extract<PolicyKind, 'scheduler' | 'ballooning'>
  /** The policy that is recorded; it is the default of its kind. */
  readonly recorded: string
  /** The policies that are asked for. */
  readonly asked: readonly string[]
  /** Runs it from the beginning under a policy of {@link kind}, or `none`. */
  readonly run: (stage: Stage, policy: string) => Promise<Run>
}

/** All guests on one pCPU, as A1 begins. */
const crowdTicks = 40
export const crowd: Ground = {
  name: 'A1',
  kind: 'scheduler',
  recorded: 'balance',
  asked: ['lpt', 'one-move', 'none'],
  run: async (stage, policy) => {
    await placeA1(stage)
    const options = pilotOf({ loop: { interval: balanceInterval }, policies: {} }, { scheduler: policy })
    const figures = await figuresOf(stage, options, crowdTicks)
    return { figures, programsKilled: 0 }
  },
}

/** One program that grows, as in M1, holds what it has for a while, and frees it. */
const ticksHeld = 8
const ticksFreed = 15
export const growth: Ground = {
  name: 'M1',
  kind: 'ballooning',
  recorded: 'shares',
  asked: ['watermark', 'none'],
  run: async (stage, policy) => {
    const { players, hostMemoryReserve } = await prepareM1(stage)
    const growing = players.filter(({ most }) => most > 0)
    const grown = Math.ceil((1_000 * mib(mostOf(growing))) / growthMiB / memoryInterval) + ticksHeld
    await grow(growing)
    const loop = { interval: memoryInterval, hostMemoryReserve }
    const options = pilotOf({ loop, policies: {} }, { ballooning: policy })
    const figures = await figuresOf(stage, options, grown + ticksFreed, async (ticks) => {
      if (ticks === grown) await Promise.all(growing.map((player) => free(player, ticks)))
    })
    const stats = await Promise.all(players.map(({ guest }) => guest.stat()))
    // The agent counts those of its own that ended so, the guest's kernel all.
    const programsKilled = stats.reduce((sum, { killed, oomKills }) => sum + Math.max(killed, oomKills), 0)
    return { figures, programsKilled }
  },
}

function mostOf(players: readonly Player[]): number {
  return Math.max(...players.map(({ most }) => most))
}

/** Runs the controllers for so many ticks; `after` is called after each with their number. */
async function figuresOf(
  stage: Stage,
  options: AutopilotOptions,
  ticks: number,
  after: (ticks: number) => Promise<void> = async () => {},
): Promise<FiguresRecord> {
  const figures = new HostFigures()
  for await (const { cause, view, outcomes } of stage.pilot(options)) {
    const applied = outcomes.flatMap(({ action, status }) => (status === 'applied' ? [action] : []))
    if (cause !== 'interval') {
      figures.changed(applied)
      continue
    }
    figures.take(view, applied)
    await after(figures.ticks)
    if (figures.ticks === ticks) break
  }
  return figures.record()
}
