import type { AgedReport, FleetSettings, Lease, OpenOrder } from '../bus/fleet-bus.ts'
import type { Order, OrderEvent } from '../bus/order.ts'
import { guardPlan } from '../guard/guard.ts'
import { requestedPlan } from '../plan/requested-plan.ts'
import type { FleetPlan, Step } from '../plan/step.ts'
import type { FleetPolicy } from '../policies/fleet-policy.ts'
import type { FleetReason } from '../reasons/fleet-reasons.ts'
import type { FleetMode, FleetTick, StepResult } from '../tick/fleet-tick.ts'
import { fleetSummary } from '../tick/summary.ts'
import type { PastMigration } from '../view/fleet-input.ts'
import type { FleetRules } from '../view/fleet-rules.ts'
import type { FleetView } from '../view/fleet-view.ts'
import { emptyMemory, type FleetMemory, fleetView } from '../view/make-view.ts'
import { FailedSteps } from './failed-steps.ts'
import { FollowedSteps } from './followed-steps.ts'
import { ForeignMoves } from './foreign-moves.ts'
import { type Ended, OrderLedger } from './order-ledger.ts'
import { endingsOf, orderFor } from './orders.ts'
import { type LeftOut, RunningPlan } from './running-plan.ts'
import { urgencies } from './urgency.ts'
import { isForBalance, type Sight, sightNow } from './verdict.ts'
import { wayBack, withoutCoolDown } from './way-back.ts'

/** How long what was done is remembered. */
const day = 24 * 3_600_000
/** How long a guest that was moved is known to have been moved by an order. */
const justMoved = 600_000

/** While it is waited for what came of a step. */
const followingPlan: FleetPlan = { steps: [], reason: { kind: 'following' }, alternatives: [] }

export interface FleetLoopOptions {
  readonly policy: FleetPolicy
  readonly rules?: FleetRules | undefined
  /** Plans, and gives no orders. Default false. */
  readonly dryRun?: boolean | undefined
  /** What was done in the last day, under earlier leaders. Default: nothing. */
  readonly past?: readonly PastMigration[] | undefined
}

/** What one round is made from. */
export interface RoundInput {
  readonly lease: Lease
  /** Monotonic milliseconds, and milliseconds since the epoch. */
  readonly time: number
  readonly wallTime: number
  readonly reports: readonly AgedReport[]
  readonly settings: FleetSettings
  readonly open: readonly OpenOrder[]
  /** By id, what was told last of the orders that {@link FleetLoop.missingIn} names. */
  readonly told: ReadonlyMap<string, OrderEvent>
}

/** What is to be done after a round. */
export interface RoundOutput {
  readonly tick: FleetTick
  readonly orders: readonly Order[]
  /** Guests whose move, which somebody asked for, was looked at: to be taken out of the settings. */
  readonly answered: readonly string[]
}

/** What is to be done next, and who wants it. */
interface Choice {
  readonly plan: FleetPlan
  readonly by: string
  readonly decided: boolean
  readonly answered: readonly string[]
  readonly errors: FleetTick['errors']
}

/**
 * The rounds of one leader: reports to view, policy, guard, orders; and what comes of them. It has neither clock nor bus: all
 * that it knows is handed to it, so the same code leads a simulated fleet at virtual time.
 */
export class FleetLoop {
  readonly #policy: FleetPolicy
  readonly #rules: FleetRules
  readonly #dryRun: boolean
  readonly #ledger = new OrderLedger()
  readonly #followed = new FollowedSteps()
  readonly #foreign = new ForeignMoves()
  readonly #failed = new FailedSteps()
  /** By order: both hosts when it was given. */
  readonly #before = new Map<string, Sight>()
  /** Steps that did harm, to be taken back. */
  readonly #harmful: StepResult[] = []
  #past: PastMigration[]
  #memory: FleetMemory = emptyMemory
  #policyState: unknown
  #running: RunningPlan | undefined
  /** What was urgent when it was chosen: it is not ended for that. */
  #known: ReadonlyMap<string, FleetReason> = new Map()
  #index = 0

  constructor({ policy, rules = {}, dryRun = false, past = [] }: FleetLoopOptions) {
    this.#policy = policy
    this.#policyState = policy.initialState
    this.#rules = rules
    this.#dryRun = dryRun
    this.#past = [...past]
  }

  /** Ids of orders that are not over for all that is known here, and not open any more. */
  missingIn(open: readonly OpenOrder[]): readonly string[] {
    return this.#ledger.missingIn(open)
  }

  round(input: RoundInput): RoundOutput {
    const { time, wallTime, lease } = input
    const news = this.#ledger.look(input)
    this.#past = this.#past.filter(({ at }) => wallTime - at < day)
    for (const { outcome } of news.ended) this.#past.push(outcome)
    const view = this.#see(input)
    for (const ended of news.ended) this.#ended(ended, view)
    const foreign = this.#foreign.look(view, (guest) => this.#wasOrdered(guest, wallTime))
    const results = this.#followed.look(view)
    this.#judge(results, time)

    const context = { view, lease, tick: this.#index++ }
    const mode = this.#modeAt(time, view)
    const urgent = urgencies(view, input.settings)
    const denied = this.#makeWay(urgent)
    if (this.#running?.isOver) this.#running = undefined
    let choice: Choice | undefined
    if (!this.#running && this.#followed.isEmpty) {
      choice = this.#choose(input, view)
      this.#running = new RunningPlan(choice.plan, choice.by)
      this.#known = urgent
      this.#failed.begin()
    }
    const running = this.#running
    if (running) denied.push(...running.leaveOut((step) => this.#reasonAgainst(step, time)))
    const orders = this.#dryRun ? [] : endingsOf(this.#ledger.all, context)
    const ordered = running ? this.#begin(running, context, this.#heldBecause(mode), denied) : []
    const errors = [...news.twice.map(runsTwice), ...(choice?.errors ?? [])]
    const tick: Omit<FleetTick, 'summary'> = {
      index: context.tick,
      wallTime,
      leader: lease.host,
      fence: lease.revision,
      mode,
      view,
      plan: choice?.plan ?? running?.plan ?? followingPlan,
      decided: choice?.decided ?? false,
      denied,
      ordered: ordered.map(({ order, step }) => ({ order: order.id, step })),
      events: news.events,
      outcomes: news.ended.map(({ outcome }) => outcome),
      results,
      foreign,
      errors,
    }
    return {
      tick: { ...tick, summary: fleetSummary(tick) },
      orders: [...orders, ...ordered.map(({ order }) => order)],
      answered: choice?.answered ?? [],
    }
  }

  #see({ time, wallTime, reports, settings, open }: RoundInput): FleetView {
    const input = { time, wallTime, reports, rules: this.#rules, settings, open, past: this.#past }
    const { view, memory } = fleetView(input, this.#memory)
    this.#memory = memory
    return view
  }

  #ended({ tracked, outcome }: Ended, view: FleetView): void {
    const { order, step } = tracked
    const isDone = outcome.outcome === 'done'
    this.#running?.ended(order.id, isDone)
    const before = this.#before.get(order.id)
    this.#before.delete(order.id)
    if (isDone && step && before) this.#followed.follow(order.id, step, before, view)
  }

  #judge(results: readonly StepResult[], time: number): void {
    const harm = results.filter(({ verdict }) => verdict === 'harm')
    if (this.#failed.judged(results, time) || harm.length > 0) this.#running?.end()
    this.#harmful.push(...harm.filter(({ step }) => isForBalance(step)))
  }

  /** Ends the policy's plan when something urgent has come that it was made without; gives the steps that are left out. */
  #makeWay(urgent: ReadonlyMap<string, FleetReason>): LeftOut[] {
    if (this.#running?.by !== this.#policy.name) return []
    const [first] = [...urgent].filter(([key]) => !this.#known.has(key))
    return first ? this.#running.end().map((step) => ({ step, reason: first[1] })) : []
  }

  #modeAt(time: number, view: FleetView): FleetMode {
    if (this.#dryRun) return 'dry run'
    if (view.paused !== undefined) return 'paused'
    if (this.#ledger.unknown) return 'recovering'
    return this.#foreign.balancerAt(time) ? 'stepped back' : 'active'
  }

  /** Why no step at all is begun now. */
  #heldBecause(mode: FleetMode): FleetReason | undefined {
    const unknown = mode === 'recovering' ? this.#ledger.unknown : undefined
    return unknown && { kind: 'outcome-unknown', guest: unknown.order.request!.guest }
  }

  /** Why a step is not made for balance now; what has to be done is done all the same. */
  #reasonAgainst(step: Step, time: number): FleetReason | undefined {
    if (!isForBalance(step)) return undefined
    const balancer = this.#foreign.balancerAt(time)
    if (balancer) return { kind: 'other-balancer', ...balancer }
    const remaining = this.#failed.remainingAt(time, step)
    return remaining > 0 ? { kind: 'did-not-help', remaining } : undefined
  }

  /** Back where a step did harm, then what somebody asked for, then what the policy wants. */
  #choose({ settings }: RoundInput, view: FleetView): Choice {
    const harmful = this.#harmful.shift()
    const nobody = { decided: false, answered: [], errors: [] }
    if (harmful) return { ...nobody, plan: wayBack(harmful), by: 'rollback' }
    const [asked] = this.#dryRun ? [] : Object.entries(settings.moves ?? {})
    if (asked) {
      const [guest, { to, by }] = asked
      return { ...nobody, plan: requestedPlan(view, guest, to, by), by, answered: [guest] }
    }
    const by = this.#policy.name
    try {
      const { plan, state } = this.#policy.decide(view, this.#policyState)
      this.#policyState = state
      return { ...nobody, plan, by, decided: true }
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      const plan: FleetPlan = {
        steps: [],
        reason: { kind: 'policy-failed', policy: by, message },
        alternatives: [],
      }
      return { ...nobody, plan, by, errors: [{ code: 'ERR_POLICY', message: `${by}: ${message}` }] }
    }
  }

  /** Orders for the steps that may begin now, and fit now. */
  #begin(
    running: RunningPlan,
    context: Parameters<typeof orderFor>[3],
    held: FleetReason | undefined,
    denied: LeftOut[],
  ): readonly { readonly order: Order; readonly step: Step }[] {
    const { view } = context
    if (held || view.paused !== undefined) {
      for (const step of running.end()) if (held) denied.push({ step, reason: held })
      return []
    }
    const { steps, indices } = running.next
    if (steps.length === 0) return []
    const isFollowed = (host: string) => this.#followed.isAbout(host)
    const guarded = guardPlan(withoutCoolDown(view, steps), { ...running.plan, steps }, isFollowed)
    denied.push(...guarded.denied)
    const kept: number[] = []
    for (const [place, step] of steps.entries()) {
      if (guarded.denied.some((one) => one.step === step)) running.drop(indices[place]!)
      else kept.push(place)
    }
    // What was to come after a step that does not fit any more was planned for another fleet.
    if (this.#dryRun || (guarded.denied.length > 0 && running.isBegun)) {
      running.end()
      return []
    }
    const ordered: { readonly order: Order; readonly step: Step }[] = []
    for (const number of guarded.begin) {
      const place = kept[number]!
      const step = steps[place]!
      const order = orderFor(step, ordered.length, running.by, context)
      const before = sightNow(view, step)
      if (!order || !before) continue
      running.begin(indices[place]!, order.id)
      this.#ledger.give(order, step, view.time)
      this.#before.set(order.id, before)
      ordered.push({ order, step })
    }
    return ordered
  }

  #wasOrdered(guest: string, wallTime: number): boolean {
    if (this.#ledger.of(guest)) return true
    return this.#past.some((one) => one.guest === guest && wallTime - one.at < justMoved)
  }
}

function runsTwice(guest: string): FleetTick['errors'][number] {
  return { code: 'ERR_MIGRATION_UNKNOWN', message: `Two hosts report that ${guest} runs there` }
}
