import { type CpuSample, CpuSource, type MemorySample, MemoryStatus } from '../host/sample.ts'
import type { Guest } from './guest.ts'
import type { Machine } from './machine.ts'
import type { Task } from './tasks.ts'

/** Makes CPU samples: differences of the machine's counters from one to the next. */
export class CpuSampler {
  readonly #machine: Machine
  readonly #remote: boolean
  #time = Number.NaN
  /** What each vCPU had run and waited at the sample before, three numbers each, with how long quotas held it back; one that is not in there is unknown. */
  #counters = new Float64Array(0)
  /** Whose they are. */
  #tasks: readonly Task[] = []
  #busy: Float64Array | undefined

  /** Of a `remote` host cpusets are not known. */
  constructor(machine: Machine, remote: boolean) {
    this.#machine = machine
    this.#remote = remote
  }

  sample(): CpuSample {
    const { domains, guests, clock, topology, processors, cpusets } = this.#machine
    const time = clock.now()
    const { online, effective } = cpusets
    // Nothing can be said of an interval without length: 0 / 0 is NaN, which is unknown.
    const interval = time - this.#time
    const vcpuStart = new Uint32Array(guests.length + 1)
    for (const [i, guest] of guests.entries()) vcpuStart[i + 1] = vcpuStart[i]! + guest.vcpus.tasks.length
    const tasks = guests.flatMap((guest) => guest.vcpus.tasks)
    const affinityWords = Math.ceil(topology.cpuCount / 32)
    const before = this.#counters
    const counters = new Float64Array(3 * tasks.length)
    const places = this.#placesFor(tasks)
    const held = new Float64Array(tasks.length)
    const sample: CpuSample = {
      domains,
      time,
      interval,
      state: Uint8Array.from(guests, (guest) => guest.state),
      source: new Uint8Array(guests.length).fill(CpuSource.simulation),
      vcpuStart,
      vcpu: new Uint32Array(tasks.length),
      usage: new Float64Array(tasks.length),
      delay: new Float64Array(tasks.length),
      throttled: held,
      pcpu: new Int32Array(tasks.length),
      affinityWords,
      affinity: new Uint32Array(tasks.length * affinityWords),
      pcpuBusy: processors.busy.map((busy, pcpu) => {
        return online.has(pcpu) ? (busy - (this.#busy?.[pcpu] ?? Number.NaN)) / interval : Number.NaN
      }),
      ...(!this.#remote && { cpuset: repeated(effective.toWords(topology.cpuCount), guests.length) }),
    }
    for (const [i, guest] of guests.entries()) {
      for (const [vcpu, task] of guest.vcpus.tasks.entries()) {
        const row = vcpuStart[i]! + vcpu
        const place = places ? (places.get(task) ?? Number.NaN) : row
        const { ran, waited, throttled } = task
        counters[3 * row] = ran
        counters[3 * row + 1] = waited
        counters[3 * row + 2] = throttled
        sample.vcpu[row] = vcpu
        sample.usage[row] = (ran - (before[3 * place] ?? Number.NaN)) / interval
        sample.delay[row] = (waited - (before[3 * place + 1] ?? Number.NaN)) / interval
        held[row] = (throttled - (before[3 * place + 2] ?? Number.NaN)) / interval
        sample.pcpu[row] = task.pcpu
        sample.affinity.set(task.affinityWords, row * affinityWords)
      }
    }
    this.#time = time
    this.#counters = counters
    this.#tasks = tasks
    this.#busy = processors.busy.slice()
    return sample
  }

  /** Where the counters of each were at the sample before; undefined: where they are now. */
  #placesFor(tasks: readonly Task[]): ReadonlyMap<Task, number> | undefined {
    const before = this.#tasks
    if (before.length === tasks.length && tasks.every((task, row) => task === before[row])) return undefined
    return new Map(before.map((task, row) => [task, row]))
  }
}

function repeated(words: Uint32Array, times: number): Uint32Array {
  const all = new Uint32Array(words.length * times)
  for (let i = 0; i < times; i++) all.set(words, i * words.length)
  return all
}

/** The memory levels now. Guests in `unheard` did not answer in time. */
export function sampleMemory(machine: Machine): MemorySample {
  const { domains, guests, clock, topology } = machine
  // Ten times as fast as `Float64Array.from`.
  const column = (level: (guest: Guest) => number | undefined) => {
    const levels = new Float64Array(guests.length)
    for (let i = 0; i < guests.length; i++) levels[i] = level(guests[i]!) ?? Number.NaN
    return levels
  }
  const told = (level: (guest: Guest) => number | undefined) =>
    column((guest) => (guest.stuck ? undefined : level(guest)))
  const free = machine.freeMemory
  return {
    domains,
    time: clock.now(),
    wallTime: clock.wallTime(),
    status: Uint8Array.from(guests, (guest) => (guest.stuck ? MemoryStatus.stuck : MemoryStatus.fresh)),
    state: Uint8Array.from(guests, (guest) => guest.state),
    maximum: column(({ memory }) => memory.maximum + memory.device.size),
    actual: column(actualOf),
    available: told((guest) => guest.reports.last?.available),
    unused: told((guest) => guest.reports.last?.unused),
    usable: told((guest) => guest.reports.last?.usable),
    diskCaches: told((guest) => guest.reports.last?.diskCaches),
    swapIn: told((guest) => guest.reports.last?.swapIn),
    swapOut: told((guest) => guest.reports.last?.swapOut),
    majorFaults: told((guest) => guest.reports.last?.majorFaults),
    rss: told((guest) => guest.memory.rss),
    hugePages: told((guest) => guest.memory.hugePages),
    rssFile: told(() => 0),
    lastUpdate: told((guest) => guest.reports.lastUpdate),
    host: {
      total: topology.memory,
      free,
      available: free,
      pressure: machine.memoryPressure,
      hugePages: machine.hugePages.pools(guests.map((guest) => guest.memory.hugePages)),
    },
  }
}

/** As libvirt has it: statistics tell the balloon's size, and where there are none it is all that the guest has. */
function actualOf({ balloon, stuck, memory }: Guest): number {
  const hasStatistics = balloon !== 'no-device' && !stuck
  return memory.toldActual + (hasStatistics ? 0 : memory.device.plugged)
}
