import type { Journal } from '../../../lib/control/journal/journal.ts'
import type { DomainRef, Host } from '../../../lib/host/host.ts'
import { type Scenario, type SimulatedHost, simulate } from '../../../lib/simulation/index.ts'

/** Every call on the road of one tick at which something can happen in between. */
export type Call = 'sampleCpu' | 'sampleMemory' | 'record' | 'pinVcpu' | 'setMemory' | 'setMemoryStatsPeriod'

/** One call that the loop made, at virtual `time`. */
export interface Made {
  readonly call: Call
  /** Of the domain that it was about; empty for a sample. */
  readonly uuid: string
  readonly time: number
  /** Bytes that a balloon was asked for, and had. */
  readonly bytes?: number | undefined
  readonly actual?: number | undefined
  /** Bytes that the guest really needed then, at least. */
  readonly needed?: number | undefined
  /** Of the run that it acted on; undefined: it failed. */
  id?: number | undefined
  error?: unknown
}

/** A point of the road: right before or after the first call from `time` on that is this one. */
export interface Point {
  readonly when: 'before' | 'after'
  readonly call: Call
  /** Of the domain; leave out for samples. */
  readonly uuid?: string | undefined
  readonly time: number
}

/** Milliseconds that pass at the point; what is to happen there happens halfway. */
export const pause = 100

/** A simulated host on which time passes at one point of the road, and which writes down what is asked of it. */
export interface SteppedHost {
  readonly host: Host
  readonly simulated: SimulatedHost
  readonly calls: readonly Made[]
  /** Whether the point was come to. */
  readonly passed: () => boolean
  /** `journal` with its part of the road. */
  readonly journaled: (journal: Journal) => Journal
}

export function stepped(scenario: Scenario, point: Point | undefined): SteppedHost {
  const simulated = simulate(scenario)
  const { clock } = simulated
  const calls: Made[] = []
  let hasPassed = false

  const stop = async (when: Point['when'], { call, uuid }: Made) => {
    if (hasPassed || !point || point.when !== when || point.call !== call || clock.now() < point.time) return
    if (point.uuid !== undefined && point.uuid !== uuid) return
    hasPassed = true
    await clock.sleepUntil(clock.now() + pause)
  }
  const road = async <T>(made: Made, act: () => Promise<T>): Promise<T> => {
    calls.push(made)
    await stop('before', made)
    // A change is done at once or not at all: this is the run that it is done to.
    const id = (await simulated.domains()).find(({ uuid }) => uuid === made.uuid)?.id
    try {
      const result = await act()
      made.id = id
      await stop('after', made)
      return result
    } catch (error) {
      made.error = error
      throw error
    }
  }
  const made = (call: Call, uuid = '', bytes?: number): Made => {
    const { actual, needed } = simulated.truth(uuid) ?? {}
    return { call, uuid, time: clock.now(), bytes, actual, needed }
  }
  const uuidOf = (domain: DomainRef) => (typeof domain === 'string' ? domain : domain.uuid)
  const steps: Partial<Host> = {
    sampleCpu: () => road(made('sampleCpu'), () => simulated.sampleCpu()),
    sampleMemory: () => road(made('sampleMemory'), () => simulated.sampleMemory()),
    pinVcpu: (domain, vcpu, cpus) => {
      return road(made('pinVcpu', uuidOf(domain)), () => simulated.pinVcpu(domain, vcpu, cpus))
    },
    setMemory: (domain, bytes) => {
      return road(made('setMemory', uuidOf(domain), bytes), () => simulated.setMemory(domain, bytes))
    },
    setMemoryStatsPeriod: (domain, seconds) => {
      const act = () => simulated.setMemoryStatsPeriod(domain, seconds)
      return road(made('setMemoryStatsPeriod', uuidOf(domain)), act)
    },
  }
  const host = new Proxy<Host>(simulated, {
    get(target, name) {
      const value: unknown = name in steps ? Reflect.get(steps, name) : Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  const journaled = (journal: Journal): Journal => ({
    entries: () => journal.entries(),
    record: async (entries) => {
      for (const { uuid } of entries) await stop('before', made('record', uuid))
      await journal.record(entries)
    },
  })
  return { host, simulated, calls, passed: () => hasPassed, journaled }
}
