import type { Topology } from '../host/topology.ts'
import type { Calendar } from './calendar.ts'
import * as queueRecord from './queue-record.ts'
import type { RunQueues } from './run-queues.ts'
import * as taskRecord from './task-record.ts'
import { type Tasks, usualWeight } from './tasks.ts'
import type { Throttling } from './throttling.ts'

// V8 takes the constants of a module itself as numbers, and those of others as variables.
const { Count, countsSize, none, Time, timesSize } = queueRecord
const { Is, left, negligible, next, ran, recordSize, settled, vruntime, waited } = taskRecord

/** How long a task runs before another one does: the kernel decides at its timer tick, 250 times a second. */
const slice = 4
/** What a thread does of its work while its sibling is busy: two busy threads of a core do 1.2 times the work of one. */
export const smtSpeed = 0.6

/** What the busy pCPUs do in a step: nobody becomes runnable meanwhile. */
export class Execution {
  /** Per pCPU: milliseconds that it was busy with anything. */
  readonly busy: Float64Array
  readonly #tasks: Tasks
  readonly #queues: RunQueues
  readonly #throttling: Throttling
  readonly #calendar: Calendar
  /** Per pCPU: whether it was busy for most of its last step; its siblings. */
  readonly #wasBusy: Uint8Array
  readonly #siblings: Int32Array[]
  /** Per pCPU: how much work it does in a millisecond, in milliseconds of the largest. */
  readonly #capacity: Float64Array

  constructor(
    { cpuCount, pcpus }: Topology,
    tasks: Tasks,
    queues: RunQueues,
    throttling: Throttling,
    calendar: Calendar,
  ) {
    this.busy = new Float64Array(cpuCount)
    this.#tasks = tasks
    this.#queues = queues
    this.#throttling = throttling
    this.#calendar = calendar
    this.#wasBusy = new Uint8Array(cpuCount)
    // Numbers may have gaps, at which nothing runs.
    this.#capacity = new Float64Array(cpuCount)
    this.#siblings = Array.from({ length: cpuCount }, () => new Int32Array(0))
    for (const { id, capacity = 1, siblings } of pcpus) {
      this.#capacity[id] = capacity
      this.#siblings[id] = Int32Array.from(siblings.without(id))
    }
  }

  /** Has all pCPUs run their tasks from `time` to a millisecond later. */
  step(time: number): void {
    const { counts } = this.#queues
    for (let pcpu = 0, q = 0; q < counts.length; pcpu++, q += countsSize) {
      if (counts[q + Count.length]! > 0) this.#run(pcpu, time)
      else {
        counts[q + Count.running] = none
        this.#wasBusy[pcpu] = 0
      }
    }
    this.#tasks.steps += 1
  }

  #run(pcpu: number, time: number): void {
    const queues = this.#queues
    const { counts, times } = queues
    const q = pcpu * countsSize
    const t = pcpu * timesSize
    const { records, state } = this.#tasks
    const capacity = this.#capacity[pcpu]!
    const speed = this.#isShared(pcpu) ? smtSpeed * capacity : capacity
    let current = counts[q + Count.running]!
    let sliceLeft = times[t + Time.sliceLeft]!
    let isOver = current === none
    let offset = 0
    let own = 0
    do {
      // It runs until its slice is over; then the turn goes to the one that was served least.
      if (isOver || !(sliceLeft > negligible) || counts[q + Count.turnAt]! === none) {
        sliceLeft = slice
        current = queues.nextTurn(pcpu)
        isOver = false
      }
      const at = current * recordSize
      const is = state[current]!
      const rest = 1 - offset
      const work = records[at + left]!
      const needs = speed === 1 ? work : work / speed
      let span = Math.min(needs, rest)
      if ((is & Is.limited) !== 0) span = Math.min(span, this.#throttling.allowanceOf(current))
      const more = work - span * speed
      // It runs once in a step: until it is done, or until the step is over.
      const done = more < negligible
      records[at + left] = done ? 0 : more
      records[at + ran]! += span
      own = records[at + vruntime]! + ((is & Is.weighted) === 0 ? span : this.#weighed(current, span))
      records[at + vruntime] = own
      offset += span
      sliceLeft -= span
      let waits = records[at + waited]!
      const steps = time - records[at + settled]!
      if (steps > 0) waits = waits >= steps ? waits + steps : taskRecord.plusOnes(waits, steps)
      const waitsNow = (done ? offset : 1) - span
      if (waitsNow > 0) waits += waitsNow
      records[at + waited] = waits
      records[at + settled] = time + 1
      if (!done) queues.noteRun(pcpu)
      if ((is & Is.limited) !== 0) this.#charge(current, span, done, offset)
      if (done) {
        if (counts[q + Count.turnAt]! !== none) queues.leaveTurn(pcpu)
        if ((is & Is.ending) !== 0) this.#finish(current, time + offset)
      }
    } while (counts[q + Count.length]! > 0 && 1 - offset > negligible)
    times[t + Time.sliceLeft] = sliceLeft
    counts[q + Count.running] = offset > 0 ? current : none
    this.#wasBusy[pcpu] = offset > 0.5 ? 1 : 0
    this.busy[pcpu]! += offset
    if (offset > 0) queues.noteLeast(pcpu, current)
  }

  /** What a weighted task that ran for so long has come on in virtual run time. */
  #weighed(row: number, span: number): number {
    return (span * usualWeight) / this.#tasks.weight[row]!
  }

  #finish(row: number, time: number): void {
    if (this.#tasks.finish(row, time)) this.#calendar.mark(row, this.#tasks.records[row * recordSize + next]!)
  }

  #charge(row: number, span: number, done: boolean, offset: number): void {
    this.#throttling.charge(row, span)
    if (!this.#tasks.is(row, Is.held)) return
    // What is left of this step counts as waited already.
    if (done) this.#tasks.state[row]! &= ~Is.held
    else this.#tasks.throttled[row]! += 1 - offset
  }

  /** Whether another thread of its core is busy. */
  #isShared(pcpu: number): boolean {
    const siblings = this.#siblings[pcpu]!
    for (let i = 0; i < siblings.length; i++) if (this.#wasBusy[siblings[i]!] !== 0) return true
    return false
  }
}
