import type { Topology } from '../host/topology.ts'
import type { Affinity } from './affinity.ts'
import { Is, recordSize, settled, vruntime } from './task-record.ts'
import type { Tasks } from './tasks.ts'

/** A task that wakes up takes its turn at once when it is so much behind the one that runs. */
const wakeUpLead = 2
const usualRoom = 16
export const none = -1

/**
 * Who is runnable on each pCPU, in the order of joining, and which pCPUs are idle. What each step asks of a queue is kept
 * instead of searched: how many there are, the sum of their virtual run times, and the least of it among those that wait.
 */
export class RunQueues {
  /** Per pCPU: runnable tasks; how many of them may run elsewhere too. */
  readonly length: Int32Array
  readonly movable: Int32Array
  /** The queue of pCPU `c` begins at `c * room`: rows, and beside them the tasks' virtual run times. */
  room = usualRoom
  rows: Int32Array
  vruntimes: Float64Array
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
  /** Per pCPU: the one that had the last turn, and where it is in the queue, or `none`. */
  readonly turn: Int32Array
  readonly turnAt: Int32Array
  readonly #tasks: Tasks
  /** Per pCPU: the least virtual run time of those that did not have the last turn, and the sum of all; NaN: not known. */
  readonly #othersLeast: Float64Array
  readonly #sum: Float64Array
  /** Per pCPU: the threads of its core, and the first of them, at which the core's busy threads are counted. */
  readonly #threads: Int32Array[]
  readonly #busyThreads: Int32Array

  constructor({ cpuCount, pcpus }: Topology, tasks: Tasks) {
    this.#tasks = tasks
    this.length = new Int32Array(cpuCount)
    this.movable = new Int32Array(cpuCount)
    this.rows = new Int32Array(cpuCount * this.room)
    this.vruntimes = new Float64Array(cpuCount * this.room)
    this.running = new Int32Array(cpuCount).fill(none)
    this.sliceLeft = new Float64Array(cpuCount)
    this.least = new Float64Array(cpuCount)
    this.idleCount = cpuCount
    this.idle = new Int32Array(Math.ceil(cpuCount / 32))
    this.idleCore = new Int32Array(this.idle.length)
    this.turn = new Int32Array(cpuCount).fill(none)
    this.turnAt = new Int32Array(cpuCount).fill(none)
    this.#othersLeast = new Float64Array(cpuCount).fill(Number.NaN)
    this.#sum = new Float64Array(cpuCount)
    this.#threads = Array.from({ length: cpuCount }, (_, pcpu) => Int32Array.of(pcpu))
    for (const { id, siblings } of pcpus) this.#threads[id] = Int32Array.from(siblings)
    this.#busyThreads = new Int32Array(cpuCount)
    for (let pcpu = 0; pcpu < cpuCount; pcpu++) {
      this.idle[pcpu >>> 5]! |= 1 << (pcpu & 31)
      this.idleCore[pcpu >>> 5]! |= 1 << (pcpu & 31)
    }
  }

  /** A task becomes runnable on a pCPU: at the average of those there, since one that slept catches nothing up, as in EEVDF. */
  join(task: number, pcpu: number): void {
    const { records, state, pcpu: places, steps } = this.#tasks
    const at = task * recordSize
    let own = records[at + vruntime]!
    const last = places[task]!
    if (last !== pcpu) {
      own += this.least[pcpu]! - this.least[last]!
      places[task] = pcpu
    }
    const length = this.length[pcpu]!
    if (length === this.room) this.#grow()
    const sum = this.#sumOf(pcpu)
    own = Math.max(own, length > 0 ? sum / length : this.least[pcpu]!)
    records[at + vruntime] = own
    records[at + settled] = steps
    state[task] = (state[task]! | Is.queued) & ~Is.displaced
    this.rows[pcpu * this.room + length] = task
    this.vruntimes[pcpu * this.room + length] = own
    this.length[pcpu] = length + 1
    this.#sum[pcpu] = sum + own
    if ((state[task]! & Is.movable) !== 0) this.movable[pcpu]! += 1
    if (length === 0) this.#turnBusy(pcpu)
    else if (length === 1) this.crowdedCount += 1
    if (task === this.turn[pcpu]) this.turnAt[pcpu] = length
    else if (own < this.#othersLeast[pcpu]!) this.#othersLeast[pcpu] = own
    const running = this.running[pcpu]!
    if (running !== none && records[running * recordSize + vruntime]! - own > wakeUpLead)
      this.sliceLeft[pcpu] = 0
  }

  /** A task is runnable no more, or somewhere else. */
  leave(task: number): void {
    const { state } = this.#tasks
    if ((state[task]! & Is.queued) === 0) return
    this.#tasks.settle(task)
    const pcpu = this.#tasks.pcpu[task]!
    if (task === this.turn[pcpu]) this.leaveTurn(pcpu)
    else this.#leaveOther(task, pcpu)
  }

  /** The one that has the turn, and has run up to now, is runnable no more. */
  leaveTurn(pcpu: number): void {
    const at = this.turnAt[pcpu]!
    this.turnAt[pcpu] = none
    this.#remove(pcpu, at)
  }

  /** Where a task may run from now on; to move it from where it may not be any more is for others. */
  setAffinity(task: number, affinity: Affinity): void {
    const pcpu = this.#tasks.pcpu[task]!
    const isQueued = this.#tasks.is(task, Is.queued)
    if (isQueued && this.#tasks.is(task, Is.movable)) this.movable[pcpu]! -= 1
    this.#tasks.setAffinity(task, affinity)
    if (isQueued && this.#tasks.is(task, Is.movable)) this.movable[pcpu]! += 1
  }

  move(task: number, pcpu: number): void {
    this.leave(task)
    this.join(task, pcpu)
  }

  /** The turn goes to the runnable task that was served least; the first of equals. */
  nextTurn(pcpu: number): number {
    const { vruntimes } = this
    const begin = pcpu * this.room
    const end = begin + this.length[pcpu]!
    let at = begin
    let least = vruntimes[begin]!
    let others = Number.POSITIVE_INFINITY
    for (let i = begin + 1; i < end; i++) {
      const each = vruntimes[i]!
      if (each < least) {
        others = least
        least = each
        at = i
      } else if (each < others) others = each
    }
    const task = this.rows[at]!
    this.turn[pcpu] = task
    this.turnAt[pcpu] = at - begin
    this.#othersLeast[pcpu] = others
    return task
  }

  /** The one that has the turn has run: its virtual run time is now this. */
  noteRun(pcpu: number, own: number): void {
    this.vruntimes[pcpu * this.room + this.turnAt[pcpu]!] = own
    this.#sum[pcpu] = Number.NaN
  }

  /** At the end of a step, after the turn of one that has come to this virtual run time: the one to join at is that of whoever was served least. */
  noteLeast(pcpu: number, own: number): void {
    let least = own
    if (this.length[pcpu]! > 0) {
      const others = this.#leastOfOthers(pcpu)
      if (this.turnAt[pcpu] === none || others < least) least = others
    }
    if (least > this.least[pcpu]!) this.least[pcpu] = least
  }

  /** Rows have been given new numbers. */
  renumber(became: Int32Array): void {
    const renumbered = (row: number) => (row === none ? none : became[row]!)
    for (let pcpu = 0; pcpu < this.length.length; pcpu++) {
      this.running[pcpu] = renumbered(this.running[pcpu]!)
      this.turn[pcpu] = renumbered(this.turn[pcpu]!)
      const begin = pcpu * this.room
      for (let at = begin; at < begin + this.length[pcpu]!; at++) this.rows[at] = became[this.rows[at]!]!
    }
  }

  #leaveOther(task: number, pcpu: number): void {
    const begin = pcpu * this.room
    let at = 0
    while (this.rows[begin + at] !== task) at++
    if (at < this.turnAt[pcpu]!) this.turnAt[pcpu]! -= 1
    if (!(this.vruntimes[begin + at]! > this.#othersLeast[pcpu]!)) this.#othersLeast[pcpu] = Number.NaN
    this.#remove(pcpu, at)
  }

  #remove(pcpu: number, at: number): void {
    const { rows, vruntimes } = this
    const { state } = this.#tasks
    const task = rows[pcpu * this.room + at]!
    state[task]! &= ~Is.queued
    if ((state[task]! & Is.movable) !== 0) this.movable[pcpu]! -= 1
    const length = this.length[pcpu]! - 1
    this.length[pcpu] = length
    const end = pcpu * this.room + length
    for (let i = pcpu * this.room + at; i < end; i++) {
      rows[i] = rows[i + 1]!
      vruntimes[i] = vruntimes[i + 1]!
    }
    this.#sum[pcpu] = Number.NaN
    if (length === 0) this.#turnIdle(pcpu)
    else if (length === 1) this.crowdedCount -= 1
  }

  #leastOfOthers(pcpu: number): number {
    const known = this.#othersLeast[pcpu]!
    if (!Number.isNaN(known)) return known
    const begin = pcpu * this.room
    let least = Number.POSITIVE_INFINITY
    for (let at = 0; at < this.length[pcpu]!; at++) {
      if (at !== this.turnAt[pcpu]) least = Math.min(least, this.vruntimes[begin + at]!)
    }
    this.#othersLeast[pcpu] = least
    return least
  }

  /** Of the virtual run times in a queue, added up in its order. */
  #sumOf(pcpu: number): number {
    const known = this.#sum[pcpu]!
    if (!Number.isNaN(known)) return known
    const begin = pcpu * this.room
    const end = begin + this.length[pcpu]!
    let sum = 0
    for (let i = begin; i < end; i++) sum += this.vruntimes[i]!
    return sum
  }

  #grow(): void {
    const { room, rows, vruntimes } = this
    const count = this.length.length
    this.room = 2 * room
    this.rows = new Int32Array(count * this.room)
    this.vruntimes = new Float64Array(count * this.room)
    for (let pcpu = 0; pcpu < count; pcpu++) {
      this.rows.set(rows.subarray(pcpu * room, (pcpu + 1) * room), pcpu * this.room)
      this.vruntimes.set(vruntimes.subarray(pcpu * room, (pcpu + 1) * room), pcpu * this.room)
    }
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
