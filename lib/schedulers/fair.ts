import { CpuSet } from '../host/cpuset.ts'
import { assertPositiveFraction } from '../policy/options.ts'
import { type PinAction, pin, type SetSharesAction, type StatefulPolicy, setShares } from '../policy/plan.ts'
import { served, type Wish } from '../util/max-min-share.ts'
import type { DomainView, View } from '../view/view.ts'
import { proportional, type Weights } from './shared/cpu-shares.ts'
import { type Movable, readPlacement, withBackground } from './shared/placement.ts'
import { asItIs } from './shared/rearrangement.ts'

export interface FairOptions {
  /**
   * How far below its due a guest may be served, as a fraction of it, before anything is done; half as much is what a
   * round of moves has to gain for one of them. Above 0, up to 1. Default 0.1.
   */
  readonly tolerance?: number | undefined
}

/** What is not given. */
export const fairDefaults = { tolerance: 0.1 } as const satisfies Required<FairOptions>

/** What {@link fair} remembers: Views in a row, up to the last one, that called for a change, and how many must. */
export interface FairState {
  readonly calls: number
  readonly needed: number
}

/** Views in a row that must call for a change: at first, and at most. Twice as many after each round of changes. */
const patience = { first: 2, most: 64 }
/** Moves of one round at most, and of these two per swap. */
const mostMoves = 64
/** Gain of a step, as a fraction of what is due, that is not rounding. */
const leastGain = 1e-6
/** With how many of the pCPUs that serve best a move or a swap is tried. */
const partners = 16

/**
 * Proportional shares, by placement and where that is not enough by `cpu_shares`: each guest is due what it wants, and where the host is short, its share of it by
 * `settings.shares` (as `cpu_shares`, 1024 by default), divided evenly among its vCPUs. Step by step the move or
 * swap is made that helps the worst-served guest most, as against its due, until none is served worse than `tolerance` allows, or
 * nothing helps any more.
 *
 * The kernel divides each pCPU among the vCPUs on it by their domains' `cpu_shares`, which are equal unless another program set
 * them, so one with many shares is put where there are few others. Where nothing can be moved for a guest that
 * is served less than it is due, `cpu_shares` are brought into the proportion of `settings.shares`, if that helps it. Where they
 * are not known, as in session mode, placement is all.
 *
 * What a guest is due is max-min fairness with weights: Demers, Keshav, Shenker, "Analysis and simulation of a fair
 * queueing algorithm" (1989).
 */
export function fair(options: FairOptions = {}): StatefulPolicy<PinAction | SetSharesAction, FairState> {
  const { tolerance = fairDefaults.tolerance } = options
  assertPositiveFraction('tolerance', tolerance)
  return {
    initialState: { calls: 0, needed: patience.first },
    decide(view, state) {
      const service = new Service(view)
      const moved = service.improve(tolerance)
      const shares = moved ? [] : sharesFor(view, tolerance)
      const calls = moved || shares.length > 0
      const plan = service.displaced ? new Service(view).plan() : []
      if (!calls || state.calls + 1 < state.needed) {
        return { plan, state: { ...state, calls: calls ? state.calls + 1 : 0 } }
      }
      return {
        plan: moved ? service.plan() : [...plan, ...shares],
        state: { calls: 0, needed: Math.min(2 * state.needed, patience.most) },
      }
    },
  }
}

/** `cpu_shares` that serve a guest below its due better, where everything is; none where they gain too little. */
function sharesFor(view: View, tolerance: number): SetSharesAction[] {
  const now = new Service(view)
  const weights = proportional(now.domains)
  const short = now.domains.filter((domain) => now.ratio(domain) <= 1 - tolerance)
  if (!weights || short.length === 0) return []
  const then = new Service(view, weights)
  const worst = Math.min(...short.map((domain) => now.ratio(domain)))
  const harms = now.domains.some((domain) => then.ratio(domain) < worst - leastGain)
  if (harms || !short.some((domain) => then.ratio(domain) - now.ratio(domain) >= tolerance / 2)) return []
  return now.domains.flatMap((domain) => {
    const wanted = weights.get(domain)!
    if (wanted === domain.cpuShares) return []
    const { shares } = domain.settings
    const served = { before: now.ratio(domain), after: then.ratio(domain) }
    return [setShares(domain, wanted, { kind: 'fair-shares', shares, ...served, cpuShares: wanted })]
  })
}

/** Where each vCPU is or would be, and how that serves the guests. */
class Service {
  readonly displaced: boolean
  /** By vCPU: what it counts against others on its pCPU. */
  readonly #weights: Float64Array
  readonly #pcpus: readonly number[]
  /** By pCPU: how much work it does. */
  readonly #capacity: readonly number[]
  readonly #movable: readonly Movable[]
  readonly #where: Int32Array
  readonly #on: number[][]
  /** By pCPU: load that stays whatever is moved, served like a vCPU. */
  readonly #fixed: Float64Array
  /** By vCPU: what it is due and what it gets. */
  readonly #due: Float64Array
  readonly #gets: Float64Array
  readonly #guests: ReadonlyMap<DomainView, readonly number[]>

  /** `weights` are the `cpu_shares` that the guests would have; without them, those that they have. */
  constructor(view: View, weights?: Weights) {
    const placement = withBackground(readPlacement(view), view)
    const { pcpus, movable } = placement
    const { where, loads } = asItIs(placement)
    this.displaced = movable.some(({ home }) => home === undefined)
    this.#pcpus = pcpus
    const capacities = new Map(view.pcpus.map(({ id, capacity }) => [id, capacity]))
    this.#capacity = pcpus.map((pcpu) => capacities.get(pcpu) ?? 1)
    this.#movable = movable
    this.#where = where
    this.#fixed = loads.slice()
    for (const [index, pcpu] of where.entries()) this.#fixed[pcpu]! -= movable[index]!.demand
    this.#on = pcpus.map(() => [])
    for (const [index, pcpu] of where.entries()) this.#on[pcpu]!.push(index)
    this.#guests = byDomain(movable)
    this.#weights = weightsOf(movable, weights)
    this.#due = this.#dues()
    this.#gets = new Float64Array(movable.length)
    for (const pcpu of pcpus.keys()) this.#serve(pcpu)
  }

  /**
   * Makes moves and swaps that help guests below their due, the worst served first, while there are any. True when
   * one of them gains enough by it; no guest comes to be served worse than the worst was.
   */
  improve(tolerance: number): boolean {
    const short = [...this.#guests.values()].filter((guest) => this.#ratio(guest) <= 1 - tolerance)
    const before = short.map((guest) => this.#ratio(guest))
    for (let moves = 0; moves < mostMoves; ) {
      const step = this.#nextStep(tolerance)
      if (!step) break
      this.#take(step)
      moves += step.other === undefined ? 1 : 2
    }
    return short.some((guest, i) => this.#ratio(guest) - before[i]! >= tolerance / 2)
  }

  #nextStep(tolerance: number): Step | undefined {
    const guests = Array.from(this.#guests.values(), (indexes) => ({ indexes, ratio: this.#ratio(indexes) }))
    const short = guests.filter(({ ratio }) => ratio <= 1 - tolerance)
    for (const { indexes, ratio } of short.sort((a, b) => a.ratio - b.ratio)) {
      const step = this.#bestStep(indexes, ratio)
      if (step) return step
    }
    return undefined
  }

  /** Pins for all that is not pinned where it should be. */
  plan(): PinAction[] {
    return this.#movable.flatMap(({ vcpu, demand, home }, index) => {
      const target = this.#where[index]!
      const cpu = this.#pcpus[target]!
      if (vcpu.affinity?.size === 1 && vcpu.affinity.has(cpu)) return []
      const { shares } = vcpu.domain.settings
      const figures = { demand, due: this.#due[index]!, shares, gets: this.#gets[index]! }
      const reason =
        home === target
          ? ({ kind: 'fair-stay', on: cpu, ...figures } as const)
          : ({ kind: 'fair-move', to: cpu, ...figures } as const)
      return [pin(vcpu, CpuSet.of(cpu), reason)]
    })
  }

  /** What each vCPU would get if all pCPUs were one, divided by shares and by nothing else. */
  #dues(): Float64Array {
    const wishes = this.#movable.map(({ vcpu, demand }): Wish => {
      return { wanted: demand, weight: vcpu.domain.settings.shares / this.#guests.get(vcpu.domain)!.length }
    })
    const left = this.#fixed.reduce((sum, load, pcpu) => sum + Math.max(0, this.#capacity[pcpu]! - load), 0)
    return served(wishes, left)
  }

  /** Works out what the vCPUs on one pCPU get: the kernel divides it by max-min fairness. */
  #serve(pcpu: number): void {
    const wishes = this.#on[pcpu]!.map((index): Wish => {
      return { wanted: this.#movable[index]!.demand, weight: this.#weights[index]! }
    })
    // Of what is no guest the weight is not known: it counts as one of them.
    const usual = wishes.reduce((sum, { weight }) => sum + weight, 0) / (wishes.length || 1) || 1
    const given = served(
      [...wishes, { wanted: Math.max(0, this.#fixed[pcpu]!), weight: usual }],
      this.#capacity[pcpu]!,
    )
    for (const [i, index] of this.#on[pcpu]!.entries()) this.#gets[index] = given[i]!
  }

  get domains(): readonly DomainView[] {
    return [...this.#guests.keys()]
  }

  /** What a guest gets of its due, 1 at most. */
  ratio(domain: DomainView): number {
    return this.#ratio(this.#guests.get(domain)!)
  }

  #ratio(indexes: readonly number[]): number {
    let [due, gets] = [0, 0]
    for (const index of indexes) {
      due += this.#due[index]!
      gets += Math.min(this.#due[index]!, this.#gets[index]!)
    }
    return due > 0 ? gets / due : 1
  }

  /** The step after which the worst served of all guests that it touches is served best, and better than `least`. */
  #bestStep(indexes: readonly number[], least: number): Step | undefined {
    let best: Step | undefined
    let ratio = least
    const rooms = this.#roomiest()
    // A guest is helped by moving one of its vCPUs away, or one of its neighbours.
    const near = new Set(indexes.map((index) => this.#where[index]!))
    for (const source of near) {
      for (const index of this.#on[source]!) {
        for (const target of rooms) {
          if (target === source || this.#movable[index]!.allowed[target] === 0) continue
          const others = this.#on[target]!.filter((other) => this.#movable[other]!.allowed[source] === 1)
          for (const other of [undefined, ...others.slice(0, partners)]) {
            const step = { index, source, target, other }
            const after = this.#ratioAfter(step)
            if (after < ratio + leastGain) continue
            best = step
            ratio = after
          }
        }
      }
    }
    return best
  }

  /** The pCPUs that are asked for least for each one there. */
  #roomiest(): number[] {
    const load = (pcpu: number) => {
      const load = this.#on[pcpu]!.reduce(
        (sum, index) => sum + this.#movable[index]!.demand,
        this.#fixed[pcpu]!,
      )
      return load / this.#capacity[pcpu]!
    }
    const loads = this.#pcpus.map((_, pcpu) => load(pcpu))
    return [...loads.keys()].sort((a, b) => loads[a]! - loads[b]!).slice(0, partners)
  }

  /** How the worst served of the guests that have a vCPU on either pCPU would be served after this step. */
  #ratioAfter(step: Step): number {
    const { source, target, index, other } = step
    const touched = new Set(
      [...this.#on[source]!, ...this.#on[target]!].map((one) => this.#movable[one]!.vcpu.domain),
    )
    this.#take(step)
    const ratio = Math.min(...Array.from(touched, (domain) => this.#ratio(this.#guests.get(domain)!)))
    this.#take({ index, source: target, target: source, other })
    return ratio
  }

  #take({ index, source, target, other }: Step): void {
    this.#move(index, source, target)
    if (other !== undefined) this.#move(other, target, source)
    this.#serve(source)
    this.#serve(target)
  }

  #move(index: number, source: number, target: number): void {
    this.#on[source]!.splice(this.#on[source]!.indexOf(index), 1)
    this.#on[target]!.push(index)
    this.#where[index] = target
  }
}

/** A cgroup's weight is that of all its vCPUs together; without cgroups each vCPU counts by itself. */
function weightsOf(movable: readonly Movable[], weights: Weights | undefined): Float64Array {
  const of = (domain: DomainView) => weights?.get(domain) ?? domain.cpuShares
  if (movable.some(({ vcpu }) => of(vcpu.domain) === undefined))
    return new Float64Array(movable.length).fill(1)
  return Float64Array.from(movable, ({ vcpu: { domain } }) => of(domain)! / domain.vcpus.length)
}

function byDomain(movable: readonly Movable[]): ReadonlyMap<DomainView, readonly number[]> {
  const guests = new Map<DomainView, number[]>()
  for (const [index, { vcpu }] of movable.entries()) {
    const own = guests.get(vcpu.domain)
    if (own) own.push(index)
    else guests.set(vcpu.domain, [index])
  }
  return guests
}

/** A move of `index` from `source` to `target`, and of `other`, where there is one, the opposite way. */
interface Step {
  readonly index: number
  readonly source: number
  readonly target: number
  readonly other: number | undefined
}
