import type { Affinity } from './affinity.ts'
import type { Bandwidth } from './bandwidth.ts'
import type { Demand } from './load.ts'
import * as loads from './load.ts'
import * as taskRecord from './task-record.ts'

// V8 takes the constants of a module itself as numbers, and those of others as variables.
const { Arrival, idleLevelLasts, idleLevelMost, idlePeriod, loopJitter, openLoopBacklog, openLoopPeriod } =
  loads
const { Is, left, levelEnds, next, ran, recordSize, settled, sleep, waited, work } = taskRecord

/** The weight of a task by default. */
export const usualWeight = 1024
/** Rows at first. */
const leastRows = 32

/** What the host's kernel schedules, as others see it: a vCPU, or the host's own work on a pCPU. */
export class Task {
  readonly #tasks: Tasks
  /** Its row; it changes when rows are freed. */
  row: number
  demand: Demand

  constructor(tasks: Tasks, row: number, demand: Demand) {
    this.#tasks = tasks
    this.row = row
    this.demand = demand
  }

  /** Milliseconds that it has run, and that it was runnable and did not run. */
  get ran(): number {
    return this.#tasks.records[this.row * recordSize + ran]!
  }

  get waited(): number {
    return this.#tasks.settle(this.row)
  }

  /** Milliseconds of {@link waited} for which a quota held it back. */
  get throttled(): number {
    this.#tasks.settle(this.row)
    return this.#tasks.throttled[this.row]!
  }

  /** pCPU that it ran on last, or waits for. */
  get pcpu(): number {
    return this.#tasks.pcpu[this.row]!
  }

  /** Bit `c % 32` of word `c / 32`: whether it may run on pCPU `c`. */
  get affinityWords(): Int32Array {
    return this.#tasks.affinity[this.row]!.words
  }

  /** Against the others on its pCPU. */
  set weight(value: number) {
    this.#tasks.setWeight(this.row, value)
  }
}

/**
 * The tasks of a host, a row for each in the order in which they came: a row is never used again while a later one is in use.
 * A step touches a few numbers of thousands of tasks; typed arrays keep these together and out of the garbage collector's way.
 */
export class Tasks {
  /** Rows in use, those of removed tasks among them. */
  count = 0
  capacity = 0
  /** Steps that have been carried out: a queued task has waited in each of those in which it did not run. */
  steps = 0
  /** How often rows have been given other numbers. */
  renumberings = 0
  /** By row; undefined once removed. */
  readonly handles: (Task | undefined)[] = []
  readonly affinity: Affinity[] = []
  readonly #random: Demand['random'][] = []
  readonly #done: Demand['done'][] = []
  /** {@link recordSize} numbers for each row. */
  records!: Float64Array
  /** Bits of {@link Is}. */
  state!: Uint8Array
  pcpu!: Int32Array
  weight!: Float64Array
  /** Milliseconds for which a quota held it back. */
  throttled!: Float64Array
  /** The quotas that it is under; undefined where there is none. */
  readonly limits: (readonly Bandwidth[] | undefined)[] = []
  #arrival!: Uint8Array

  constructor() {
    this.#keep([], leastRows)
  }

  get isFull(): boolean {
    return this.count === this.capacity
  }

  add(demand: Demand, affinity: Affinity, pcpu: number): Task {
    const row = this.count++
    const task = new Task(this, row, demand)
    this.handles[row] = task
    this.pcpu[row] = pcpu
    this.setAffinity(row, affinity)
    this.limits[row] = undefined
    this.setWeight(row, usualWeight)
    this.assign(row, demand)
    return task
  }

  setAffinity(row: number, affinity: Affinity): void {
    this.affinity[row] = affinity
    this.#set(row, Is.movable, affinity.isMovable)
    this.#set(row, Is.displaced, !affinity.has(this.pcpu[row]!))
  }

  setWeight(row: number, value: number): void {
    this.weight[row] = value
    this.#set(row, Is.weighted, value !== usualWeight)
  }

  setLimits(row: number, limits: readonly Bandwidth[]): void {
    this.limits[row] = limits.length > 0 ? limits : undefined
    this.#set(row, Is.limited, limits.length > 0)
  }

  is(row: number, bits: number): boolean {
    return (this.state[row]! & bits) !== 0
  }

  #set(row: number, bit: number, value: boolean): void {
    if (value) this.state[row]! |= bit
    else this.state[row]! &= ~bit
  }

  /** Replaces what a task does. */
  assign(row: number, demand: Demand): void {
    const at = row * recordSize
    this.handles[row]!.demand = demand
    this.#arrival[row] = demand.arrival
    this.#set(row, Is.ending, demand.arrival === Arrival.closedLoop || demand.arrival === Arrival.once)
    this.records[at + left] = demand.left
    this.records[at + next] = demand.next
    this.records[at + work] = demand.work
    this.records[at + sleep] = demand.sleep
    this.#random[row] = demand.random
    this.#done[row] = demand.done
  }

  /** The time `next` of a task has come: more work is there. */
  arrive(row: number, time: number): void {
    const { records } = this
    const at = row * recordSize
    switch (this.#arrival[row]) {
      case Arrival.idle:
        if (time >= records[at + levelEnds]!) {
          records[at + work] = this.#random[row]!.next() * idleLevelMost * idlePeriod
          records[at + levelEnds] = time + idleLevelLasts
        }
        records[at + left] = records[at + work]!
        records[at + next]! += idlePeriod
        break
      case Arrival.background:
        records[at + left] = this.#random[row]!.around(records[at + work]!, 1)
        records[at + next]! += idlePeriod
        break
      case Arrival.closedLoop:
        records[at + left] = this.#random[row]!.around(records[at + work]!, loopJitter)
        records[at + next] = Number.POSITIVE_INFINITY
        break
      case Arrival.openLoop: {
        const piece = records[at + work]!
        records[at + left] = Math.min(records[at + left]! + piece, piece * openLoopBacklog)
        records[at + next]! += openLoopPeriod
        break
      }
    }
  }

  /** All that a task that is {@link Is.ending} had to do is done. Says whether it has changed when more arrives. */
  finish(row: number, time: number): boolean {
    const arrival = this.#arrival[row]
    if (arrival === Arrival.closedLoop) {
      const at = row * recordSize
      this.records[at + next] = time + this.#random[row]!.around(this.records[at + sleep]!, loopJitter)
      return true
    }
    if (arrival === Arrival.once) this.#done[row]!(time)
    return false
  }

  /** Counts the steps in which a queued task did not run, and says how long it has waited in all. */
  settle(row: number): number {
    const { records, steps } = this
    const at = row * recordSize
    const waits = steps - records[at + settled]!
    if (this.is(row, Is.queued | Is.held) && waits > 0) {
      records[at + waited] = taskRecord.plusOnes(records[at + waited]!, waits)
      if (this.is(row, Is.held)) this.throttled[row]! += waits
      records[at + settled] = steps
    }
    return records[at + waited]!
  }

  /** A quota holds it back from the next step on. */
  hold(row: number): void {
    const at = row * recordSize + settled
    this.records[at] = Math.max(this.records[at]!, this.steps)
    this.state[row]! |= Is.held
  }

  /** No quota holds it back any more. */
  release(row: number): void {
    this.settle(row)
    this.state[row]! &= ~Is.held
  }

  /** Makes room: drops the rows of removed tasks. Says what each row has become; -1: it is gone. */
  makeRoom(): Int32Array {
    const kept = this.handles.flatMap((task) => (task === undefined ? [] : [task.row]))
    const became = new Int32Array(this.count).fill(-1)
    for (const [row, before] of kept.entries()) {
      became[before] = row
      this.handles[before]!.row = row
    }
    this.#keep(kept, Math.max(leastRows, 2 * kept.length))
    this.renumberings += 1
    return became
  }

  /** Lays out the columns anew with these rows and so much room. */
  #keep(rows: readonly number[], capacity: number): void {
    const bytes = (column: Uint8Array | undefined) => filled(new Uint8Array(capacity), column, rows)
    const records = new Float64Array(capacity * recordSize)
    for (const [row, before] of rows.entries()) {
      const at = before * recordSize
      records.set(this.records.subarray(at, at + recordSize), row * recordSize)
    }
    this.records = records
    this.weight = filled(new Float64Array(capacity), this.weight, rows)
    this.throttled = filled(new Float64Array(capacity), this.throttled, rows)
    this.pcpu = filled(new Int32Array(capacity), this.pcpu, rows)
    this.state = bytes(this.state)
    this.#arrival = bytes(this.#arrival)
    for (const list of [this.handles, this.affinity, this.limits, this.#random, this.#done])
      keepOf(list, rows)
    this.count = rows.length
    this.capacity = capacity
  }
}

function filled<Column extends Float64Array | Int32Array | Uint8Array>(
  into: Column,
  from: Column | undefined,
  rows: readonly number[],
): Column {
  if (from) for (const [row, before] of rows.entries()) into[row] = from[before]!
  return into
}

function keepOf(list: unknown[], rows: readonly number[]): void {
  for (const [row, before] of rows.entries()) list[row] = list[before]
  list.length = rows.length
}
