import type { CpuSet } from '../host/cpuset.ts'
import type { Affinity } from './affinity.ts'
import {
  Arrival,
  type Demand,
  idleLevelLasts,
  idleLevelMost,
  idlePeriod,
  loopJitter,
  openLoopBacklog,
  openLoopPeriod,
} from './load.ts'

/** What a task weighs that nobody gave a weight. */
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
    return this.#tasks.ran[this.row]!
  }

  get waited(): number {
    return this.#tasks.settle(this.row)
  }

  /** pCPU that it ran on last, or waits for. */
  get pcpu(): number {
    return this.#tasks.pcpu[this.row]!
  }

  get affinity(): CpuSet {
    return this.#tasks.affinity[this.row]!.cpus
  }

  set weight(weight: number) {
    this.#tasks.weight[this.row] = weight
  }
}

/**
 * The tasks of a host as columns, in the order in which they came: a row is never used again while a later one is in use. A
 * step touches a few numbers of thousands of tasks, and typed arrays keep these close together and out of the way of the
 * garbage collector.
 */
export class Tasks {
  /** Rows in use, those of removed tasks among them. */
  count = 0
  capacity = 0
  /** Steps that have been carried out: of those a queued task has waited in each in which it did not run. */
  steps = 0
  /** By row; undefined once removed. */
  readonly handles: (Task | undefined)[] = []
  readonly affinity: Affinity[] = []
  readonly #random: Demand['random'][] = []
  readonly #done: Demand['done'][] = []
  ran!: Float64Array
  /** As of `settled`. */
  waited!: Float64Array
  /** How many steps `waited` has counted. */
  settled!: Float64Array
  vruntime!: Float64Array
  /** Milliseconds of work to do now: while it is above 0 the task is runnable. */
  left!: Float64Array
  /** When more arrives, in virtual milliseconds. */
  next!: Float64Array
  /** Against the others on its pCPU. */
  weight!: Float64Array
  pcpu!: Int32Array
  queued!: Uint8Array
  /** Whether its domain is paused or stuck, or it was removed: it is not runnable then. */
  stopped!: Uint8Array
  #arrival!: Uint8Array
  #work!: Float64Array
  #sleep!: Float64Array
  /** Of an idle guest: the fraction of a pCPU that it takes now, and until when. */
  #level!: Float64Array
  #levelEnds!: Float64Array

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
    this.affinity[row] = affinity
    this.pcpu[row] = pcpu
    this.weight[row] = usualWeight
    this.assign(row, demand)
    return task
  }

  /** Replaces what a task does. */
  assign(row: number, demand: Demand): void {
    this.handles[row]!.demand = demand
    this.#arrival[row] = demand.arrival
    this.left[row] = demand.left
    this.next[row] = demand.next
    this.#work[row] = demand.work
    this.#sleep[row] = demand.sleep
    this.#random[row] = demand.random
    this.#done[row] = demand.done
    this.#level[row] = 0
    this.#levelEnds[row] = Number.NEGATIVE_INFINITY
  }

  /** The time `next` of a task has come: more work is there. */
  arrive(row: number, time: number): void {
    switch (this.#arrival[row]) {
      case Arrival.idle:
        if (time >= this.#levelEnds[row]!) {
          this.#level[row] = this.#random[row]!.next() * idleLevelMost
          this.#levelEnds[row] = time + idleLevelLasts
        }
        this.left[row] = this.#level[row]! * idlePeriod
        this.next[row]! += idlePeriod
        break
      case Arrival.background:
        this.left[row] = this.#random[row]!.around(this.#work[row]!, 1)
        this.next[row]! += idlePeriod
        break
      case Arrival.closedLoop:
        this.left[row] = this.#random[row]!.around(this.#work[row]!, loopJitter)
        this.next[row] = Number.POSITIVE_INFINITY
        break
      case Arrival.openLoop: {
        const work = this.#work[row]!
        this.left[row] = Math.min(this.left[row]! + work, work * openLoopBacklog)
        this.next[row]! += openLoopPeriod
        break
      }
    }
  }

  /** All that a task had to do is done. */
  finish(row: number, time: number): void {
    const arrival = this.#arrival[row]
    if (arrival === Arrival.closedLoop) {
      this.next[row] = time + this.#random[row]!.around(this.#sleep[row]!, loopJitter)
    } else if (arrival === Arrival.once) this.#done[row]!(time)
  }

  /** Counts the steps in which a queued task did not run, and says how long it has waited in all. */
  settle(row: number): number {
    if (this.queued[row] !== 0 && this.settled[row]! < this.steps) {
      this.waited[row] = plusOnes(this.waited[row]!, this.steps - this.settled[row]!)
      this.settled[row] = this.steps
    }
    return this.waited[row]!
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
    return became
  }

  /** Lays out the columns anew with these rows and so much room. */
  #keep(rows: readonly number[], capacity: number): void {
    const floats = (column: Float64Array | undefined) => filled(new Float64Array(capacity), column, rows)
    const bytes = (column: Uint8Array | undefined) => filled(new Uint8Array(capacity), column, rows)
    this.ran = floats(this.ran)
    this.waited = floats(this.waited)
    this.settled = floats(this.settled)
    this.vruntime = floats(this.vruntime)
    this.left = floats(this.left)
    this.next = floats(this.next)
    this.weight = floats(this.weight)
    this.#work = floats(this.#work)
    this.#sleep = floats(this.#sleep)
    this.#level = floats(this.#level)
    this.#levelEnds = floats(this.#levelEnds)
    this.pcpu = filled(new Int32Array(capacity), this.pcpu, rows)
    this.queued = bytes(this.queued)
    this.stopped = bytes(this.stopped)
    this.#arrival = bytes(this.#arrival)
    for (const list of [this.handles, this.affinity, this.#random, this.#done]) keepOf(list, rows)
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

/**
 * `value` with 1 added `count` times, rounded as if one by one: a sum over one step after the other, taken at once. Only
 * where the sum passes a power of two can adding a whole number round, and no sum passes two of them by less than itself.
 */
function plusOnes(value: number, count: number): number {
  let sum = value
  for (let rest = count; rest > 0; ) {
    const whole = sum < 1 ? 1 : Math.min(rest, Math.floor(sum))
    sum += whole
    rest -= whole
  }
  return sum
}
