import { CpuSet } from '../../host/cpuset.ts'

/** More distinct maps than a host has at any time; above it the pool starts anew. */
const poolLimit = 65_536

/**
 * Turns rows of a Sample's affinity words into `CpuSet`s and hands out the same object for the same
 * members, since thousands of vCPUs share a few maps.
 */
export class AffinitySets {
  readonly #pool = new Map<number, { readonly words: Uint32Array; readonly set: CpuSet }[]>()
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

    const bucket = this.#pool.get(hash)
    const found = bucket?.find((entry) => same(entry.words, words, offset, count))
    if (found) return found.set
    return this.#add(hash, words.slice(offset, offset + count))
  }

  #add(hash: number, words: Uint32Array): CpuSet {
    if (this.#size >= poolLimit) {
      this.#pool.clear()
      this.#size = 0
    }
    const set = CpuSet.fromWords(words)
    const bucket = this.#pool.get(hash)
    if (bucket) bucket.push({ words, set })
    else this.#pool.set(hash, [{ words, set }])
    this.#size++
    return set
  }
}

function same(known: Uint32Array, words: Uint32Array, offset: number, count: number): boolean {
  if (known.length !== count) return false
  for (let i = 0; i < count; i++) if (known[i] !== words[offset + i]) return false
  return true
}
