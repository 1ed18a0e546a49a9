import type { FiguresRecord } from './host-figures.ts'

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
