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
  /** Each found when it is first asked for; -1 or undefined until then. Sets are shared by many vCPUs and asked often. */
  #size = -1
  /** -2 until then, -1 where there is none. */
  #first = -2
  #members: readonly number[] | undefined
  #text: string | undefined

  /** Keeps `words`, which nobody else is to change. */
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
      for (let i = 0; i < this.#words.length; i++) {
        for (let word = this.#words[i]!; word !== 0; word &= word - 1) this.#size++
      }
    }
    return this.#size
  }

  get isEmpty(): boolean {
    return this.size === 0
  }

  /** The lowest member; undefined when empty. */
  get first(): number | undefined {
    if (this.#first === -2) this.#first = this.#lowest()
    return this.#first < 0 ? undefined : this.#first
  }

  has(cpu: number): boolean {
    // Shifts would wrap what is no pCPU number (NaN, -1, 2 ** 32) onto one.
    return isCpu(cpu) && ((this.#words[cpu >>> 5] ?? 0) & (1 << (cpu & 31))) !== 0
  }

  /** Members of both. */
  and(other: CpuSet): CpuSet {
    if (this.isSubsetOf(other)) return this
    const words = new Uint32Array(Math.min(this.#words.length, other.#words.length))
    for (let i = 0; i < words.length; i++) words[i] = this.#words[i]! & other.#words[i]!
    return new CpuSet(words)
  }

  /** Members of either. */
  or(other: CpuSet): CpuSet {
    if (other.isSubsetOf(this)) return this
    const words = new Uint32Array(Math.max(this.#words.length, other.#words.length))
    words.set(this.#words)
    for (let i = 0; i < other.#words.length; i++) words[i]! |= other.#words[i]!
    return new CpuSet(words)
  }

  /** Members of this one that are not in the other. */
  minus(other: CpuSet): CpuSet {
    const words = this.#words.slice()
    const count = Math.min(words.length, other.#words.length)
    for (let i = 0; i < count; i++) words[i]! &= ~other.#words[i]!
    return new CpuSet(words)
  }

  /** This set less some pCPUs. */
  without(...cpus: number[]): CpuSet {
    return this.minus(CpuSet.from(cpus))
  }

  isSubsetOf(other: CpuSet): boolean {
    if (other === this) return true
    if (this.#size === 1) return other.has(this.first!)
    const mine = this.#words
    const theirs = other.#words
    for (let i = 0; i < mine.length; i++) {
      const allowed = i < theirs.length ? theirs[i]! : 0
      if ((mine[i]! & ~allowed) !== 0) return false
    }
    return true
  }

  equals(other: CpuSet): boolean {
    return this === other || (this.isSubsetOf(other) && other.isSubsetOf(this))
  }

  /** Whether both have the same members among those of `mask`: `this.and(mask).equals(other.and(mask))`, and no new set. */
  equalsWithin(other: CpuSet, mask: CpuSet): boolean {
    if (this === other) return true
    const count = Math.max(this.#words.length, other.#words.length)
    for (let i = 0; i < count; i++) {
      const differing = (this.#words[i] ?? 0) ^ (other.#words[i] ?? 0)
      if ((differing & (mask.#words[i] ?? 0)) !== 0) return false
    }
    return true
  }

  /** Whether the set is what `count` words of a Sample's affinity maps, from `offset` on, hold. */
  isInWords(words: Uint32Array, offset: number, count: number): boolean {
    const mine = this.#words
    if (mine.length !== count) return false
    for (let i = 0; i < count; i++) if (mine[i] !== words[offset + i]) return false
    return true
  }

  /** Members in ascending order. */
  [Symbol.iterator](): IterableIterator<number> {
    return this.#list().values()
  }

  /** The words of the bitmap, at least enough for `cpuCount` pCPUs; a copy. */
  toWords(cpuCount = 0): Uint32Array {
    const words = new Uint32Array(Math.max(this.#words.length, Math.ceil(cpuCount / bitsPerWord)))
    words.set(this.#words)
    return words
  }

  /** List notation with ranges, ascending: `0-3,8`; the empty set is ''. */
  toString(): string {
    this.#text ??= listNotation(this.#list())
    return this.#text
  }

  /** As {@link CpuSet.toString}, so that a Tick in JSON can be read. */
  toJSON(): string {
    return this.toString()
  }

  #lowest(): number {
    for (let i = 0; i < this.#words.length; i++) {
      const word = this.#words[i]!
      if (word !== 0) return bitsPerWord * i + lowestBit(word)
    }
    return -1
  }

  #list(): readonly number[] {
    if (!this.#members) {
      const members: number[] = []
      for (const [index, bits] of this.#words.entries()) {
        for (let word = bits; word !== 0; word &= word - 1)
          members.push(index * bitsPerWord + lowestBit(word))
      }
      this.#members = members
    }
    return this.#members
  }
}

function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word)
}

function listNotation(members: readonly number[]): string {
  const ranges: string[] = []
  for (let i = 0; i < members.length; ) {
    const first = members[i]!
    let last = first
    for (i++; members[i] === last + 1; i++) last++
    ranges.push(first === last ? `${first}` : `${first}-${last}`)
  }
  return ranges.join(',')
}

function isCpu(cpu: number): boolean {
  return Number.isInteger(cpu) && cpu >= 0 && cpu <= highestCpu
}

function assertCpu(cpu: number): void {
  if (!isCpu(cpu)) {
    throw new TypeError(`Expected a pCPU number from 0 to ${highestCpu}, got ${cpu} (${typeof cpu})`)
  }
}
