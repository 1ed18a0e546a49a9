import { CpuSet } from '../host/cpuset.ts'
import type { Topology } from '../host/topology.ts'
import { Affinity } from './affinity.ts'
import type { Bandwidth } from './bandwidth.ts'
import { Calendar } from './calendar.ts'
import { background, type Demand, negligible } from './load.ts'
import { Placement } from './placement.ts'
import { Random } from './random.ts'
import { none, RunQueues } from './run-queues.ts'
import {
  left,
  next,
  ran,
  recordSize,
  settled,
  type Task,
  Tasks,
  usualWeight,
  waited,
  weight,
} from './tasks.ts'

/** How long a task runs before another one does: the kernel decides at its timer tick, 250 times a second. */
const slice = 4
/** Two busy threads of a core do 1.2 times the work of one. */
const smtSpeed = 0.6
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
  /** Per pCPU: milliseconds that it was busy with anything. */
  readonly busy: Float64Array
  readonly #topology: Topology
  readonly #random: Random
  readonly #tasks = new Tasks()
  readonly #queues: RunQueues
  readonly #placement: Placement
  #calendar = new Calendar(this.#tasks.capacity)
  /** Those that are looked at in a step. */
  #due = new Int32Array(this.#tasks.capacity)
  /** Per pCPU: whether it was busy for most of its last step; its siblings. */
  readonly #wasBusy: Uint8Array
  readonly #siblings: Int32Array[]
  /** Per pCPU: how much work it does in a millisecond, in milliseconds of the largest. */
  readonly #capacity: Float64Array
  readonly #bandwidths = new Set<Bandwidth>()
  /** By the list of their pCPUs. */
  readonly #affinities = new Map<string, Affinity>()
  /** Per pCPU: the host's own work, and the numbers that it is drawn from. */
  readonly #background: ({ readonly task: Task; readonly random: Random } | undefined)[] = []

  /** `backgroundPart` by pCPU, in the order of the topology. */
  constructor(topology: Topology, backgroundPart: readonly number[], seed: number) {
    this.#topology = topology
    this.#random = new Random(seed, 'kernel')
    const count = topology.cpuCount
    this.busy = new Float64Array(count)
    this.#queues = new RunQueues(topology, this.#tasks)
    this.#placement = new Placement(this.#tasks, this.#queues, this.#random)
    this.#wasBusy = new Uint8Array(count)
    // Numbers may have gaps, at which nothing runs.
    this.#capacity = new Float64Array(count)
    this.#siblings = Array.from({ length: count }, () => new Int32Array(0))
    for (const { id, capacity = 1, siblings } of topology.pcpus) {
      this.#capacity[id] = capacity
      this.#siblings[id] = Int32Array.from(siblings.without(id))
    }
    for (const [index, { id }] of topology.pcpus.entries()) {
      const random = new Random(seed, `background of ${id}`)
      const task = this.add(background(backgroundPart[index]!, 0, random), CpuSet.of(id))
      this.#background[id] = { task, random }
    }
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
    if (this.#tasks.isFull) this.#makeRoom()
    const affinity = this.#affinityOf(cpus)
    const { count, pcpu: places, handles } = this.#tasks
    const population = new Int32Array(this.#topology.cpuCount)
    for (let row = 0; row < count; row++) if (handles[row]) population[places[row]!]! += 1
    let fewest = Number.POSITIVE_INFINITY
    let place = affinity.list[0]!
    for (const pcpu of affinity.list) {
      let crowd = population[pcpu]!
      for (const sibling of this.#siblings[pcpu]!) crowd += population[sibling]! / 2
      crowd += this.#random.next() / 4
      if (crowd >= fewest) continue
      fewest = crowd
      place = pcpu
    }
    const task = this.#tasks.add(demand, affinity, place)
    this.#expect(task.row)
    return task
  }

  remove(task: Task): void {
    this.stop(task)
    this.limit(task, [])
    this.#tasks.handles[task.row] = undefined
  }

  stop({ row }: Task): void {
    this.#tasks.stopped[row] = 1
    this.#leave(row)
  }

  /** Puts a task under these quotas, and no others. */
  limit(task: Task, limits: readonly Bandwidth[]): void {
    const { row } = task
    for (const before of this.#tasks.limits[row] ?? []) {
      before.tasks.delete(task)
      if (before.tasks.size === 0) this.#bandwidths.delete(before)
    }
    this.#tasks.limits[row] = limits.length > 0 ? limits : undefined
    for (const bandwidth of limits) {
      bandwidth.tasks.add(task)
      this.#bandwidths.add(bandwidth)
    }
    if (this.#tasks.held[row] !== 0) this.#goOn(row)
  }

  /** The guest goes on where it was; what would have arrived meanwhile is lost to it. */
  resume({ row }: Task, time: number): void {
    this.#tasks.stopped[row] = 0
    const at = row * recordSize + next
    this.#tasks.records[at] = Math.max(this.#tasks.records[at]!, time)
    this.#expect(row)
  }

  /** As the kernel: one that runs or waits elsewhere moves at once, one that sleeps when it wakes up. */
  setAffinity({ row }: Task, cpus: CpuSet): void {
    const queued = this.#tasks.queued[row] !== 0
    const pcpu = this.#tasks.pcpu[row]!
    const affinity = this.#affinityOf(cpus)
    this.#queues.setAffinity(row, affinity)
    if (queued && !affinity.has(pcpu)) this.#queues.move(row, this.#placement.emptiest(affinity, pcpu))
  }

  /** Replaces what a task does. */
  setDemand({ row }: Task, demand: Demand): void {
    this.#tasks.assign(row, demand)
    if (demand.left === 0) this.#leave(row)
    this.#expect(row)
  }

  /** Carries everything from `time` to a millisecond later. */
  step(time: number): void {
    this.#refill(time)
    this.#arrive(time)
    this.#placement.pullToIdle()
    if (time % balancePeriod === 0) this.#placement.balance()
    const { length, running } = this.#queues
    for (let pcpu = 0; pcpu < length.length; pcpu++) {
      if (length[pcpu]! > 0) this.#run(pcpu, time)
      else {
        running[pcpu] = none
        this.#wasBusy[pcpu] = 0
      }
    }
    this.#tasks.steps += 1
  }

  /** Gives work to those whose time has come, and wakes them up. */
  #arrive(time: number): void {
    const { records, queued, held, stopped } = this.#tasks
    const due = this.#due
    const count = this.#calendar.take(due)
    for (let i = 0; i < count; i++) {
      const row = due[i]!
      if (stopped[row] !== 0) continue
      const at = row * recordSize
      // Rounded to the nearest step, so that sleeps are as long as asked for on average.
      if (records[at + next]! <= time + 0.5) this.#tasks.arrive(row, time)
      if (records[at + left]! > 0 && queued[row] === 0 && held[row] === 0) {
        if (this.#isExhausted(row)) this.#tasks.hold(row)
        else this.#queues.join(row, this.#placement.wakeUpPlace(row))
      }
      const arrival = records[at + next]!
      if (arrival !== Number.POSITIVE_INFINITY) this.#calendar.mark(row, arrival)
    }
  }

  /** Begins new periods of quotas, and lets those go on that were held back. */
  #refill(time: number): void {
    for (const bandwidth of this.#bandwidths) {
      if (!bandwidth.refill(time)) continue
      for (const { row } of bandwidth.tasks) if (this.#tasks.held[row] !== 0) this.#goOn(row)
    }
  }

  /** Lets a task go on where it was held back, unless another quota holds it. */
  #goOn(row: number): void {
    if (this.#isExhausted(row)) return
    this.#tasks.release(row)
    const last = this.#tasks.pcpu[row]!
    const isFitting = this.#tasks.displaced[row] === 0
    this.#queues.join(row, isFitting ? last : this.#placement.wakeUpPlace(row))
  }

  #leave(row: number): void {
    if (this.#tasks.held[row] !== 0) this.#tasks.release(row)
    this.#queues.leave(row)
  }

  #isExhausted(row: number): boolean {
    const limits = this.#tasks.limits[row]
    return limits?.some((bandwidth) => bandwidth.isExhausted) ?? false
  }

  /** Milliseconds that a task may still run in this period. */
  #allowanceOf(row: number): number {
    let least = Number.POSITIVE_INFINITY
    for (const { left } of this.#tasks.limits[row] ?? []) least = Math.min(least, left)
    return Math.max(0, least)
  }

  /** Takes what a task ran off its quotas. Whoever waits under one that is used up by it waits no longer in a queue. */
  #charge(row: number, span: number): void {
    const { queued } = this.#tasks
    for (const bandwidth of this.#tasks.limits[row]!) {
      bandwidth.charge(span)
      if (!bandwidth.isExhausted) continue
      for (const task of bandwidth.tasks) {
        if (queued[task.row] === 0) continue
        this.#queues.leave(task.row)
        this.#tasks.hold(task.row)
      }
    }
  }

  #run(pcpu: number, time: number): void {
    const { length, sliceLeft } = this.#queues
    const { records, vruntime, limits, throttled, held } = this.#tasks
    const speed = this.#speedOf(pcpu)
    let offset = 0
    let current = this.#queues.running[pcpu]!
    do {
      current = this.#turn(pcpu, current)
      const at = current * recordSize
      if (records[at + settled]! < time) this.#tasks.settle(current)
      const rest = 1 - offset
      const needs = speed === 1 ? records[at + left]! : records[at + left]! / speed
      const isLimited = limits[current] !== undefined
      const span = isLimited ? Math.min(needs, rest, this.#allowanceOf(current)) : Math.min(needs, rest)
      const work = records[at + left]! - span * speed
      // It runs once in a step: until it is done, or until the step is over.
      const done = work < negligible
      records[at + left] = done ? 0 : work
      records[at + ran]! += span
      vruntime[current]! += (span * usualWeight) / records[at + weight]!
      offset += span
      sliceLeft[pcpu]! -= span
      const waits = (done ? offset : 1) - span
      if (waits > 0) records[at + waited]! += waits
      records[at + settled] = time + 1
      if (isLimited) {
        this.#charge(current, span)
        // What is left of this step counts as waited already.
        if (held[current] !== 0) {
          if (done) held[current] = 0
          else throttled[current]! += 1 - offset
        }
      }
      if (done) {
        this.#queues.leave(current)
        if (this.#tasks.finish(current, time + offset)) this.#calendar.mark(current, records[at + next]!)
      }
    } while (length[pcpu]! > 0 && 1 - offset > negligible)
    this.#queues.running[pcpu] = offset > 0 ? current : none
    this.#wasBusy[pcpu] = offset > 0.5 ? 1 : 0
    this.busy[pcpu]! += offset
    if (offset > 0) this.#queues.noteLeast(pcpu, current)
  }

  #speedOf(pcpu: number): number {
    const siblings = this.#siblings[pcpu]!
    const capacity = this.#capacity[pcpu]!
    for (let i = 0; i < siblings.length; i++) {
      if (this.#wasBusy[siblings[i]!] !== 0) return smtSpeed * capacity
    }
    return capacity
  }

  /** The task whose turn it is: the one that runs until its slice is over, then the one that was served least. */
  #turn(pcpu: number, current: number): number {
    const { sliceLeft } = this.#queues
    if (current !== none && sliceLeft[pcpu]! > negligible) {
      const { queued, pcpu: places } = this.#tasks
      if (queued[current] !== 0 && places[current] === pcpu) return current
    }
    sliceLeft[pcpu] = slice
    return this.#queues.nextTurn(pcpu)
  }

  /** Has a task looked at when its work arrives; at once if it has work and is not runnable yet. */
  #expect(row: number): void {
    const at = row * recordSize
    const { records, queued } = this.#tasks
    if (records[at + left]! > 0 && queued[row] === 0) this.#calendar.mark(row, 0)
    else if (records[at + next] !== Number.POSITIVE_INFINITY) this.#calendar.mark(row, records[at + next]!)
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

  #makeRoom(): void {
    const { pending } = this.#calendar
    this.#queues.renumber(this.#tasks.makeRoom())
    this.#due = new Int32Array(this.#tasks.capacity)
    this.#calendar = new Calendar(this.#tasks.capacity)
    this.#calendar.pending = pending
    for (let row = 0; row < this.#tasks.count; row++) this.#calendar.mark(row, 0)
  }
}
