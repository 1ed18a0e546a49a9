import { BallastError } from './errors.ts'

const bitsPerWord = 32
/** Above what any kernel supports (8,192); keeps a mistyped list from filling memory. */
const highestCpu = 0xffff

/**
 * An immutable set of pCPU numbers, for policies: a bitmap of 32-bit words. Two sets with the same
 * members are equal whatever their widths. Numbers are 0 to 65,535.
 */
export class CpuSet implements Iterable<number> {
  static readonly empty = new CpuSet(new Uint32Array(0))

  readonly #words: Uint32Array
  /** Counted when it is first asked for; -1 until then. */
  #size = -1

  private constructor(words: Uint32Array) {
    this.#words = words
  }

  /** The set of these pCPUs. */
  static of(...cpus: number[]): CpuSet {
    return CpuSet.from(cpus)
  }

  /** The set of these pCPUs; `TypeError` for anything that is no pCPU number. */
  static from(cpus: Iterable<number>): CpuSet {
    const list = [...cpus]
    let highest = -1
    for (const cpu of list) {
      assertCpu(cpu)
      if (cpu > highest) highest = cpu
    }
    const words = new Uint32Array(Math.ceil((highest + 1) / bitsPerWord))
    for (const cpu of list) words[cpu >>> 5]! |= 1 << (cpu & 31)
    return new CpuSet(words)
  }

  /** The pCPUs from `first` up to and including `last`. */
  static range(first: number, last: number): CpuSet {
    assertCpu(first)
    assertCpu(last)
    return CpuSet.from(Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i))
  }

  /** The set that a row of a Sample's affinity words holds; the words are copied. */
  static fromWords(words: Uint32Array): CpuSet {
    return new CpuSet(words.slice())
  }

  /**
   * Reads libvirt's and the kernel's list notation: numbers and ranges, separated by commas, `^` takes
   * out what stood before it: `0-3,8,^2` is 0, 1, 3, 8. Blank space around items is ignored; nothing but
   * blank space is the empty set, as the kernel prints it. Throws `ERR_INVALID_ARGUMENT` that quotes the
   * part it could not read.
   */
  static parse(list: string): CpuSet {
    if (list.trim() === '') return CpuSet.empty
    const members = new Set<number>()
    for (const item of list.split(',')) {
      const match = /^\s*(\^)?(\d+)(?:-(\d+))?\s*$/.exec(item)
      const first = Number(match?.[2])
      const last = match?.[3] === undefined ? first : Number(match[3])
      if (!match || first > last || last > highestCpu) {
        throw new BallastError(
          'ERR_INVALID_ARGUMENT',
          `Cannot read ${JSON.stringify(item)} in the CPU list ${JSON.stringify(list)}: expected numbers and ranges from 0 to ${highestCpu}, like 0-3,8,^2`,
        )
      }
      for (let cpu = first; cpu <= last; cpu++) {
        if (match[1]) members.delete(cpu)
        else members.add(cpu)
      }
    }
    return CpuSet.from(members)
  }

  /** How many pCPUs are in the set. */
  get size(): number {
    if (this.#size < 0) {
      this.#size = 0
      for (let word of this.#words) {
        for (; word !== 0; word &= word - 1) this.#size++
      }
    }
    return this.#size
  }

  get isEmpty(): boolean {
    return this.#words.every((word) => word === 0)
  }

  /** The lowest member; undefined when empty. */
  get first(): number | undefined {
    const index = this.#words.findIndex((word) => word !== 0)
    if (index < 0) return undefined
    const word = this.#words[index]!
    return 32 * index + 31 - Math.clz32(word & -word)
  }

  has(cpu: number): boolean {
    // Shifts would wrap what is no pCPU number (NaN, -1, 2 ** 32) onto one.
    return isCpu(cpu) && ((this.#words[cpu >>> 5] ?? 0) & (1 << (cpu & 31))) !== 0
  }

  /** Members of both. */
  and(other: CpuSet): CpuSet {
    return new CpuSet(this.#words.map((word, i) => word & (other.#words[i] ?? 0)))
  }

  /** Members of either. */
  or(other: CpuSet): CpuSet {
    const [long, short] =
      this.#words.length >= other.#words.length ? [this.#words, other.#words] : [other.#words, this.#words]
    return new CpuSet(long.map((word, i) => word | (short[i] ?? 0)))
  }

  /** Members of this one that are not in the other. */
  minus(other: CpuSet): CpuSet {
    return new CpuSet(this.#words.map((word, i) => word & ~(other.#words[i] ?? 0)))
  }

  /** This set less some pCPUs. */
  without(...cpus: number[]): CpuSet {
    return this.minus(CpuSet.from(cpus))
  }

  isSubsetOf(other: CpuSet): boolean {
    return this.#words.every((word, i) => (word & ~(other.#words[i] ?? 0)) === 0)
  }

  equals(other: CpuSet): boolean {
    return this.isSubsetOf(other) && other.isSubsetOf(this)
  }

  /** Members in ascending order. */
  *[Symbol.iterator](): Generator<number, void, undefined> {
    for (const [index, bits] of this.#words.entries()) {
      for (let word = bits; word !== 0; word &= word - 1) {
        yield index * bitsPerWord + 31 - Math.clz32(word & -word)
      }
    }
  }

  /** The words of the bitmap, at least enough for `cpuCount` pCPUs; a copy. */
  toWords(cpuCount = 0): Uint32Array {
    const words = new Uint32Array(Math.max(this.#words.length, Math.ceil(cpuCount / bitsPerWord)))
    words.set(this.#words)
    return words
  }

  /** List notation with ranges, ascending: `0-3,8`; the empty set is ''. */
  toString(): string {
    const ranges: string[] = []
    let first = -1
    let last = -1
    const flush = () => {
      if (first >= 0) ranges.push(first === last ? `${first}` : `${first}-${last}`)
    }
    for (const cpu of this) {
      if (cpu !== last + 1 || first < 0) {
        flush()
        first = cpu
      }
      last = cpu
    }
    flush()
    return ranges.join(',')
  }

  /** As {@link CpuSet.toString}, so that a Tick in JSON can be read. */
  toJSON(): string {
    return this.toString()
  }
}

function isCpu(cpu: number): boolean {
  return Number.isInteger(cpu) && cpu >= 0 && cpu <= highestCpu
}

function assertCpu(cpu: number): void {
  if (!isCpu(cpu)) {
    throw new TypeError(`Expected a pCPU number from 0 to ${highestCpu}, got ${cpu} (${typeof cpu})`)
  }
}
