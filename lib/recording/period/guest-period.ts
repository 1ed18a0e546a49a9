import { Average } from '../../util/average.ts'

/** One guest over a period. NaN: not known. */
export interface GuestFigures {
  readonly uuid: string
  readonly name: string
  readonly vcpus: number
  /** pCPUs that its vCPUs ran on average, together. */
  readonly usage: number
  /** Part of the time that one of its vCPUs waited on average, and the longest that one did in one interval. */
  readonly delay: number
  readonly longestDelay: number
  /** Bytes of its balloon: least, most, and on average what of it was in use. */
  readonly leastSize: number
  readonly mostSize: number
  readonly used: number
  /** Points: on average, and the least in one interval. */
  readonly cpuScore: number
  readonly leastCpuScore: number
  readonly memoryScore: number
  readonly leastMemoryScore: number
  /** Changes that were carried out, or would have been in a dry run. */
  readonly pins: number
  readonly resizes: number
}

/** The least, the mean and the largest of something over a time. */
class Range {
  readonly #average = new Average()
  least = Number.NaN
  most = Number.NaN

  add(value: number | undefined, weight: number): void {
    if (value === undefined || Number.isNaN(value)) return
    if (!(this.least <= value)) this.least = value
    if (!(this.most >= value)) this.most = value
    this.#average.add(value, weight)
  }

  get mean(): number {
    return this.#average.value
  }
}

/** Adds up how one guest did. */
export class GuestPeriod {
  readonly uuid: string
  name = ''
  vcpus = 0
  readonly usage = new Average()
  readonly delay = new Range()
  readonly size = new Range()
  readonly used = new Average()
  readonly cpuScore = new Range()
  readonly memoryScore = new Range()
  pins = 0
  resizes = 0

  constructor(uuid: string) {
    this.uuid = uuid
  }

  figures(): GuestFigures {
    return {
      uuid: this.uuid,
      name: this.name,
      vcpus: this.vcpus,
      usage: this.usage.value,
      delay: this.delay.mean,
      longestDelay: this.delay.most,
      leastSize: this.size.least,
      mostSize: this.size.most,
      used: this.used.value,
      cpuScore: this.cpuScore.mean,
      leastCpuScore: this.cpuScore.least,
      memoryScore: this.memoryScore.mean,
      leastMemoryScore: this.memoryScore.least,
      pins: this.pins,
      resizes: this.resizes,
    }
  }
}
