import type { Topology } from '../host/topology.ts'
import type { Affinity } from './affinity.ts'
import { recordSize, settled, type Tasks } from './tasks.ts'

/** A task that wakes up takes its turn at once when it is so much behind the one that runs. */
const wakeUpLead = 2
const usualRoom = 8
export const none = -1

/**
 * Who is runnable on each pCPU, in the order of joining, and which pCPUs are idle. What each step asks of a queue is kept
 * instead of searched: how many there are, and the least virtual run time among those that wait.
 */
export class RunQueues {
  /** Per pCPU: runnable tasks; their rows; how many of them may run elsewhere too. */
  readonly length: Int32Array
  readonly members: Int32Array[]
  readonly movable: Int32Array
  /** Per pCPU: who ran last in the step before, or `none`; milliseconds of its slice that are left. */
  readonly running: Int32Array
  readonly sliceLeft: Float64Array
  /** The virtual run time that a task joins at. */
  readonly least: Float64Array
  /** How many pCPUs have two or more runnable tasks. */
  crowdedCount = 0
  /** How many pCPUs are idle; which; and which of them are of an idle core. Bitmaps. */
  idleCount: number
  readonly idle: Int32Array
  readonly idleCore: Int32Array
  readonly #tasks: Tasks
  /** Per pCPU: the one that had the last turn, and the least virtual run time of the others; NaN: not known. */
  readonly #turn: Int32Array
  readonly #othersLeast: Float64Array
  /** Per pCPU: the threads of its core, and the first of them, at which the core's busy threads are counted. */
  readonly #threads: Int32Array[]
  readonly #busyThreads: Int32Array

  constructor({ cpuCount, pcpus }: Topology, tasks: Tasks) {
    this.#tasks = tasks
    this.length = new Int32Array(cpuCount)
    this.members = Array.from({ length: cpuCount }, () => new Int32Array(usualRoom))
    this.movable = new Int32Array(cpuCount)
    this.running = new Int32Array(cpuCount).fill(none)
    this.sliceLeft = new Float64Array(cpuCount)
    this.least = new Float64Array(cpuCount)
    this.idleCount = cpuCount
    this.idle = new Int32Array(Math.ceil(cpuCount / 32))
    this.idleCore = new Int32Array(this.idle.length)
    this.#turn = new Int32Array(cpuCount).fill(none)
    this.#othersLeast = new Float64Array(cpuCount).fill(Number.NaN)
    this.#threads = Array.from({ length: cpuCount }, (_, pcpu) => Int32Array.of(pcpu))
    for (const { id, siblings } of pcpus) this.#threads[id] = Int32Array.from(siblings)
    this.#busyThreads = new Int32Array(cpuCount)
    for (let pcpu = 0; pcpu < cpuCount; pcpu++) {
      this.idle[pcpu >>> 5]! |= 1 << (pcpu & 31)
      this.idleCore[pcpu >>> 5]! |= 1 << (pcpu & 31)
    }
  }

  /** A task becomes runnable on a pCPU. */
  join(task: number, pcpu: number): void {
    const { vruntime } = this.#tasks
    let own = vruntime[task]!
    const last = this.#tasks.pcpu[task]!
    if (last !== pcpu) {
      own += this.least[pcpu]! - this.least[last]!
      this.#tasks.pcpu[task] = pcpu
    }
    const length = this.length[pcpu]!
    own = Math.max(own, length > 0 ? this.#average(pcpu, length) : this.least[pcpu]!)
    vruntime[task] = own
    this.#tasks.queued[task] = 1
    this.#tasks.displaced[task] = 0
    this.#tasks.records[task * recordSize + settled] = this.#tasks.steps
    this.#push(task, pcpu, length)
    if (task !== this.#turn[pcpu] && own < this.#othersLeast[pcpu]!) this.#othersLeast[pcpu] = own
    const running = this.running[pcpu]!
    if (running !== none && vruntime[running]! - own > wakeUpLead) this.sliceLeft[pcpu] = 0
  }

  /** A task is runnable no more, or somewhere else. */
  leave(task: number): void {
    if (this.#tasks.queued[task] === 0) return
    this.#tasks.settle(task)
    this.#tasks.queued[task] = 0
    const pcpu = this.#tasks.pcpu[task]!
    const queue = this.members[pcpu]!
    const length = this.length[pcpu]! - 1
    this.length[pcpu] = length
    if (queue[length] !== task) {
      let at = 0
      while (queue[at] !== task) at++
      for (; at < length; at++) queue[at] = queue[at + 1]!
    }
    this.movable[pcpu]! -= this.#tasks.movable[task]!
    if (length === 0) this.#turnIdle(pcpu)
    else if (length === 1) this.crowdedCount -= 1
    if (task !== this.#turn[pcpu]! && !(this.#tasks.vruntime[task]! > this.#othersLeast[pcpu]!)) {
      this.#othersLeast[pcpu] = Number.NaN
    }
  }

  /** Where a task may run from now on; to move it from where it may not be any more is for others. */
  setAffinity(task: number, affinity: Affinity): void {
    const pcpu = this.#tasks.pcpu[task]!
    const before = this.#tasks.movable[task]!
    this.#tasks.setAffinity(task, affinity)
    if (this.#tasks.queued[task] !== 0) this.movable[pcpu]! += this.#tasks.movable[task]! - before
  }

  move(task: number, pcpu: number): void {
    this.leave(task)
    this.join(task, pcpu)
  }

  /** The turn goes to the runnable task that was served least; the first of equals. */
  nextTurn(pcpu: number): number {
    const { vruntime } = this.#tasks
    const queue = this.members[pcpu]!
    const length = this.length[pcpu]!
    let task = queue[0]!
    let least = vruntime[task]!
    let others = Number.POSITIVE_INFINITY
    for (let i = 1; i < length; i++) {
      const each = vruntime[queue[i]!]!
      if (each < least) {
        others = least
        least = each
        task = queue[i]!
      } else if (each < others) others = each
    }
    this.#turn[pcpu] = task
    this.#othersLeast[pcpu] = others
    return task
  }

  /** At the end of a step in which `last` ran last: the virtual run time to join at goes on to that of whoever was served least. */
  noteLeast(pcpu: number, last: number): void {
    const { vruntime, queued } = this.#tasks
    let least = vruntime[last]!
    if (this.length[pcpu]! > 0) {
      const others = this.#leastOfOthers(pcpu)
      if (queued[last] === 0 || others < least) least = others
    }
    if (least > this.least[pcpu]!) this.least[pcpu] = least
  }

  /** Rows have been given new numbers. */
  renumber(became: Int32Array): void {
    const renumbered = (row: number) => (row === none ? none : became[row]!)
    for (let pcpu = 0; pcpu < this.length.length; pcpu++) {
      this.running[pcpu] = renumbered(this.running[pcpu]!)
      this.#turn[pcpu] = renumbered(this.#turn[pcpu]!)
      this.members[pcpu] = this.members[pcpu]!.map((row, i) => (i < this.length[pcpu]! ? became[row]! : 0))
    }
  }

  #leastOfOthers(pcpu: number): number {
    const known = this.#othersLeast[pcpu]!
    if (!Number.isNaN(known)) return known
    const { vruntime } = this.#tasks
    const queue = this.members[pcpu]!
    let least = Number.POSITIVE_INFINITY
    for (let i = 0; i < this.length[pcpu]!; i++) {
      if (queue[i] !== this.#turn[pcpu]) least = Math.min(least, vruntime[queue[i]!]!)
    }
    this.#othersLeast[pcpu] = least
    return least
  }

  /** Where a task joins that slept: it catches nothing up, as in EEVDF, and waits until most of the others have had their turn. */
  #average(pcpu: number, length: number): number {
    const { vruntime } = this.#tasks
    const queue = this.members[pcpu]!
    let sum = 0
    for (let i = 0; i < length; i++) sum += vruntime[queue[i]!]!
    return sum / length
  }

  #push(task: number, pcpu: number, length: number): void {
    let queue = this.members[pcpu]!
    if (length === queue.length) {
      queue = new Int32Array(2 * length)
      queue.set(this.members[pcpu]!)
      this.members[pcpu] = queue
    }
    queue[length] = task
    this.length[pcpu] = length + 1
    this.movable[pcpu]! += this.#tasks.movable[task]!
    if (length === 0) this.#turnBusy(pcpu)
    else if (length === 1) this.crowdedCount += 1
  }

  #turnBusy(pcpu: number): void {
    const threads = this.#threads[pcpu]!
    this.idleCount -= 1
    this.idle[pcpu >>> 5]! &= ~(1 << (pcpu & 31))
    if (this.#busyThreads[threads[0]!]!++ > 0) return
    for (let i = 0; i < threads.length; i++) this.idleCore[threads[i]! >>> 5]! &= ~(1 << (threads[i]! & 31))
  }

  #turnIdle(pcpu: number): void {
    const threads = this.#threads[pcpu]!
    this.idleCount += 1
    this.idle[pcpu >>> 5]! |= 1 << (pcpu & 31)
    if (--this.#busyThreads[threads[0]!]! > 0) return
    for (let i = 0; i < threads.length; i++) this.idleCore[threads[i]! >>> 5]! |= 1 << (threads[i]! & 31)
  }
}
