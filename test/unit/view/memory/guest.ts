import { DomainState, type HostMemory } from '../../../../lib/host/sample.ts'
import { MiB } from '../../../../lib/util/units.ts'
import type { ObserverOptions } from '../../../../lib/view/observation.ts'
import { Observer } from '../../../../lib/view/observer.ts'
import type { DomainMemoryView, View } from '../../../../lib/view/view.ts'
import { topologyOf } from '../../schedulers/world.ts'
import { cpuSample, epoch, memorySample, type Row } from '../samples.ts'

/** What a Linux guest of 2 GiB keeps out of its total. */
export const kept = 48

/** What one guest's report says; sizes in MiB. */
export interface Told {
  /** Size of its balloon. Default 1024. */
  readonly actual?: number
  /** What it was asked for. */
  readonly target?: number
  /** What is in use, what its kernel keeps included. Default 300. */
  readonly used?: number
  readonly cache?: number
  readonly swapIn?: number
  readonly swapOut?: number
  readonly majorFaults?: number
  readonly state?: DomainState
  /** Replaces what follows from the rest. */
  readonly memory?: Row['memory']
  readonly status?: Row['status']
  readonly id?: number
}

/** One guest with a maximum of 2 GiB, seen through a real Observer: a sample each `period`, each with a report of its own. */
export class Watched {
  readonly #observer: Observer
  period: number
  time = 0

  constructor(options: Partial<ObserverOptions> = {}, period = 2_000) {
    this.#observer = new Observer(topologyOf(1), { hostMemoryReserve: 0, domainOverhead: 0, ...options })
    this.period = period
  }

  /** One more sample; the guest made its report `age` milliseconds before it. */
  see(told: Told = {}, age = 1_000): DomainMemoryView {
    return this.look(told, age).domains[0]!.memory
  }

  look(told: Told = {}, age = 1_000, host?: HostMemory): View {
    this.time += this.period
    const { actual = 1_024, target, used = 300, cache = 100, state = DomainState.running } = told
    const { id = 1, status = 0, swapIn = 0, swapOut = 0, majorFaults = 1_000 } = told
    const memory = {
      maximum: 2_048,
      actual,
      available: actual - kept,
      usable: actual - used,
      unused: Math.max(0, actual - used - cache),
      diskCaches: cache,
      rss: actual,
      swapIn,
      swapOut,
      majorFaults,
      lastUpdate: epoch + this.time - age,
    }
    const rows = [{ uuid: 'a', id, state, status, memory: { ...memory, ...told.memory } }]
    return this.#observer.observe({
      cpu: { ...cpuSample(this.time, rows, 1), interval: this.period },
      memory: memorySample(this.time, rows, host),
      targets: new Map(target === undefined ? [] : [['a', target * MiB]]),
    })
  }

  /** So many samples that all say the same; the last one. */
  rest(samples: number, told: Told = {}): DomainMemoryView {
    for (let i = 1; i < samples; i++) this.see(told)
    return this.see(told)
  }
}
