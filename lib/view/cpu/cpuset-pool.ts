import { CpuSet } from '../../host/cpuset.ts'

/** More distinct maps than a host has at any time; above it the pool starts anew. */
const poolLimit = 65_536

/**
 * Turns rows of a Sample's affinity words into `CpuSet`s and hands out the same object for the same
 * members, since thousands of vCPUs share a few maps.
 */
export class AffinitySets {
  readonly #pool = new Map<number, CpuSet[]>()
  #size = 0

  /** The set in `words`, starting at `offset`; undefined when all of its `count` words are 0: not known. */
  at(words: Uint32Array, offset: number, count: number): CpuSet | undefined {
    let hash = 0x811c9dc5
    let any = 0
    for (let i = offset; i < offset + count; i++) {
      any |= words[i]!
      hash = Math.imul(hash ^ words[i]!, 0x01000193)
    }
    if (any === 0) return undefined

    for (const set of this.#pool.get(hash) ?? []) if (set.isInWords(words, offset, count)) return set
    return this.#add(hash, CpuSet.fromWords(words.subarray(offset, offset + count)))
  }

  #add(hash: number, set: CpuSet): CpuSet {
    if (this.#size >= poolLimit) {
      this.#pool.clear()
      this.#size = 0
    }
    const bucket = this.#pool.get(hash)
    if (bucket) bucket.push(set)
    else this.#pool.set(hash, [set])
    this.#size++
    return set
  }
}
