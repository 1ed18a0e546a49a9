import { leastGain, regretOf } from './cost.ts'
import type { FiguresRecord } from './host-figures.ts'
import type { FittedLoad } from './load.ts'
import { type Pilot, type Played, play, ticksOf } from './play.ts'

/** Policies under which a load is played, by the name that they are shown with. */
export interface Asked {
  readonly name: string
  readonly pilot: Pilot
}

/** How far a simulation is from what was recorded: simulated less recorded. NaN: not known of one of them. */
export interface Miss {
  readonly moves: number
  /** Fractions of a pCPU. */
  readonly deviation: number
  readonly busyDeviation: number
  readonly worstDelay: number
  /** Of each vCPU over the whole time: the mean of what they are off by, up or down. Fractions of a pCPU. */
  readonly usage: number
  readonly delay: number
  /** Of each guest: the largest and the mean of what the mean size of its balloon is off by, as parts of that size. */
  readonly largestSize: number
  readonly size: number
}

/** One answer. */
export interface Answer {
  readonly name: string
  readonly played: Played
  /** What the scheduler, and the ballooning policy, give away against a bound of hindsight; undefined: there was hardly anything to gain. */
  readonly regret: { readonly cpu: number | undefined; readonly memory: number | undefined }
}

export interface WhatIf {
  readonly answers: readonly Answer[]
  /** Without any policy. */
  readonly none: Played
  /** Milliseconds of load that were played for each millisecond that it took. */
  readonly speed: number
}

export interface WhatIfOptions {
  readonly signal?: AbortSignal | undefined
  /** Called after each tick: how many of how many were played. */
  readonly progress?: ((done: number, total: number) => void) | undefined
}

/** Plays a load under each of these policies, and without any, for comparison. */
export async function whatIf(
  load: FittedLoad,
  asked: readonly Asked[],
  { signal, progress }: WhatIfOptions = {},
): Promise<WhatIf> {
  const began = performance.now()
  const nobody: Pilot = { interval: load.interval }
  const pilots = [nobody, ...asked.map(({ pilot }) => pilot)]
  const total = pilots.reduce((sum, { interval }) => sum + ticksOf(load, interval), 0)
  let before = 0
  const playAs = async (pilot: Pilot) => {
    const played = await play(load, pilot, { signal, progress: (ticks) => progress?.(before + ticks, total) })
    before += ticksOf(load, pilot.interval)
    return played
  }
  const none = await playAs(nobody)
  const answers: Answer[] = []
  for (const { name, pilot } of asked) {
    const played = await playAs(pilot)
    const regret = {
      cpu: pilot.scheduler && regretOf(played.cost.cpu, none.cost.cpu, leastGain.cpu),
      memory: pilot.ballooning && regretOf(played.cost.memory, none.cost.memory, leastGain.memory),
    }
    answers.push({ name, played, regret })
  }
  const took = performance.now() - began
  return {
    answers,
    none,
    speed: took > 0 ? ((asked.length + 1) * load.ticks * load.interval) / took : Number.POSITIVE_INFINITY,
  }
}

/** How far a simulation is from a recording. */
export function missOf(simulated: FiguresRecord, recorded: FiguresRecord): Miss {
  const off = (what: 'moves' | 'deviation' | 'busyDeviation' | 'worstDelay') =>
    simulated[what] - recorded[what]
  const pairs = recorded.guests.flatMap((guest) => {
    const same = simulated.guests.find(({ name }) => name === guest.name)
    return same ? [{ guest, same }] : []
  })
  const ofVcpus = (what: 'usage' | 'delay') =>
    meanOfKnown(
      pairs.flatMap(({ guest, same }) => guest[what].map((part, vcpu) => Math.abs(same[what][vcpu]! - part))),
    )
  const sizes = pairs
    .map(({ guest, same }) => Math.abs(same.size - guest.size) / guest.size)
    .filter((part) => !Number.isNaN(part))
  return {
    moves: off('moves'),
    deviation: off('deviation'),
    busyDeviation: off('busyDeviation'),
    worstDelay: off('worstDelay'),
    usage: ofVcpus('usage'),
    delay: ofVcpus('delay'),
    largestSize: sizes.length > 0 ? Math.max(...sizes) : Number.NaN,
    size: meanOfKnown(sizes),
  }
}

function meanOfKnown(values: readonly number[]): number {
  const known = values.filter((value) => !Number.isNaN(value))
  return known.length > 0 ? known.reduce((sum, value) => sum + value, 0) / known.length : Number.NaN
}
