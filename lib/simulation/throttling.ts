import type { Bandwidth } from './bandwidth.ts'
import type { Placement } from './placement.ts'
import type { RunQueues } from './run-queues.ts'
import { Is } from './task-record.ts'
import type { Task, Tasks } from './tasks.ts'

/** Which tasks are under which quotas, and who is held back by them. */
export class Throttling {
  readonly #tasks: Tasks
  readonly #queues: RunQueues
  readonly #placement: Placement
  readonly #bandwidths = new Set<Bandwidth>()

  constructor(tasks: Tasks, queues: RunQueues, placement: Placement) {
    this.#tasks = tasks
    this.#queues = queues
    this.#placement = placement
  }

  /** Puts a task under these quotas, and no others. */
  limit(task: Task, limits: readonly Bandwidth[]): void {
    const { row } = task
    for (const before of this.#tasks.limits[row] ?? []) {
      before.tasks.delete(task)
      if (before.tasks.size === 0) this.#bandwidths.delete(before)
    }
    this.#tasks.setLimits(row, limits)
    for (const bandwidth of limits) {
      bandwidth.tasks.add(task)
      this.#bandwidths.add(bandwidth)
    }
    if (this.#tasks.is(row, Is.held)) this.#goOn(row)
  }

  /** Begins new periods of quotas, and lets those go on that were held back. */
  refill(time: number): void {
    for (const bandwidth of this.#bandwidths) {
      if (!bandwidth.refill(time)) continue
      for (const { row } of bandwidth.tasks) if (this.#tasks.is(row, Is.held)) this.#goOn(row)
    }
  }

  isExhausted(row: number): boolean {
    return this.#tasks.limits[row]?.some((bandwidth) => bandwidth.isExhausted) ?? false
  }

  /** Milliseconds that a task may still run in this period. */
  allowanceOf(row: number): number {
    let least = Number.POSITIVE_INFINITY
    for (const { left } of this.#tasks.limits[row]!) least = Math.min(least, left)
    return Math.max(0, least)
  }

  /** Takes what a task ran off its quotas. Whoever waits under one that is used up by it waits no longer in a queue. */
  charge(row: number, span: number): void {
    for (const bandwidth of this.#tasks.limits[row]!) {
      bandwidth.charge(span)
      if (!bandwidth.isExhausted) continue
      for (const task of bandwidth.tasks) {
        if (!this.#tasks.is(task.row, Is.queued)) continue
        this.#queues.leave(task.row)
        this.#tasks.hold(task.row)
      }
    }
  }

  /** Lets a task go on where it was held back, unless another quota holds it. */
  #goOn(row: number): void {
    if (this.isExhausted(row)) return
    this.#tasks.release(row)
    const last = this.#tasks.pcpu[row]!
    const stays = !this.#tasks.is(row, Is.displaced)
    this.#queues.join(row, stays ? last : this.#placement.wakeUpPlace(row))
  }
}
