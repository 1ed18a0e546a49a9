import {
  type CpuSample,
  CpuSource,
  type DomainIdentity,
  type MemorySample,
  MemoryStatus,
} from '../host/sample.ts'
import type { Guest } from './guest.ts'
import type { Machine } from './machine.ts'
import type { Task } from './processors.ts'

/** What a vCPU had done at the sample before; one that is not in there is unknown. */
type Counters = ReadonlyMap<Task, { readonly ran: number; readonly waited: number }>

/** Makes CPU samples: differences of the machine's counters from one to the next. */
export class CpuSampler {
  readonly #machine: Machine
  #time = Number.NaN
  #counters: Counters = new Map()
  #busy: Float64Array | undefined

  constructor(machine: Machine) {
    this.#machine = machine
  }

  sample(): CpuSample {
    const { domains, clock, topology, processors } = this.#machine
    const time = clock.now()
    const interval = time - this.#time
    const guests = domains.map((domain) => this.#machine.guest(domain.uuid)!)
    const tasks = guests.flatMap((guest) => guest.tasks)
    // Nothing can be said of an interval without length: 0 / 0 is NaN, which is unknown.
    const rate = (now: number, before: number | undefined) => (now - (before ?? Number.NaN)) / interval

    const vcpuStart = new Uint32Array(guests.length + 1)
    for (const [i, guest] of guests.entries()) vcpuStart[i + 1] = vcpuStart[i]! + guest.tasks.length
    const affinityWords = Math.ceil(topology.cpuCount / 32)
    const affinity = new Uint32Array(tasks.length * affinityWords)
    for (const [row, task] of tasks.entries()) {
      affinity.set(task.affinity.toWords(topology.cpuCount).subarray(0, affinityWords), row * affinityWords)
    }
    const before = this.#counters
    const busyBefore = this.#busy
    const sample: CpuSample = {
      domains,
      time,
      interval,
      state: Uint8Array.from(guests, (guest) => guest.state),
      source: Uint8Array.from(guests, () => CpuSource.simulation),
      vcpuStart,
      vcpu: Uint32Array.from(guests.flatMap((guest) => guest.tasks.map((_, number) => number))),
      usage: Float64Array.from(tasks, (task) => rate(task.ran, before.get(task)?.ran)),
      delay: Float64Array.from(tasks, (task) => rate(task.waited, before.get(task)?.waited)),
      pcpu: Int32Array.from(tasks, (task) => task.pcpu),
      affinityWords,
      affinity,
      pcpuBusy: processors.busy.map((busy, pcpu) => rate(busy, busyBefore?.[pcpu])),
    }
    this.#time = time
    this.#counters = new Map(tasks.map((task) => [task, { ran: task.ran, waited: task.waited }]))
    this.#busy = processors.busy.slice()
    return sample
  }
}

/** The memory levels now. Guests in `unheard` did not answer in time. */
export function sampleMemory(machine: Machine): MemorySample {
  const { domains, clock, topology } = machine
  const guests = domains.map((domain: DomainIdentity) => machine.guest(domain.uuid)!)
  const column = (level: (guest: Guest) => number | undefined) =>
    Float64Array.from(guests, (guest) => level(guest) ?? Number.NaN)
  const told = (level: (guest: Guest) => number | undefined) =>
    column((guest) => (guest.stuck ? undefined : level(guest)))
  const free = machine.freeMemory
  return {
    domains,
    time: clock.now(),
    wallTime: clock.wallTime(),
    status: Uint8Array.from(guests, (guest) => (guest.stuck ? MemoryStatus.stuck : MemoryStatus.fresh)),
    state: Uint8Array.from(guests, (guest) => guest.state),
    maximum: column((guest) => guest.memory.maximum),
    actual: column((guest) => guest.memory.actual),
    available: told((guest) => guest.reports.last?.available),
    unused: told((guest) => guest.reports.last?.unused),
    usable: told((guest) => guest.reports.last?.usable),
    diskCaches: told((guest) => guest.reports.last?.diskCaches),
    swapIn: told((guest) => guest.reports.last?.swapIn),
    swapOut: told((guest) => guest.reports.last?.swapOut),
    majorFaults: told((guest) => guest.reports.last?.majorFaults),
    rss: told((guest) => guest.memory.rss),
    lastUpdate: told((guest) => guest.reports.lastUpdate),
    host: { total: topology.memory, free, available: free, pressure: machine.memoryPressure },
  }
}
