import * as taskRecord from './task-record.ts'
import type { Task, Tasks } from './tasks.ts'

// V8 takes the constants of a module itself as numbers, and those of others as variables.
const { ran, recordSize } = taskRecord

/** What some tasks run and wait from one interval to the next, all read at once. */
export class CpuTimes {
  /** By task, in milliseconds of the interval that has ended: that it ran, and that it ran or waited to run. */
  ran = new Float64Array(0)
  asked = new Float64Array(0)
  readonly #tasks: Tasks
  #watched: readonly Task[] = []
  /** Their rows, as of a number of renumberings. */
  #rows = new Int32Array(0)
  #renumberings = 0
  /** Their counters at the end of the interval. */
  #ranBefore = new Float64Array(0)
  #waitedBefore = new Float64Array(0)

  constructor(tasks: Tasks) {
    this.#tasks = tasks
  }

  /** These are read from now on, in this order; the interval of one that is new began with it. */
  watch(tasks: readonly Task[]): void {
    const places = new Map(this.#watched.map((task, place) => [task, place]))
    const kept = (column: Float64Array) =>
      Float64Array.from(tasks, (task) => column[places.get(task) ?? Number.NaN] ?? 0)
    this.#ranBefore = kept(this.#ranBefore)
    this.#waitedBefore = kept(this.#waitedBefore)
    this.#watched = tasks
    this.ran = new Float64Array(tasks.length)
    this.asked = new Float64Array(tasks.length)
    this.#findRows()
  }

  /** Ends an interval. */
  advance(): void {
    if (this.#renumberings !== this.#tasks.renumberings) this.#findRows()
    const { records } = this.#tasks
    for (let i = 0; i < this.#rows.length; i++) {
      const row = this.#rows[i]!
      const hasRun = records[row * recordSize + ran]!
      const hasWaited = this.#tasks.settle(row)
      this.ran[i] = hasRun - this.#ranBefore[i]!
      this.asked[i] = this.ran[i]! + hasWaited - this.#waitedBefore[i]!
      this.#ranBefore[i] = hasRun
      this.#waitedBefore[i] = hasWaited
    }
  }

  #findRows(): void {
    this.#rows = Int32Array.from(this.#watched, ({ row }) => row)
    this.#renumberings = this.#tasks.renumberings
  }
}
