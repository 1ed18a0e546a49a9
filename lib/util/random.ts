/** A small seeded generator (mulberry32 by Tommy Ettinger, public domain): the same seed gives the same numbers everywhere. */
export class Random {
  /** 32 bits, signed: such a number needs no box. */
  #state: number

  /** `name` gives each part of the simulation numbers of its own, so that a change in one part leaves the others as they were. */
  constructor(seed: number, name: string) {
    this.#state = hash(name, seed >>> 0) | 0
  }

  /** A number from 0 up to, not including, 1. */
  next(): number {
    const state = (this.#state + 0x6d2b79f5) | 0
    this.#state = state
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** Passes a number over. */
  skip(): void {
    this.#state = (this.#state + 0x6d2b79f5) | 0
  }

  /** A whole number from 0 up to, not including, `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  /** `value` give or take up to `part` of it. */
  around(value: number, part: number): number {
    return value * (1 + part * (2 * this.next() - 1))
  }
}

/** FNV-1a with a seed: 32 bits that depend on every character. */
export function hash(text: string, seed: number): number {
  let state = 0x811c9dc5 ^ seed
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193)
  return (state ^ (state >>> 16)) >>> 0
}
