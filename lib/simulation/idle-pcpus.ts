import type { Topology } from '../host/topology.ts'

/** Which pCPUs have nothing to run, as bitmaps. */
export class IdlePcpus {
  count: number
  readonly words: Int32Array
  /** Those of cores whose threads are all idle. */
  readonly coreWords: Int32Array
  /** Per pCPU: the threads of its core, and the first of them, at which the core's busy threads are counted. */
  readonly #threads: Int32Array[]
  readonly #busyThreads: Int32Array

  /** All of them are idle. */
  constructor({ cpuCount, pcpus }: Topology) {
    this.count = cpuCount
    this.words = new Int32Array(Math.ceil(cpuCount / 32))
    this.#threads = Array.from({ length: cpuCount }, (_, pcpu) => Int32Array.of(pcpu))
    for (const { id, siblings } of pcpus) this.#threads[id] = Int32Array.from(siblings)
    this.#busyThreads = new Int32Array(cpuCount)
    for (let pcpu = 0; pcpu < cpuCount; pcpu++) this.words[pcpu >>> 5]! |= 1 << (pcpu & 31)
    this.coreWords = this.words.slice()
  }

  remove(pcpu: number): void {
    const threads = this.#threads[pcpu]!
    this.count -= 1
    this.words[pcpu >>> 5]! &= ~(1 << (pcpu & 31))
    if (this.#busyThreads[threads[0]!]!++ > 0) return
    for (let i = 0; i < threads.length; i++) this.coreWords[threads[i]! >>> 5]! &= ~(1 << (threads[i]! & 31))
  }

  add(pcpu: number): void {
    const threads = this.#threads[pcpu]!
    this.count += 1
    this.words[pcpu >>> 5]! |= 1 << (pcpu & 31)
    if (--this.#busyThreads[threads[0]!]! > 0) return
    for (let i = 0; i < threads.length; i++) this.coreWords[threads[i]! >>> 5]! |= 1 << (threads[i]! & 31)
  }
}
