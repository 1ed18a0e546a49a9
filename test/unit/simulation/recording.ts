import type { Load } from '../../../lib/simulation/index.ts'

/** A run on real guests, kept so that the simulated host can be held against it. JSON in test/lab/recordings. */
export interface Recording {
  /** What was run and where, in a few words. */
  readonly name: string
  /** The policy that was in charge; `none` only watched. */
  readonly policy: 'balance' | 'none'
  readonly pcpus: number
  /** Fraction of each pCPU that was busy with what is no vCPU: the same on each, or by pCPU. */
  readonly background: number | readonly number[]
  /** Milliseconds between ticks. */
  readonly interval: number
  /** The figures are means over these ticks, counted from 0, the last one not among them. */
  readonly from: number
  readonly to: number
  /** Guests of one vCPU. A load is given as what it takes alone, not as what it was asked to take. */
  readonly guests: readonly RecordedGuest[]
}

export interface RecordedGuest {
  readonly load: Load
  /** pCPUs that it could run on at the start, as a list such as `0` or `0-3`. */
  readonly affinity: string
  /** Fractions of a pCPU; null: not recorded. */
  readonly usage: number | null
  readonly delay: number | null
}
