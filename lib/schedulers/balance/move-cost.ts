import { wrongOption } from '../../host/errors.ts'
import type { Shape } from './bins.ts'

/**
 * The cost of moves and places, each as a difference of load, a fraction of one pCPU: by how much lower the demand on the
 * target must be, with the vCPU on it, than on the pCPU that it left, without it. So a vCPU that wants w costs 2 w x of the
 * sum of squared loads.
 */
export interface Price {
  /** A move to the other thread of the same core. */
  readonly core: number
  /** A move within the pCPUs that share the last-level cache. */
  readonly cache: number
  /** A move within the NUMA cell. */
  readonly cell: number
  /** A move to another cell. */
  readonly remote: number
  /** How much more load the cell with a guest's memory must have than others before the guest leaves it. */
  readonly away: number
}

/** Default prices. Those near are below what noise makes; that of another cell is a page cache and memory left behind. */
export const defaultPrice: Price = { core: 0.001, cache: 0.002, cell: 0.02, remote: 0.05, away: 0.2 }

/** @throws TypeError for a price that is no fraction from 0 to 1. */
export function priceFrom(given: Partial<Price> | undefined): Price {
  const price = { ...defaultPrice, ...given }
  for (const name of Object.keys(price) as (keyof Price)[]) {
    const value = price[name]
    if (!(name in defaultPrice))
      throw wrongOption(`cost.${name}`, 'one of core, cache, cell, remote, away', value)
    if (typeof value !== 'number' || !(value >= 0 && value <= 1)) {
      throw wrongOption(`cost.${name}`, 'a fraction from 0 to 1', value)
    }
  }
  return price
}

/** What a move from bin to bin costs of the sum of squares, for each bit of load that is moved. */
export function priceOf(shape: Shape, price: Price, from: number, to: number): number {
  if (from === to) return 0
  const difference =
    shape.cell[from] !== shape.cell[to]
      ? price.remote
      : shape.cache[from] !== shape.cache[to]
        ? price.cell
        : shape.core[from] !== shape.core[to]
          ? price.cache
          : price.core
  return 2 * difference
}

/**
 * The prices of a host with what its nearest move costs taken off each: that much is there for every move, and whether
 * to move at all is weighed by more than this.
 */
export function beyondNearest(shape: Shape, price: Price): Price {
  const nearest = Math.min(...distances(shape, price)) / 2
  const less = (difference: number) => Math.max(0, difference - nearest)
  const { core, cache, cell, remote, away } = price
  return { core: less(core), cache: less(cache), cell: less(cell), remote: less(remote), away }
}

/** The prices of the moves that there are on a host. */
export function distances(shape: Shape, price: Price): number[] {
  const prices = new Set<number>()
  // From one bin of each core the others are as far as from any: a few are enough to meet every distance.
  for (let from = 0; from < Math.min(shape.sets.length, 2); from++) {
    for (let to = 0; to < shape.sets.length; to++) {
      if (to !== from) prices.add(priceOf(shape, price, from, to))
    }
  }
  return [...prices]
}
