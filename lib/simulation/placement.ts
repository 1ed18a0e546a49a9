import type { Topology } from '../host/topology.ts'
import type { Random } from '../util/random.ts'
import type { Affinity } from './affinity.ts'
import * as queueRecord from './queue-record.ts'
import type { RunQueues } from './run-queues.ts'
import * as taskRecord from './task-record.ts'
import type { Tasks } from './tasks.ts'

// V8 takes the constants of a module itself as numbers, and those of others as variables.
const { none } = queueRecord
const { Is } = taskRecord

/** How often a balancing pass moves a vCPU for no visible reason, as a real kernel does. */
const strayChance = 0.03

/**
 * Where tasks go that may run on several pCPUs: on an idle one when they wake, to one that has fallen idle, and once in a while
 * from a long queue to a short one.
 */
export class Placement {
  readonly #tasks: Tasks
  readonly #queues: RunQueues
  readonly #random: Random
  readonly #count: number
  /** Per pCPU. */
  readonly #siblings: Int32Array[]
  /** Queues that have something to give, as numbers that sort the longest first, the first of equals. */
  readonly #crowded: Float64Array

  constructor({ cpuCount, pcpus }: Topology, tasks: Tasks, queues: RunQueues, random: Random) {
    this.#tasks = tasks
    this.#queues = queues
    this.#random = random
    this.#count = cpuCount
    this.#siblings = Array.from({ length: cpuCount }, () => new Int32Array(0))
    for (const { id, siblings } of pcpus) this.#siblings[id] = Int32Array.from(siblings.without(id))
    this.#crowded = new Float64Array(this.#count)
  }

  /** A new task begins where the fewest others are, as a new thread does: best on a core of its own. */
  firstPlace(affinity: Affinity): number {
    const { count, pcpu: places, handles } = this.#tasks
    const population = new Int32Array(this.#count)
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
    return place
  }

  /** Where it ran last if that is idle, else an idle pCPU, best of an idle core; else where it ran last. */
  wakeUpPlace(task: number): number {
    const last = this.#tasks.pcpu[task]!
    const stays = !this.#tasks.is(task, Is.displaced)
    const queues = this.#queues
    const { idle } = queues
    if (stays && (queues.lengthOf(last) === 0 || !this.#tasks.is(task, Is.movable))) return last
    if (idle.count === 0 && stays) {
      this.#random.skip()
      return last
    }
    const start = this.#random.below(this.#count)
    const affinity = this.#tasks.affinity[task]!
    const best = firstCommon(idle.coreWords, affinity.words, start)
    if (best !== none) return best
    const any = firstCommon(idle.words, affinity.words, start)
    if (any !== none) return any
    return stays ? last : this.emptiest(affinity, last)
  }

  /** The shortest queue among an affinity's; the first of equals, `last` before others. */
  emptiest(affinity: Affinity, last: number): number {
    const queues = this.#queues
    const { list } = affinity
    let best = affinity.has(last) ? last : list[0]!
    for (let i = 0; i < list.length; i++)
      if (queues.lengthOf(list[i]!) < queues.lengthOf(best)) best = list[i]!
    return best
  }

  /** A pCPU that has nothing to do takes a waiting task from one that has two or more. */
  pullToIdle(): void {
    const queues = this.#queues
    const { idle, crowdedCount } = queues
    if (idle.count === 0 || crowdedCount === 0) return
    let crowded = 0
    for (let pcpu = 0; pcpu < this.#count; pcpu++) {
      if (queues.lengthOf(pcpu) > 1 && queues.movableOf(pcpu) > 0)
        this.#crowded[crowded++] = pcpu - queues.lengthOf(pcpu) * this.#count
    }
    if (crowded === 0) return
    const order = this.#crowded.subarray(0, crowded).sort()
    for (let word = 0; word < idle.words.length; word++) {
      for (let bits = idle.words[word]!; bits !== 0; bits &= bits - 1) {
        this.#pull(word * 32 + 31 - Math.clz32(bits & -bits), order)
      }
    }
  }

  #pull(to: number, order: Float64Array): void {
    const queues = this.#queues
    const { rows } = queues
    const { affinity } = this.#tasks
    for (let i = 0; i < order.length; i++) {
      const from = ((order[i]! % this.#count) + this.#count) % this.#count
      if (queues.lengthOf(from) < 2) continue
      const begin = queues.firstOf(from)
      for (let at = begin; at < begin + queues.lengthOf(from); at++) {
        const task = rows[at]!
        if (task === queues.runningOn(from) || !this.#tasks.is(task, Is.movable) || !affinity[task]!.has(to))
          continue
        queues.move(task, to)
        return
      }
    }
  }

  /** Moves one waiting task from each queue that is longer by two than one that the task may join. */
  balance(): void {
    const queues = this.#queues
    let least = this.#shortest()
    for (let pcpu = 0; pcpu < this.#count; pcpu++) {
      if (queues.movableOf(pcpu) === 0 || queues.lengthOf(pcpu) - queues.lengthOf(least) < 2) continue
      if (this.#even(pcpu, least)) least = this.#shortest()
    }
    if (this.#random.next() < strayChance) this.#stray()
  }

  /** Moves the first task that can go where it is less crowded; `least` is the shortest queue of all. */
  #even(pcpu: number, least: number): boolean {
    const queues = this.#queues
    const { rows } = queues
    const begin = queues.firstOf(pcpu)
    for (let at = begin; at < begin + queues.lengthOf(pcpu); at++) {
      const task = rows[at]!
      if (task === queues.runningOn(pcpu) || !this.#tasks.is(task, Is.movable)) continue
      const affinity = this.#tasks.affinity[task]!
      const target = affinity.list.length === this.#count ? least : this.emptiest(affinity, pcpu)
      if (queues.lengthOf(pcpu) - queues.lengthOf(target) < 2) continue
      queues.move(task, target)
      return true
    }
    return false
  }

  #shortest(): number {
    const queues = this.#queues
    let best = 0
    for (let pcpu = 1; pcpu < this.#count; pcpu++)
      if (queues.lengthOf(pcpu) < queues.lengthOf(best)) best = pcpu
    return best
  }

  #stray(): void {
    const { state, affinity, pcpu, count } = this.#tasks
    const free: number[] = []
    const queuedAndMovable = Is.queued | Is.movable
    for (let row = 0; row < count; row++) {
      if ((state[row]! & queuedAndMovable) === queuedAndMovable) free.push(row)
    }
    const task = free[this.#random.below(free.length)]
    if (task === undefined) return
    const targets = affinity[task]!.list.filter((target) => target !== pcpu[task])
    this.#queues.move(task, targets[this.#random.below(targets.length)]!)
  }
}

/** The first bit that two bitmaps have in common, from `start` on and round to it again; `none` if there is none. */
function firstCommon(a: Int32Array, b: Int32Array, start: number): number {
  const words = a.length
  const first = start >>> 5
  const above = -1 << (start & 31)
  for (let i = 0; i <= words; i++) {
    const word = first + i < words ? first + i : first + i - words
    let bits = a[word]! & b[word]!
    if (i === 0) bits &= above
    else if (i === words) bits &= ~above
    if (bits !== 0) return word * 32 + 31 - Math.clz32(bits & -bits)
  }
  return none
}
