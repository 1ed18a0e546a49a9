import { CpuSet } from '../host/cpuset.ts'
import type { Topology } from '../host/topology.ts'
import { background, type Demand, negligible } from './load.ts'
import { Random } from './random.ts'

/** How long a task runs before another takes its turn: the kernel looks at its timer tick, 250 times a second. */
const slice = 4
/** A task that wakes up takes its turn at once when it is so much behind the one that runs. */
const wakeUpLead = 2
/** What a task weighs that nobody gave a weight. */
export const usualWeight = 1024
/** Two busy threads of a core do 1.2 times the work of one. */
const smtSpeed = 0.6
const balancePeriod = 64
/** How often a balancing pass moves a vCPU for no visible reason, as a real kernel does. */
const strayChance = 0.03

/** What the host's kernel schedules: a vCPU, or the host's own work on a pCPU. */
export class Task {
  demand: Demand
  affinity: CpuSet
  /** pCPU that it ran on last, or waits for. */
  pcpu: number
  /** Milliseconds that it has run, and that it was runnable and did not run. */
  ran = 0
  waited = 0
  /** Whether its domain is paused or stuck: it is not runnable then. */
  stopped = false
  /** Against the others on its pCPU. */
  weight = usualWeight
  queued = false
  vruntime = 0
  ranInStep = 0

  constructor(demand: Demand, affinity: CpuSet) {
    this.demand = demand
    this.affinity = affinity
    this.pcpu = affinity.first ?? 0
  }
}

/**
 * The pCPUs and what runs on them, in steps of a millisecond. Each pCPU runs the runnable task with
 * the least virtual run time, a slice of 4 ms at a time, and one that wakes up joins at the average, as in EEVDF; tasks that may run on several pCPUs are placed on an idle one
 * when they wake, pulled by one that has fallen idle, and evened out every 64 ms.
 */
export class Processors {
  /** Per pCPU: milliseconds that it was busy with anything. */
  readonly busy: Float64Array
  readonly #topology: Topology
  readonly #random: Random
  readonly #tasks = new Set<Task>()
  readonly #queues: Task[][]
  readonly #running: (Task | undefined)[]
  readonly #sliceLeft: Float64Array
  /** The virtual run time that a task joins at. */
  readonly #least: Float64Array
  readonly #busyInStep: Float64Array
  readonly #siblings: readonly (readonly number[])[]

  /** Per pCPU: the host's own work, and the numbers that it is drawn from. */
  readonly #background: { readonly task: Task; readonly random: Random }[]

  /** `backgroundPart` by pCPU. */
  constructor(topology: Topology, backgroundPart: readonly number[], seed: number) {
    this.#topology = topology
    this.#random = new Random(seed, 'kernel')
    const count = topology.cpuCount
    this.busy = new Float64Array(count)
    this.#queues = Array.from({ length: count }, () => [])
    this.#running = Array.from({ length: count }, () => undefined)
    this.#sliceLeft = new Float64Array(count)
    this.#least = new Float64Array(count)
    this.#busyInStep = new Float64Array(count)
    this.#siblings = topology.pcpus.map((pcpu) => [...pcpu.siblings.without(pcpu.id)])
    this.#background = topology.pcpus.map(({ id }) => {
      const random = new Random(seed, `background of ${id}`)
      const task = new Task(background(backgroundPart[id]!, 0, random), CpuSet.of(id))
      this.add(task)
      return { task, random }
    })
  }

  /** Per pCPU: the fraction of it that the host's own work wants. */
  get background(): readonly number[] {
    return this.#background.map(({ task }) => task.demand.wanted)
  }

  setBackground(pcpu: number, part: number, time: number): void {
    const { task, random } = this.#background[pcpu]!
    this.setDemand(task, background(part, time, random))
  }

  /** A new task begins where the fewest others are, as a new thread does: best on a core of its own. */
  add(task: Task): void {
    const population = new Float64Array(this.#topology.cpuCount)
    for (const { pcpu } of this.#tasks) {
      population[pcpu]! += 1
      for (const sibling of this.#siblings[pcpu]!) population[sibling]! += 0.5
    }
    let fewest = Number.POSITIVE_INFINITY
    for (const pcpu of task.affinity) {
      const crowd = population[pcpu]! + this.#random.next() / 4
      if (crowd >= fewest) continue
      fewest = crowd
      task.pcpu = pcpu
    }
    this.#tasks.add(task)
  }

  remove(task: Task): void {
    this.#tasks.delete(task)
    this.#dequeue(task)
  }

  stop(task: Task): void {
    task.stopped = true
    this.#dequeue(task)
  }

  /** The guest goes on where it was; what would have arrived meanwhile is lost to it. */
  resume(task: Task, time: number): void {
    task.stopped = false
    task.demand.next = Math.max(task.demand.next, time)
  }

  /** As the kernel: one that runs or waits elsewhere moves at once, one that sleeps when it wakes up. */
  setAffinity(task: Task, affinity: CpuSet): void {
    task.affinity = affinity
    if (task.queued && !affinity.has(task.pcpu)) this.#move(task, this.#emptiest(task))
  }

  /** Replaces what a task does. */
  setDemand(task: Task, demand: Demand): void {
    task.demand = demand
    if (demand.left === 0) this.#dequeue(task)
  }

  /** Carries everything from `time` to a millisecond later. */
  step(time: number): void {
    for (const task of this.#tasks) {
      if (task.stopped) continue
      const { demand } = task
      // Rounded to the nearest step, so that sleeps are as long as asked for on average.
      if (demand.next <= time + 0.5) demand.arrive(time)
      if (demand.left > 0 && !task.queued) this.#enqueue(task, this.#wakeUpPlace(task))
    }
    this.#pullToIdle()
    if (time % balancePeriod === 0) this.#balance()
    for (let pcpu = 0; pcpu < this.#queues.length; pcpu++) this.#run(pcpu, time)
  }

  #run(pcpu: number, time: number): void {
    const queue = this.#queues[pcpu]!
    const speed = this.#siblings[pcpu]!.some((sibling) => this.#busyInStep[sibling]! > 0.5) ? smtSpeed : 1
    let offset = 0
    let current = this.#running[pcpu]
    while (queue.length > 0 && 1 - offset > negligible) {
      current = this.#turn(pcpu, current)
      const { demand } = current
      const span = Math.min(1 - offset, demand.left / speed)
      demand.left -= span * speed
      current.ran += span
      current.ranInStep += span
      current.vruntime += (span * usualWeight) / current.weight
      offset += span
      this.#sliceLeft[pcpu]! -= span
      if (demand.left < negligible) {
        demand.left = 0
        this.#settle(current, offset)
        this.#dequeue(current)
        demand.finish(time + offset)
      }
    }
    for (const task of queue) this.#settle(task, 1)
    this.#running[pcpu] = offset > 0 ? current : undefined
    this.#busyInStep[pcpu] = offset
    this.busy[pcpu]! += offset
    if (current && offset > 0) {
      const least = queue.length > 0 ? leastServed(queue).vruntime : current.vruntime
      this.#least[pcpu] = Math.max(this.#least[pcpu]!, least)
    }
  }

  /** The task whose turn it is: the one that runs until its slice is over, then the one that was served least. */
  #turn(pcpu: number, current: Task | undefined): Task {
    if (current?.queued && current.pcpu === pcpu && this.#sliceLeft[pcpu]! > negligible) return current
    this.#sliceLeft[pcpu] = slice
    return leastServed(this.#queues[pcpu]!)
  }

  /** Counts as waiting what a task was runnable and did not run in this step. */
  #settle(task: Task, runnable: number): void {
    task.waited += Math.max(0, runnable - task.ranInStep)
    task.ranInStep = 0
  }

  #enqueue(task: Task, pcpu: number): void {
    if (task.pcpu !== pcpu) {
      task.vruntime += this.#least[pcpu]! - this.#least[task.pcpu]!
      task.pcpu = pcpu
    }
    const queue = this.#queues[pcpu]!
    task.vruntime = Math.max(task.vruntime, queue.length > 0 ? averageServed(queue) : this.#least[pcpu]!)
    task.queued = true
    queue.push(task)
    const running = this.#running[pcpu]
    if (running && running.vruntime - task.vruntime > wakeUpLead) this.#sliceLeft[pcpu] = 0
  }

  #dequeue(task: Task): void {
    if (!task.queued) return
    const queue = this.#queues[task.pcpu]!
    queue.splice(queue.indexOf(task), 1)
    task.queued = false
  }

  #move(task: Task, pcpu: number): void {
    this.#dequeue(task)
    this.#enqueue(task, pcpu)
  }

  /** Where it ran last if that is idle, else an idle pCPU, best of an idle core; else where it ran last. */
  #wakeUpPlace(task: Task): number {
    const stays = task.affinity.has(task.pcpu)
    if (stays && this.#queues[task.pcpu]!.length === 0) return task.pcpu
    if (stays && task.affinity.first === task.pcpu && task.affinity.size === 1) return task.pcpu
    let idle: number | undefined
    const { pcpus } = this.#topology
    const start = this.#random.below(pcpus.length)
    for (let i = 0; i < pcpus.length; i++) {
      const { id } = pcpus[(start + i) % pcpus.length]!
      if (this.#queues[id]!.length > 0 || !task.affinity.has(id)) continue
      if (this.#siblings[id]!.every((sibling) => this.#queues[sibling]!.length === 0)) return id
      idle ??= id
    }
    if (idle !== undefined) return idle
    return stays ? task.pcpu : this.#emptiest(task)
  }

  /** The shortest queue that the task may join; the first of equals, where it is before others. */
  #emptiest(task: Task): number {
    let best = task.affinity.has(task.pcpu) ? task.pcpu : undefined
    for (const id of task.affinity) {
      if (best === undefined || this.#queues[id]!.length < this.#queues[best]!.length) best = id
    }
    return best!
  }

  /** A pCPU that has nothing to do takes a waiting task from one that has two or more. */
  #pullToIdle(): void {
    const crowded = this.#queues.filter((queue) => queue.length > 1)
    if (crowded.length === 0) return
    crowded.sort((a, b) => b.length - a.length)
    for (const { id } of this.#topology.pcpus) {
      if (this.#queues[id]!.length > 0) continue
      for (const queue of crowded) {
        if (queue.length < 2) continue
        const task = queue.find((candidate) => this.#waits(candidate) && candidate.affinity.has(id))
        if (!task) continue
        this.#move(task, id)
        break
      }
    }
  }

  #waits(task: Task): boolean {
    return this.#running[task.pcpu] !== task
  }

  /** Moves one waiting task from each queue that is longer by two than one that the task may join. */
  #balance(): void {
    for (const [pcpu, queue] of this.#queues.entries()) {
      if (queue.length < 2) continue
      for (const task of queue) {
        const target = this.#waits(task) ? this.#emptiest(task) : pcpu
        if (queue.length - this.#queues[target]!.length < 2) continue
        this.#move(task, target)
        break
      }
    }
    if (this.#random.next() < strayChance) this.#stray()
  }

  #stray(): void {
    const free = [...this.#tasks].filter((task) => task.queued && task.affinity.size > 1)
    const task = free[this.#random.below(free.length)]
    if (!task) return
    const targets = [...task.affinity.without(task.pcpu)]
    this.#move(task, targets[this.#random.below(targets.length)] ?? task.pcpu)
  }
}

/** Where a task joins that slept: it catches nothing up, as in EEVDF, and waits until most of the others have had their turn. */
function averageServed(queue: readonly Task[]): number {
  return queue.reduce((sum, { vruntime }) => sum + vruntime, 0) / queue.length
}

function leastServed(queue: readonly Task[]): Task {
  let least = queue[0]!
  for (const task of queue) if (task.vruntime < least.vruntime) least = task
  return least
}
