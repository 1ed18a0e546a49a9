import type { Topology } from '../host/topology.ts'
import type { Affinity } from './affinity.ts'
import { IdlePcpus } from './idle-pcpus.ts'
import * as queueRecord from './queue-record.ts'
import * as taskRecord from './task-record.ts'
import type { Tasks } from './tasks.ts'

// V8 takes the constants of a module itself as numbers, and those of others as variables.
const { Count, countsSize, emptyCounts, none, spread, Time, timesSize } = queueRecord
const { Is, recordSize, settled, vruntime } = taskRecord

/** A task that wakes up takes its turn at once when it is so much behind the one that runs. */
const wakeUpLead = 2
const usualRoom = 32

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
  /** {@link countsSize} and {@link timesSize} numbers for each pCPU. */
  readonly counts: Int32Array
  readonly times: Float64Array
  /** By place: a row, and beside it the task's virtual run time. */
  rows: Int32Array
  vruntimes: Float64Array
  /** By place: where the task is that was served least from there to the end of the queue, the first of equals. */
  #leastFrom: Int32Array
  /** Places of each pCPU: those of pCPU `c` begin at `c * #room`. */
  #room = usualRoom
  /** How many pCPUs have two or more runnable tasks. */
  crowdedCount = 0
  readonly idle: IdlePcpus
  readonly #tasks: Tasks
  readonly #cpuCount: number

  constructor(topology: Topology, tasks: Tasks) {
    const { cpuCount } = topology
    this.idle = new IdlePcpus(topology)
    this.#tasks = tasks
    this.#cpuCount = cpuCount
    this.counts = emptyCounts(cpuCount, usualRoom)
    this.times = new Float64Array(cpuCount * timesSize)
    this.rows = new Int32Array(cpuCount * usualRoom)
    this.vruntimes = new Float64Array(cpuCount * usualRoom)
    this.#leastFrom = new Int32Array(cpuCount * usualRoom)
  }

  /** Runnable tasks on a pCPU; how many of them may run elsewhere too; the place of the first one; who ran last in the step before. */
  lengthOf(pcpu: number): number {
    return this.counts[pcpu * countsSize + Count.length]!
  }

  movableOf(pcpu: number): number {
    return this.counts[pcpu * countsSize + Count.movable]!
  }

  firstOf(pcpu: number): number {
    return this.counts[pcpu * countsSize + Count.first]!
  }

  runningOn(pcpu: number): number {
    return this.counts[pcpu * countsSize + Count.running]!
  }

  /** A task becomes runnable on a pCPU: at the average of those there, since one that slept catches nothing up, as in EEVDF. */
  join(task: number, pcpu: number): void {
    const { counts, times } = this
    const q = pcpu * countsSize
    const t = pcpu * timesSize
    const { records, state, pcpu: places, steps } = this.#tasks
    const at = task * recordSize
    let own = records[at + vruntime]!
    const last = places[task]!
    if (last !== pcpu) {
      own += times[t + Time.least]! - times[last * timesSize + Time.least]!
      places[task] = pcpu
    }
    const length = counts[q + Count.length]!
    if (counts[q + Count.first]! + length === (pcpu + 1) * this.#room) this.#makeRoom(pcpu)
    const place = counts[q + Count.first]! + length
    const sum = this.#sumOf(pcpu)
    own = Math.max(own, length > 0 ? sum / length : times[t + Time.least]!)
    records[at + vruntime] = own
    records[at + settled] = steps
    state[task] = (state[task]! | Is.queued) & ~Is.displaced
    this.rows[place] = task
    this.vruntimes[place] = own
    counts[q + Count.length] = length + 1
    times[t + Time.sum] = sum + own
    this.#noteJoined(pcpu, place, own)
    if ((state[task]! & Is.movable) !== 0) counts[q + Count.movable]! += 1
    if (length === 0) this.idle.remove(pcpu)
    else if (length === 1) this.crowdedCount += 1
    if (task === counts[q + Count.turn]!) counts[q + Count.turnAt] = place
    const running = counts[q + Count.running]!
    if (running !== none && records[running * recordSize + vruntime]! - own > wakeUpLead)
      times[t + Time.sliceLeft] = 0
  }

  /** A task is runnable no more, or somewhere else. */
  leave(task: number): void {
    const { state } = this.#tasks
    if ((state[task]! & Is.queued) === 0) return
    this.#tasks.settle(task)
    const pcpu = this.#tasks.pcpu[task]!
    if (task === this.counts[pcpu * countsSize + Count.turn]) this.leaveTurn(pcpu)
    else this.#leaveOther(task, pcpu)
  }

  /** The one that has the turn, and has run up to now, is runnable no more. */
  leaveTurn(pcpu: number): void {
    const turnAt = pcpu * countsSize + Count.turnAt
    const place = this.counts[turnAt]!
    this.counts[turnAt] = none
    this.#remove(pcpu, place)
  }

  /** Where a task may run from now on; to move it from where it may not be any more is for others. */
  setAffinity(task: number, affinity: Affinity): void {
    const pcpu = this.#tasks.pcpu[task]!
    const movable = pcpu * countsSize + Count.movable
    const isQueued = this.#tasks.is(task, Is.queued)
    if (isQueued && this.#tasks.is(task, Is.movable)) this.counts[movable]! -= 1
    this.#tasks.setAffinity(task, affinity)
    if (isQueued && this.#tasks.is(task, Is.movable)) this.counts[movable]! += 1
  }

  move(task: number, pcpu: number): void {
    this.leave(task)
    this.join(task, pcpu)
  }

  /** The turn goes to the runnable task that was served least; the first of equals. */
  nextTurn(pcpu: number): number {
    const { counts } = this
    const q = pcpu * countsSize
    const place = this.#leastPlace(pcpu)
    const task = this.rows[place]!
    counts[q + Count.turn] = task
    counts[q + Count.turnAt] = place
    return task
  }

  /** The one that has the turn has run. A number with a fraction that is handed over is an object: it is read from its record. */
  noteRun(pcpu: number): void {
    const { counts } = this
    const q = pcpu * countsSize
    const place = counts[q + Count.turnAt]!
    this.vruntimes[place] = this.#tasks.records[counts[q + Count.turn]! * recordSize + vruntime]!
    if (counts[q + Count.known]! <= place) counts[q + Count.known] = place + 1
    this.times[pcpu * timesSize + Time.sum] = Number.NaN
  }

  /** At the end of a step, after the turn of a task: the virtual run time to join at is that of whoever was served least. */
  noteLeast(pcpu: number, task: number): void {
    const { times } = this
    const at = pcpu * timesSize + Time.least
    const least =
      this.lengthOf(pcpu) > 0
        ? this.vruntimes[this.#leastPlace(pcpu)]!
        : this.#tasks.records[task * recordSize + vruntime]!
    if (least > times[at]!) times[at] = least
  }

  /** Rows have been given new numbers. */
  renumber(became: Int32Array): void {
    const { counts } = this
    const renumbered = (row: number) => (row === none ? none : became[row]!)
    for (let pcpu = 0; pcpu < this.#cpuCount; pcpu++) {
      const q = pcpu * countsSize
      counts[q + Count.running] = renumbered(counts[q + Count.running]!)
      counts[q + Count.turn] = renumbered(counts[q + Count.turn]!)
      const first = counts[q + Count.first]!
      for (let at = first; at < first + counts[q + Count.length]!; at++)
        this.rows[at] = became[this.rows[at]!]!
    }
  }

  #leaveOther(task: number, pcpu: number): void {
    const { counts } = this
    const q = pcpu * countsSize
    let place = counts[q + Count.first]!
    while (this.rows[place] !== task) place++
    if (counts[q + Count.turnAt]! < place && counts[q + Count.turnAt] !== none) counts[q + Count.turnAt]! += 1
    this.#remove(pcpu, place)
  }

  /** Takes out the one at a place; those before it move up. */
  #remove(pcpu: number, place: number): void {
    const { counts, times } = this
    const q = pcpu * countsSize
    const t = pcpu * timesSize
    const { rows, vruntimes } = this
    const { state } = this.#tasks
    const task = rows[place]!
    state[task]! &= ~Is.queued
    if ((state[task]! & Is.movable) !== 0) counts[q + Count.movable]! -= 1
    const first = counts[q + Count.first]!
    for (let at = place; at > first; at--) {
      rows[at] = rows[at - 1]!
      vruntimes[at] = vruntimes[at - 1]!
    }
    counts[q + Count.first] = first + 1
    if (counts[q + Count.known]! <= place) counts[q + Count.known] = place + 1
    times[t + Time.sum] = Number.NaN
    const length = counts[q + Count.length]! - 1
    counts[q + Count.length] = length
    if (length === 0) this.idle.add(pcpu)
    else if (length === 1) this.crowdedCount -= 1
  }

  /** Where the runnable task is that was served least; the first of equals. */
  #leastPlace(pcpu: number): number {
    const { counts } = this
    const q = pcpu * countsSize
    const first = counts[q + Count.first]!
    const known = counts[q + Count.known]!
    if (known > first) {
      const { vruntimes } = this
      const leastFrom = this.#leastFrom
      const last = first + counts[q + Count.length]! - 1
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
      counts[q + Count.known] = first
    }
    return this.#leastFrom[first]!
  }

  /** One has joined at the end: it is the least from there on, and from all places from which on all others have more. */
  #noteJoined(pcpu: number, place: number, own: number): void {
    const leastFrom = this.#leastFrom
    const known = this.counts[pcpu * countsSize + Count.known]!
    leastFrom[place] = place
    for (let at = place - 1; at >= known; at--) {
      if (this.vruntimes[leastFrom[at]!]! <= own) return
      leastFrom[at] = place
    }
  }

  /** Of the virtual run times in a queue, added up in its order. */
  #sumOf(pcpu: number): number {
    const { counts, times } = this
    const q = pcpu * countsSize
    const t = pcpu * timesSize
    const known = times[t + Time.sum]!
    if (!Number.isNaN(known)) return known
    const { vruntimes } = this
    const begin = counts[q + Count.first]!
    const end = begin + counts[q + Count.length]!
    let sum = 0
    for (let i = begin; i < end; i++) sum += vruntimes[i]!
    return sum
  }

  /** A queue has come to the end of its places: it goes back to the first of them. */
  #makeRoom(pcpu: number): void {
    const { counts } = this
    const q = pcpu * countsSize
    const length = counts[q + Count.length]!
    if (2 * length > this.#room) this.#grow()
    const begin = pcpu * this.#room
    const back = counts[q + Count.first]! - begin
    this.rows.copyWithin(begin, begin + back, begin + back + length)
    this.vruntimes.copyWithin(begin, begin + back, begin + back + length)
    counts[q + Count.first] = begin
    counts[q + Count.known] = begin + length
    if (counts[q + Count.turnAt] !== none) counts[q + Count.turnAt]! -= back
  }

  /** Gives all queues twice as many places. */
  #grow(): void {
    const { counts } = this
    const room = this.#room
    this.#room = 2 * room
    this.rows = spread(this.rows, room)
    this.vruntimes = spread(this.vruntimes, room)
    this.#leastFrom = new Int32Array(this.rows.length)
    for (let pcpu = 0; pcpu < this.#cpuCount; pcpu++) {
      const q = pcpu * countsSize
      counts[q + Count.first]! += pcpu * room
      counts[q + Count.known] = counts[q + Count.first]! + counts[q + Count.length]!
      if (counts[q + Count.turnAt] !== none) counts[q + Count.turnAt]! += pcpu * room
    }
  }
}
