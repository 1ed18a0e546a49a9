import { programThatUses } from '../simulation/guest-kernel.ts'
import type { DomainScenario, Scenario } from '../simulation/scenario.ts'
import { KiB, MiB } from '../util/units.ts'
import type { FiguresRecord, LowestScore } from './host-figures.ts'
import type { FittedLoad } from './load.ts'
import { type Pilot, type PlayOptions, play } from './play.ts'
import { loadThatWants } from './scenario-load.ts'

/** A guest that is to be added. */
export interface GuestShape {
  readonly vcpus: number
  /** Bytes that it can have. */
  readonly size: number
  /** What each vCPU wants, as a fraction of a pCPU, and what the guest uses of its size, as a part of it. */
  readonly load: number
  readonly use: number
}

/** Why a host does not carry a number of guests: a guest's score, or what its memory came to. */
export type Limit =
  | LowestScore
  | { readonly of: 'memory'; readonly what: 'the host swaps' | 'programs are killed' }

export interface Capacity {
  /** The most guests that the host carries besides, of those that were tried. */
  readonly guests: number
  /** With that many, the lowest score; undefined: none is known. */
  readonly lowest: LowestScore | undefined
  /** What gives out with one more; undefined: nothing did up to `most`. */
  readonly limit: Limit | undefined
  /** Numbers of guests that were tried, in their order. */
  readonly tried: readonly { readonly guests: number; readonly carries: boolean }[]
}

export interface CapacityOptions extends Pick<PlayOptions, 'signal'> {
  /** Points that no score may be below. */
  readonly scoreLimit: number
  /** Numbers above are not tried. */
  readonly most: number
  /** Called before each number of guests is tried. */
  readonly trying?: ((guests: number) => void) | undefined
}

/** Ticks in which policies place what is there at first; nothing is judged in them. */
const settling = 10
/** Bytes that a guest has above what it uses when it begins, as one that has long been there. */
const beside = 128 * MiB

/**
 * How many more guests of this shape a host carries beside its load: by doubling and then halving, each number on a simulated
 * host of its own. A host carries them when the mean score of each guest is at least the limit, no program is killed and the
 * host never has to swap.
 */
export async function capacityOf(
  load: FittedLoad,
  pilot: Pilot,
  shape: GuestShape,
  { scoreLimit, most, signal, trying }: CapacityOptions,
): Promise<Capacity> {
  const tried: { guests: number; carries: boolean }[] = []
  let lowest: LowestScore | undefined
  let limit: Limit | undefined
  const carries = async (guests: number) => {
    trying?.(guests)
    const { figures, toll } = await play(
      { ...load, scenario: withGuests(load.scenario, shape, guests) },
      pilot,
      {
        signal,
        settling,
      },
    )
    const broken = brokenBy(figures, toll, scoreLimit)
    tried.push({ guests, carries: broken === undefined })
    if (broken) limit = broken
    else lowest = figures.lowestScore
    return broken === undefined
  }
  if (!(await carries(0))) return { guests: 0, lowest, limit, tried }
  let good = 0
  let bad = 1
  while (good < most && (await carries(bad))) {
    good = bad
    bad = Math.min(most, 2 * bad)
  }
  if (good === most) return { guests: good, lowest, limit: undefined, tried }
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2)
    if (await carries(middle)) good = middle
    else bad = middle
  }
  return { guests: good, lowest, limit, tried }
}

function withGuests(scenario: Scenario, { vcpus, size, load, use }: GuestShape, count: number): Scenario {
  const maximum = Math.floor(size / KiB) * KiB
  const used = use * maximum
  const guests = Array.from({ length: count }, (_, index): DomainScenario => {
    return {
      name: `added-${index + 1}`,
      vcpus: Array.from({ length: vcpus }, () => ({ load: loadThatWants(load, 1) })),
      memory: {
        maximum,
        actual: Math.min(maximum, Math.ceil((used + beside) / KiB) * KiB),
        program: { size: programThatUses(used, maximum) },
      },
    }
  })
  return { ...scenario, domains: [...scenario.domains, ...guests] }
}

function brokenBy(
  figures: FiguresRecord,
  toll: { readonly hostSwapped: number; readonly programsKilled: number },
  scoreLimit: number,
): Limit | undefined {
  if (toll.hostSwapped > 0) return { of: 'memory', what: 'the host swaps' }
  const { lowestScore } = figures
  if (lowestScore && lowestScore.points < scoreLimit) return lowestScore
  if (toll.programsKilled > 0) return { of: 'memory', what: 'programs are killed' }
  return undefined
}

/** The shape of a guest of which nothing else is known: what the median of those that are there wants and uses. */
export function medianUse({ guests }: FiguresRecord): Pick<GuestShape, 'load' | 'use'> {
  const loads = guests.flatMap(({ demand }) => demand).filter((part) => !Number.isNaN(part))
  const uses = guests.map(({ use }) => use).filter((part) => !Number.isNaN(part))
  return { load: median(loads) ?? 0.1, use: median(uses) ?? 0.5 }
}

function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
}
