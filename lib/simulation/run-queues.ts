import type { Topology } from '../host/topology.ts'
import type { Affinity } from './affinity.ts'
import { Is, recordSize, settled, vruntime } from './task-record.ts'
import type { Tasks } from './tasks.ts'

/** A task that wakes up takes its turn at once when it is so much behind the one that runs. */
const wakeUpLead = 2
const usualRoom = 32
export const none = -1

/**
 * Who is runnable on each pCPU, in the order of joining, and which pCPUs are idle.
 *
 * Tasks join at the average of a queue, which grows, so that those that joined first are mostly those that were served least:
 * a queue is consumed from its beginning. It lies in a part of the columns, moves on in it as tasks leave, and goes back to
 * the beginning of that part when it has come to its end. What each step asks of it is kept instead of searched: how many there
 * are, the sum of their virtual run times, and for each place the least of it from there on, which changes only near the
 * beginning.
 */
export class RunQueues {
  /** Per pCPU: runnable tasks; how many of them may run elsewhere too. */
  readonly length: Int32Array
  readonly movable: Int32Array
  /** Per pCPU: the place of the first one. */
  readonly first: Int32Array
  /** By place: a row, and beside it the task's virtual run time. */
  rows: Int32Array
  vruntimes: Float64Array
  /** By place: where the task is that was served least from there to the end of the queue, the first of equals. */
  #leastFrom: Int32Array
  /** Per pCPU: the places from which on `#leastFrom` is known. */
  readonly #known: Int32Array
  /** Places of each pCPU: those of pCPU `c` begin at `c * #room`. */
  #room = usualRoom
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
  /** Per pCPU: the one that had the last turn, and its place in the queue, or `none`. */
  readonly turn: Int32Array
  readonly turnAt: Int32Array
  readonly #tasks: Tasks
  /** Per pCPU: the sum of all virtual run times; NaN: not known. */
  readonly #sum: Float64Array
  /** Per pCPU: the threads of its core, and the first of them, at which the core's busy threads are counted. */
  readonly #threads: Int32Array[]
  readonly #busyThreads: Int32Array

  constructor({ cpuCount, pcpus }: Topology, tasks: Tasks) {
    this.#tasks = tasks
    this.length = new Int32Array(cpuCount)
    this.movable = new Int32Array(cpuCount)
    this.first = Int32Array.from({ length: cpuCount }, (_, pcpu) => pcpu * usualRoom)
    this.#known = this.first.slice()
    this.rows = new Int32Array(cpuCount * usualRoom)
    this.vruntimes = new Float64Array(cpuCount * usualRoom)
    this.#leastFrom = new Int32Array(cpuCount * usualRoom)
    this.running = new Int32Array(cpuCount).fill(none)
    this.sliceLeft = new Float64Array(cpuCount)
    this.least = new Float64Array(cpuCount)
    this.idleCount = cpuCount
    this.idle = new Int32Array(Math.ceil(cpuCount / 32))
    this.idleCore = new Int32Array(this.idle.length)
    this.turn = new Int32Array(cpuCount).fill(none)
    this.turnAt = new Int32Array(cpuCount).fill(none)
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
    if (this.first[pcpu]! + length === (pcpu + 1) * this.#room) this.#makeRoom(pcpu)
    const place = this.first[pcpu]! + length
    const sum = this.#sumOf(pcpu)
    own = Math.max(own, length > 0 ? sum / length : this.least[pcpu]!)
    records[at + vruntime] = own
    records[at + settled] = steps
    state[task] = (state[task]! | Is.queued) & ~Is.displaced
    this.rows[place] = task
    this.vruntimes[place] = own
    this.length[pcpu] = length + 1
    this.#sum[pcpu] = sum + own
    this.#noteJoined(pcpu, place, own)
    if ((state[task]! & Is.movable) !== 0) this.movable[pcpu]! += 1
    if (length === 0) this.#turnBusy(pcpu)
    else if (length === 1) this.crowdedCount += 1
    if (task === this.turn[pcpu]) this.turnAt[pcpu] = place
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
    const place = this.turnAt[pcpu]!
    this.turnAt[pcpu] = none
    this.#remove(pcpu, place)
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
    const place = this.#leastPlace(pcpu)
    const task = this.rows[place]!
    this.turn[pcpu] = task
    this.turnAt[pcpu] = place
    return task
  }

  /** The one that has the turn has run: its virtual run time is now this. */
  noteRun(pcpu: number, own: number): void {
    const place = this.turnAt[pcpu]!
    this.vruntimes[place] = own
    if (this.#known[pcpu]! <= place) this.#known[pcpu] = place + 1
    this.#sum[pcpu] = Number.NaN
  }

  /** At the end of a step, after the turn of one that has come to this virtual run time: the one to join at is that of whoever was served least. */
  noteLeast(pcpu: number, own: number): void {
    const least = this.length[pcpu]! > 0 ? this.vruntimes[this.#leastPlace(pcpu)]! : own
    if (least > this.least[pcpu]!) this.least[pcpu] = least
  }

  /** Rows have been given new numbers. */
  renumber(became: Int32Array): void {
    const renumbered = (row: number) => (row === none ? none : became[row]!)
    for (let pcpu = 0; pcpu < this.length.length; pcpu++) {
      this.running[pcpu] = renumbered(this.running[pcpu]!)
      this.turn[pcpu] = renumbered(this.turn[pcpu]!)
      const first = this.first[pcpu]!
      for (let at = first; at < first + this.length[pcpu]!; at++) this.rows[at] = became[this.rows[at]!]!
    }
  }

  #leaveOther(task: number, pcpu: number): void {
    let place = this.first[pcpu]!
    while (this.rows[place] !== task) place++
    if (this.turnAt[pcpu]! < place && this.turnAt[pcpu] !== none) this.turnAt[pcpu]! += 1
    this.#remove(pcpu, place)
  }

  /** Takes out the one at a place; those before it move up. */
  #remove(pcpu: number, place: number): void {
    const { rows, vruntimes } = this
    const { state } = this.#tasks
    const task = rows[place]!
    state[task]! &= ~Is.queued
    if ((state[task]! & Is.movable) !== 0) this.movable[pcpu]! -= 1
    const first = this.first[pcpu]!
    for (let at = place; at > first; at--) {
      rows[at] = rows[at - 1]!
      vruntimes[at] = vruntimes[at - 1]!
    }
    this.first[pcpu] = first + 1
    if (this.#known[pcpu]! <= place) this.#known[pcpu] = place + 1
    this.#sum[pcpu] = Number.NaN
    const length = this.length[pcpu]! - 1
    this.length[pcpu] = length
    if (length === 0) this.#turnIdle(pcpu)
    else if (length === 1) this.crowdedCount -= 1
  }

  /** Where the runnable task is that was served least; the first of equals. */
  #leastPlace(pcpu: number): number {
    const first = this.first[pcpu]!
    const known = this.#known[pcpu]!
    if (known > first) {
      const { vruntimes } = this
      const leastFrom = this.#leastFrom
      const last = first + this.length[pcpu]! - 1
      let place = known > last ? last : leastFrom[known]!
      let least = vruntimes[place]!
      for (let at = known > last ? last : known - 1; at >= first; at--) {
        const each = vruntimes[at]!
        if (each <= least) {
          least = each
          place = at
        }
        leastFrom[at] = place
      }
      this.#known[pcpu] = first
    }
    return this.#leastFrom[first]!
  }

  /** One has joined at the end: it is the least from there on, and from all places from which on all others have more. */
  #noteJoined(pcpu: number, place: number, own: number): void {
    const leastFrom = this.#leastFrom
    const known = this.#known[pcpu]!
    leastFrom[place] = place
    for (let at = place - 1; at >= known; at--) {
      if (this.vruntimes[leastFrom[at]!]! <= own) return
      leastFrom[at] = place
    }
  }

  /** Of the virtual run times in a queue, added up in its order. */
  #sumOf(pcpu: number): number {
    const known = this.#sum[pcpu]!
    if (!Number.isNaN(known)) return known
    const { vruntimes } = this
    const begin = this.first[pcpu]!
    const end = begin + this.length[pcpu]!
    let sum = 0
    for (let i = begin; i < end; i++) sum += vruntimes[i]!
    return sum
  }

  /** A queue has come to the end of its places: it goes back to the first of them. */
  #makeRoom(pcpu: number): void {
    const length = this.length[pcpu]!
    if (2 * length > this.#room) this.#grow()
    const begin = pcpu * this.#room
    const back = this.first[pcpu]! - begin
    for (let at = begin; at < begin + length; at++) {
      this.rows[at] = this.rows[at + back]!
      this.vruntimes[at] = this.vruntimes[at + back]!
      this.#leastFrom[at] = this.#leastFrom[at + back]! - back
    }
    this.first[pcpu] = begin
    this.#known[pcpu]! -= back
    if (this.turnAt[pcpu] !== none) this.turnAt[pcpu]! -= back
  }

  /** Gives all queues twice as many places. */
  #grow(): void {
    const { rows, vruntimes } = this
    const leastFrom = this.#leastFrom
    const room = this.#room
    const count = this.length.length
    this.#room = 2 * room
    this.rows = new Int32Array(count * this.#room)
    this.vruntimes = new Float64Array(count * this.#room)
    this.#leastFrom = new Int32Array(count * this.#room)
    for (let pcpu = 0; pcpu < count; pcpu++) {
      const begin = pcpu * room
      const on = begin
      this.rows.set(rows.subarray(begin, begin + room), begin + on)
      this.vruntimes.set(vruntimes.subarray(begin, begin + room), begin + on)
      for (let at = begin; at < begin + room; at++) this.#leastFrom[at + on] = leastFrom[at]! + on
      this.first[pcpu]! += on
      this.#known[pcpu]! += on
      if (this.turnAt[pcpu] !== none) this.turnAt[pcpu]! += on
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
