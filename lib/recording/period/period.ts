import type { CpuSample, MemorySample } from '../../host/sample.ts'
import type { ScoreRecord } from '../../report/tick-json.ts'
import { Average } from '../../util/average.ts'
import { standardDeviation } from '../../util/statistics.ts'
import { type Change, changes } from '../changes.ts'
import type { Entry } from '../entries.ts'
import { SampleReader } from '../sample-reader.ts'
import { TickReader, type WholeTick } from '../tick-reader.ts'
import { GuestPeriod } from './guest-period.ts'
import { Minutes } from './minutes.ts'
import { type Series, TimeBins } from './time-bins.ts'

/** Bins of a period at most. An even number. */
const mostBins = 480

/** How a host and its guests did over a time, from what was recorded: load, memory and scores over time, changes, guests. */
export class Period {
  readonly bins = new TimeBins(mostBins)
  /**
   * How busy the pCPUs were, as fractions: all of them on average, the busiest and the least busy one, and each by its
   * number.
   */
  readonly busy = this.bins.series()
  readonly busiest = this.bins.series()
  readonly leastBusy = this.bins.series()
  readonly pcpus: Series[] = []
  /**
   * Standard deviation of how busy the pCPUs were; part of the time that a vCPU waited, on average, and the one that
   * waited longest.
   */
  readonly deviation = this.bins.series()
  readonly delay = this.bins.series()
  readonly longestDelay = this.bins.series()
  /** Bytes: of the host, what it has available, what all guests have, and what of that they use, of those that report it. */
  readonly total = this.bins.series()
  readonly available = this.bins.series()
  readonly given = this.bins.series()
  readonly used = this.bins.series()
  /** Points: the lowest score of CPU and of memory of any guest, and the mean of all. */
  readonly lowestCpu = this.bins.series()
  readonly lowestMemory = this.bins.series()
  readonly meanScore = this.bins.series()
  /** Milliseconds that a sample is over. */
  readonly interval = new Average()
  readonly minutes = new Minutes()
  readonly guests = new Map<string, GuestPeriod>()
  readonly changes: Change[] = []
  ticks = 0
  errors = 0
  /** Milliseconds since the epoch, of the first tick and the last. NaN: there is none. */
  begin = Number.NaN
  end = Number.NaN
  readonly #from: number
  readonly #to: number

  /** Of the ticks between two times, in milliseconds since the epoch. */
  constructor(from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY) {
    this.#from = from
    this.#to = to
  }

  /** Takes in a recording that is later than those before. */
  async take(entries: AsyncIterable<Entry>): Promise<void> {
    for await (const change of changes(this.#follow(entries))) {
      if (this.#isWithin(change.wallTime)) this.#changed(change)
    }
  }

  #isWithin(wallTime: number): boolean {
    return wallTime >= this.#from && wallTime <= this.#to
  }

  async *#follow(entries: AsyncIterable<Entry>): AsyncGenerator<Entry, void, undefined> {
    const samples = new SampleReader()
    const ticks = new TickReader()
    let cpu: CpuSample | undefined
    let memory: MemorySample | undefined
    for await (const entry of entries) {
      if ('domains' in entry) samples.domains(entry)
      else if ('cpu' in entry) cpu = samples.cpu(entry)
      else if ('memory' in entry) memory = samples.memory(entry)
      else if ('tick' in entry) {
        const tick = ticks.read(entry.tick)
        if (this.#isWithin(tick.wallTime)) this.#tick(tick, cpu, memory)
        cpu = undefined
        memory = undefined
      }
      yield entry
    }
  }

  /** Takes in a tick, with the samples since the one before. */
  #tick(tick: WholeTick, cpu: CpuSample | undefined, memory: MemorySample | undefined): void {
    const { wallTime } = tick
    this.ticks++
    this.errors += tick.errors.length
    this.minutes.tick(wallTime)
    if (!(this.begin <= wallTime)) this.begin = wallTime
    if (!(this.end >= wallTime)) this.end = wallTime
    const bin = this.bins.at(wallTime)
    const interval = cpu && cpu.interval > 0 ? cpu.interval : 1
    if (cpu) this.interval.add(cpu.interval, 1)
    if (cpu) this.#cpu(bin, wallTime, interval, cpu)
    if (memory) this.#memory(bin, interval, memory)
    this.#scores(bin, wallTime, interval, tick.scores)
  }

  #cpu(bin: number, wallTime: number, interval: number, cpu: CpuSample): void {
    const { domains, vcpuStart, vcpu, usage, delay, pcpuBusy } = cpu
    const busy = pcpuBusy.filter((part) => !Number.isNaN(part))
    for (let id = this.pcpus.length; id < pcpuBusy.length; id++) this.pcpus.push(this.bins.series())
    for (const [id, part] of pcpuBusy.entries()) this.pcpus[id]!.add(bin, part)
    if (busy.length > 0) {
      this.busy.add(bin, mean(busy))
      this.busiest.add(bin, Math.max(...busy))
      this.leastBusy.add(bin, Math.min(...busy))
      this.deviation.add(bin, standardDeviation(busy))
    }
    this.delay.add(bin, mean(delay.filter((part) => !Number.isNaN(part))))
    let longest = Number.NaN
    for (const [row, { uuid, name }] of domains.entries()) {
      const guest = this.#guest(uuid, name)
      const [first, last] = [vcpuStart[row]!, vcpuStart[row + 1]!]
      guest.vcpus = last - first
      let sum = 0
      for (let i = first; i < last; i++) {
        sum += usage[i]!
        guest.delay.add(delay[i], interval)
        if (!(longest >= delay[i]!) && !Number.isNaN(delay[i]!)) {
          longest = delay[i]!
          this.minutes.delay(wallTime, longest, `${name} vCPU ${vcpu[i]}`)
        }
      }
      guest.usage.add(last > first ? sum : undefined, interval)
    }
    this.longestDelay.add(bin, longest)
  }

  #memory(bin: number, interval: number, sample: MemorySample): void {
    const { domains, actual, usable, unused, host } = sample
    this.total.add(bin, host.total)
    this.available.add(bin, host.available)
    let given = 0
    let used = Number.NaN
    for (const [row, { uuid, name }] of domains.entries()) {
      const guest = this.#guest(uuid, name)
      const size = actual[row]!
      if (Number.isNaN(size)) continue
      given += size
      guest.size.add(size, interval)
      const spare = Number.isNaN(usable[row]!) ? unused[row]! : usable[row]!
      if (Number.isNaN(spare)) continue
      const use = Math.max(0, size - spare)
      guest.used.add(use, interval)
      used = Number.isNaN(used) ? use : used + use
    }
    this.given.add(bin, given)
    this.used.add(bin, used)
  }

  #scores(bin: number, wallTime: number, interval: number, scores: ReadonlyMap<string, ScoreRecord>): void {
    let sum = 0
    let count = 0
    for (const [uuid, { cpu, memory }] of scores) {
      const guest = this.#guest(uuid)
      guest.cpuScore.add(cpu, interval)
      guest.memoryScore.add(memory, interval)
      this.lowestCpu.add(bin, cpu)
      this.lowestMemory.add(bin, memory)
      for (const [of, points] of [
        ['CPU', cpu],
        ['memory', memory],
      ] as const) {
        if (points === undefined) continue
        sum += points
        count++
        this.minutes.score(wallTime, points, `${guest.name}, ${of}`)
      }
    }
    if (count > 0) this.meanScore.add(bin, sum / count)
  }

  #changed(change: Change): void {
    this.changes.push(change)
    const { action, status } = change.outcome
    if (status === 'failed') return
    this.minutes.change(change.wallTime)
    const guest = this.#guest(action.uuid, action.domain)
    if (action.kind === 'pin') guest.pins++
    else if (action.kind === 'setMemory') guest.resizes++
  }

  #guest(uuid: string, name?: string): GuestPeriod {
    let guest = this.guests.get(uuid)
    if (!guest) {
      guest = new GuestPeriod(uuid)
      this.guests.set(uuid, guest)
    }
    if (name !== undefined) guest.name = name
    return guest
  }
}

function mean(values: Float64Array): number {
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length
}
