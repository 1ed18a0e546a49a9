import type { DomainMemoryView, HostMemoryView } from '../../view/view.ts'

/** How vCPUs do: means over some samples, in fractions of a pCPU or of the time. NaN: not known. */
export interface CpuFigures {
  /** What the vCPU runs that a change is about; of all vCPUs of the guest together where it is about none. */
  readonly usage: number
  /** Time that it is runnable and waits for a pCPU. */
  readonly delay: number
  /** What vCPUs run on each of the pCPUs that the change is about: those that it pins to, or where the guest is. */
  readonly load: number
  /** Delay of the vCPU there that waits longest. */
  readonly longestDelay: number
  /** Standard deviation of how busy the pCPUs of the host are. */
  readonly deviation: number
  /** Delay of the vCPU of the host that waits longest. */
  readonly worstDelay: number
}

/** How the memory of a guest does. Bytes, and events per second. NaN: not known. */
export interface MemoryFigures {
  readonly actual: number
  /** Free, or page cache that can be dropped. */
  readonly usable: number
  readonly unused: number
  /** Bytes swapped in and out, per second. */
  readonly swapped: number
  readonly majorFaults: number
  /** What the host has left of its budget. */
  readonly margin: number
}

/** Figures that a change is about; a half that has nothing to do with it is left out. */
export interface Figures {
  readonly cpu?: CpuFigures | undefined
  readonly memory?: MemoryFigures | undefined
}

/** What a host has left to grant. */
export function marginOf({ budget, committed }: HostMemoryView): number {
  return budget - committed
}

/** The levels of a guest's memory as figures. */
export function levelsOf({ actual, usable, unused }: DomainMemoryView) {
  return { actual: actual ?? Number.NaN, usable: usable ?? Number.NaN, unused: unused ?? Number.NaN }
}

/** What was seen less what was predicted, figure by figure. */
export function errorOf(seen: Figures, predicted: Figures): Figures {
  return {
    ...(seen.cpu && predicted.cpu && { cpu: difference(seen.cpu, predicted.cpu) }),
    ...(seen.memory && predicted.memory && { memory: difference(seen.memory, predicted.memory) }),
  }
}

function difference<F extends Numbers<F>>(a: F, b: F): F {
  return figuresLike(a, (name) => a[name] - b[name])
}

/** The mean of each figure over those in which it is known; undefined: there are none. */
export function meanOf<F extends Numbers<F>>(all: readonly F[]): F | undefined {
  const [first] = all
  if (!first) return undefined
  return figuresLike(first, (name) => {
    let sum = 0
    let known = 0
    for (const figures of all) {
      const value = figures[name]
      if (Number.isNaN(value)) continue
      sum += value
      known++
    }
    return known > 0 ? sum / known : Number.NaN
  })
}

type Numbers<F> = { readonly [K in keyof F]: number }

/** Figures of the same kind, from their names. */
export function figuresLike<F extends Numbers<F>>(like: F, of: (name: keyof F) => number): F {
  const figures = { ...like } as { -readonly [K in keyof F]: number }
  for (const name in like) figures[name] = of(name)
  return figures as unknown as F
}
