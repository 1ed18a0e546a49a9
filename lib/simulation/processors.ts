import { CpuSet } from '../host/cpuset.ts'
import type { Topology } from '../host/topology.ts'
import { Random } from '../util/random.ts'
import { Affinity } from './affinity.ts'
import type { Bandwidth } from './bandwidth.ts'
import { Calendar } from './calendar.ts'
import { CpuTimes } from './cpu-times.ts'
import { Execution } from './execution.ts'
import { background, type Demand } from './load.ts'
import { Placement } from './placement.ts'
import { RunQueues } from './run-queues.ts'
import * as taskRecord from './task-record.ts'
import { type Task, Tasks } from './tasks.ts'
import { Throttling } from './throttling.ts'

// V8 takes the constants of a module itself as numbers, and those of others as variables.
const { Is, left, next, recordSize } = taskRecord

const balancePeriod = 64

/**
 * The pCPUs and what runs on them, in steps of a millisecond. Each pCPU runs the runnable task with the least virtual run time,
 * a slice of 4 ms at a time, and one that wakes up joins at the average, as in EEVDF; tasks that may run on several pCPUs are
 * placed on an idle one when they wake, pulled by one that has fallen idle, and evened out every 64 ms.
 *
 * A step costs what happens in it: it visits the tasks to which work comes, from a calendar, and the pCPUs that are busy.
 * A task that waits is not visited; how long it has waited is computed on request.
 */
export class Processors {
  readonly #topology: Topology
  readonly #tasks = new Tasks()
  readonly #queues: RunQueues
  readonly #placement: Placement
  readonly #throttling: Throttling
  readonly #execution: Execution
  readonly #calendar = new Calendar()
  /** Those that are looked at in a step. */
  #due!: Int32Array
  /** By the list of their pCPUs. */
  readonly #affinities = new Map<string, Affinity>()
  /** Per pCPU: the host's own work, and the numbers that it is drawn from. */
  readonly #background: ({ readonly task: Task; readonly random: Random } | undefined)[] = []

  /** `backgroundPart` by pCPU, in the order of the topology. */
  constructor(topology: Topology, backgroundPart: readonly number[], seed: number) {
    this.#topology = topology
    this.#queues = new RunQueues(topology, this.#tasks)
    this.#placement = new Placement(topology, this.#tasks, this.#queues, new Random(seed, 'kernel'))
    this.#throttling = new Throttling(this.#tasks, this.#queues, this.#placement)
    this.#execution = new Execution(topology, this.#tasks, this.#queues, this.#throttling, this.#calendar)
    this.#expectAll()
    for (const [index, { id }] of topology.pcpus.entries()) {
      const random = new Random(seed, `background of ${id}`)
      const task = this.add(background(backgroundPart[index]!, 0, random), CpuSet.of(id))
      this.#background[id] = { task, random }
    }
  }

  /** Per pCPU: milliseconds that it was busy with anything. */
  get busy(): Float64Array {
    return this.#execution.busy
  }

  /** Per pCPU: the fraction of it that the host's own work wants. */
  get background(): readonly number[] {
    return Array.from(this.#background, (own) => own?.task.demand.wanted ?? 0)
  }

  setBackground(pcpu: number, part: number, time: number): void {
    const { task, random } = this.#background[pcpu]!
    this.setDemand(task, background(part, time, random))
  }

  /** The host's own work on a pCPU that goes offline stops; vCPUs are moved by their affinities. */
  setOnline(pcpu: number, isOnline: boolean, time: number): void {
    const { task } = this.#background[pcpu]!
    if (isOnline) this.resume(task, time)
    else this.stop(task)
  }

  /** A new task begins where the fewest others are, as a new thread does: best on a core of its own. */
  add(demand: Demand, cpus: CpuSet): Task {
    if (this.#tasks.isFull) {
      this.#queues.renumber(this.#tasks.makeRoom())
      this.#expectAll()
    }
    const affinity = this.#affinityOf(cpus)
    const task = this.#tasks.add(demand, affinity, this.#placement.firstPlace(affinity))
    this.#expect(task.row)
    return task
  }

  remove(task: Task): void {
    this.stop(task)
    this.limit(task, [])
    this.#tasks.handles[task.row] = undefined
  }

  stop({ row }: Task): void {
    this.#tasks.state[row]! |= Is.stopped
    this.#leave(row)
  }

  /** Puts a task under these quotas, and no others. */
  limit(task: Task, limits: readonly Bandwidth[]): void {
    this.#throttling.limit(task, limits)
  }

  /** The guest goes on where it was; what would have arrived meanwhile is lost to it. */
  resume({ row }: Task, time: number): void {
    this.#tasks.state[row]! &= ~Is.stopped
    const at = row * recordSize + next
    this.#tasks.records[at] = Math.max(this.#tasks.records[at]!, time)
    this.#expect(row)
  }

  /** As the kernel: one that runs or waits elsewhere moves at once, one that sleeps when it wakes up. */
  setAffinity({ row }: Task, cpus: CpuSet): void {
    const isQueued = this.#tasks.is(row, Is.queued)
    const pcpu = this.#tasks.pcpu[row]!
    const affinity = this.#affinityOf(cpus)
    this.#queues.setAffinity(row, affinity)
    if (isQueued && !affinity.has(pcpu)) this.#queues.move(row, this.#placement.emptiest(affinity, pcpu))
  }

  /** Replaces what a task does. */
  setDemand({ row }: Task, demand: Demand): void {
    this.#tasks.assign(row, demand)
    if (demand.left === 0) this.#leave(row)
    this.#expect(row)
  }

  /** Reads tasks again and again, all at once. */
  cpuTimes(): CpuTimes {
    return new CpuTimes(this.#tasks)
  }

  /** Carries everything from `time` to a millisecond later. */
  step(time: number): void {
    this.#throttling.refill(time)
    this.#arrive(time)
    this.#placement.pullToIdle()
    if (time % balancePeriod === 0) this.#placement.balance()
    this.#execution.step(time)
  }

  /** Gives work to those whose time has come, and wakes them up. */
  #arrive(time: number): void {
    const { records, state } = this.#tasks
    const due = this.#due
    const count = this.#calendar.take(due)
    for (let i = 0; i < count; i++) {
      const row = due[i]!
      if ((state[row]! & Is.stopped) !== 0) continue
      const at = row * recordSize
      // Rounded to the nearest step, so that sleeps are as long as asked for on average.
      if (records[at + next]! <= time + 0.5) this.#tasks.arrive(row, time)
      if (records[at + left]! > 0 && (state[row]! & (Is.queued | Is.held)) === 0) {
        if ((state[row]! & Is.limited) !== 0 && this.#throttling.isExhausted(row)) this.#tasks.hold(row)
        else this.#queues.join(row, this.#placement.wakeUpPlace(row))
      }
      const arrival = records[at + next]!
      if (arrival !== Number.POSITIVE_INFINITY) this.#calendar.mark(row, arrival)
    }
  }

  #leave(row: number): void {
    if (this.#tasks.is(row, Is.held)) this.#tasks.release(row)
    this.#queues.leave(row)
  }

  /** Has a task looked at when its work arrives; at once if it has work and is not runnable yet. */
  #expect(row: number): void {
    const at = row * recordSize
    const { records } = this.#tasks
    if (records[at + left]! > 0 && !this.#tasks.is(row, Is.queued)) this.#calendar.mark(row, 0)
    else if (records[at + next] !== Number.POSITIVE_INFINITY) this.#calendar.mark(row, records[at + next]!)
  }

  /** There is room for as many tasks as there are rows; all of them are looked at once. */
  #expectAll(): void {
    this.#due = new Int32Array(this.#tasks.capacity)
    this.#calendar.clear(this.#tasks.capacity)
    for (let row = 0; row < this.#tasks.count; row++) this.#calendar.mark(row, 0)
  }

  /** The same for the same pCPUs: what all look at stays near. */
  #affinityOf(cpus: CpuSet): Affinity {
    const list = cpus.toString()
    let affinity = this.#affinities.get(list)
    if (!affinity) {
      affinity = new Affinity(cpus, this.#topology.cpuCount)
      this.#affinities.set(list, affinity)
    }
    return affinity
  }
}
