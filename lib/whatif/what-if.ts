import { leastGain, regretOf } from './cost.ts'
import type { FittedLoad } from './load.ts'
import { type Pilot, type Played, play, ticksOf } from './play.ts'

/** Policies under which a load is played, by the name that they are shown with. */
export interface Asked {
  readonly name: string
  readonly pilot: Pilot
}

/** One answer. */
export interface Answer {
  readonly name: string
  readonly played: Played
  /**
   * What the scheduler, and the ballooning policy, give away against a bound of hindsight; undefined: there was hardly
   * anything to gain.
   */
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
