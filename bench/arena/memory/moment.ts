import { domainOverhead, guestFloor, guestMargin } from '../../../lib/control/defaults.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import type { MemoryScenario, Scenario, SimulatedHost, Truth } from '../../../lib/simulation/index.ts'
import { hostOwnMemory } from '../../../lib/simulation/machine.ts'

/** One tick, as it really was. Bytes. */
export interface Moment {
  /** Monotonic milliseconds. */
  readonly time: number
  /** What each running guest needs, by UUID: no guest and no need has changed where this is the same. */
  readonly needs: string
  /** Memory that the host lacks for all to have what they need; 0: there is enough. */
  readonly lacking: number
  /** What was granted in this tick and the host did not have above its reserve. */
  readonly broken: number
  readonly actions: number
}

/** Looks at each tick of one run, before the host's time goes on. */
export class Watcher {
  readonly #host: SimulatedHost
  readonly #memoryOf: ReadonlyMap<string, MemoryScenario>
  readonly #limit: number
  readonly #targets = new Map<string, number>()

  /** `reserve` in bytes. */
  constructor(host: SimulatedHost, scenario: Scenario, reserve: number) {
    this.#host = host
    this.#memoryOf = new Map(scenario.domains.map(({ name, memory }) => [name, memory ?? {}]))
    this.#limit = host.topology.memory - host.hugePages - reserve - hostOwnMemory
  }

  look({ view, outcomes }: Tick): Moment {
    const guests = view.domains.flatMap(({ uuid, name }) => {
      const truth = this.#host.truth(uuid)
      return truth ? [{ uuid, truth, memory: this.#memoryOf.get(name)! }] : []
    })
    const due = guests.map(({ truth, memory }) => dueTo(truth, memory) + domainOverhead)
    const promised = guests.map(({ truth: { actual, target, rss, hugePages } }) => {
      const ordinary = actual - Math.min(actual, hugePages)
      const most = hugePages > 0 ? ordinary : Math.max(actual, target)
      return most + Math.max(domainOverhead, rss - ordinary)
    })
    const applied = outcomes.filter(({ status }) => status === 'applied').map(({ action }) => action)
    let granted = 0
    for (const action of applied) {
      if (action.kind !== 'setMemory') continue
      const { actual } = guests.find(({ uuid }) => uuid === action.uuid)!.truth
      granted += Math.max(0, action.bytes - Math.max(actual, this.#targets.get(action.uuid) ?? 0))
      this.#targets.set(action.uuid, action.bytes)
    }
    return {
      time: view.time,
      needs: guests.map(({ uuid, truth }) => `${uuid} ${Math.round(truth.needed)}`).join(),
      lacking: Math.max(0, total(due) - this.#limit),
      broken: Math.max(0, Math.min(granted, total(promised) - this.#limit)),
      actions: applied.length,
    }
  }
}

/**
 * What a guest is due at this moment, whatever was done to it: what its program needs and the margin that the guard leaves
 * every guest; or what its balloon does not let go of. One that says it uses all cannot be told from one that does,
 * and is due its maximum. More than that no host can give.
 */
function dueTo({ needed, hugePages }: Truth, memory: MemoryScenario): number {
  const { balloon = 'works', lie, maximum = Number.POSITIVE_INFINITY, actual = maximum } = memory
  if (hugePages > 0) return 0 // all of it comes from the pool
  if (needed > (balloon === 'works' ? maximum : actual)) return Number.POSITIVE_INFINITY
  if (balloon !== 'works') return actual
  return lie === 'all used' ? maximum : Math.min(maximum, Math.max(guestFloor, needed + guestMargin))
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
