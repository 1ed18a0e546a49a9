import type { CpuSet } from '../host/cpuset.ts'
import { asBallastError, BallastError, isOutcomeOpen } from '../host/errors.ts'
import type { Host } from '../host/host.ts'
import type { Action, PinAction, Plan } from '../policy/plan.ts'
import { timedOut, withTimeout } from '../util/timeout.ts'
import { KiB } from '../util/units.ts'
import { domainsByUuid } from '../view/domains-by-uuid.ts'
import { balloonSize } from '../view/memory/virtio-mem.ts'
import type { DomainView, View } from '../view/view.ts'
import type { Journal, JournalEntry } from './journal/journal.ts'
import type { Ledger } from './ledger/ledger.ts'
import { Pinning, standingPin } from './pinning.ts'
import type { Outcome } from './tick.ts'

/** Domains that are worked on side by side: one that does not answer delays few others. */
const domainsAtOnce = 4
/** Calls under way at most, those that hang included: as many as the daemon takes without neglecting others. */
const mostCalls = 8

/** How an {@link Actuator} works. */
export interface ActuatorOptions {
  /** Change nothing: say what would be done. */
  readonly dryRun: boolean
  /** Milliseconds that one call is waited for. */
  readonly timeout: number
}

/**
 * The only place that changes a domain. It writes the originals to the journal first, then shrinks balloons, pins
 * vCPUs and grows balloons, in this order, a few domains at a time. What fails or takes too long stops
 * nothing else.
 */
export class Actuator {
  readonly #host: Host
  readonly #journal: Journal
  readonly #ledger: Ledger
  readonly #options: ActuatorOptions
  readonly #pinning: Pinning
  /** UUIDs of domains with a call that was waited for long enough and has not returned. */
  readonly #busy = new Set<string>()

  constructor(host: Host, journal: Journal, ledger: Ledger, options: ActuatorOptions) {
    this.#host = host
    this.#journal = journal
    this.#ledger = ledger
    this.#pinning = new Pinning(host, ledger)
    this.#options = options
  }

  /**
   * Carries out a plan that the guard let through: all that it is about is in `view`, and known. Resolves when
   * everything was done or waited for long enough, with one outcome per action, in the order of doing.
   */
  async actuate(plan: Plan, view: View): Promise<Outcome[]> {
    const steps = inOrder(plan, view)
    if (this.#options.dryRun) {
      return steps.map(({ action }) => ({ action, status: 'dry-run', error: undefined, duration: 0 }))
    }
    try {
      const wallTime = this.#host.clock.wallTime()
      await this.#journal.record(
        steps.map((step) => entryOf(step, wallTime)),
        view.domains,
      )
    } catch (error) {
      return steps.map(({ action }) => failed(action, asBallastError(error), 0))
    }
    const outcomes: Outcome[] = []
    for (const phase of phases) {
      outcomes.push(...(await this.#carryOut(steps.filter((step) => step.phase === phase))))
    }
    return outcomes
  }

  /**
   * Different domains side by side, the actions on one of them one after the other. A call that hangs keeps its place in
   * this phase, and is counted in the next: many stuck guests are not to take up all that the daemon can do.
   */
  async #carryOut(steps: readonly Step[]): Promise<Outcome[]> {
    const outcomes = new Map<Step, Outcome>()
    const isBusy = ({ uuid }: DomainView) => this.#busy.has(uuid)
    const waiting = [...new Set(steps.map(({ domain }) => domain))].filter((domain) => !isBusy(domain))
    const work = async () => {
      for (let domain = waiting.shift(); domain; domain = waiting.shift()) {
        for (const step of steps) {
          if (step.domain === domain && !isBusy(domain)) outcomes.set(step, await this.#apply(step))
        }
        if (isBusy(domain)) return
      }
    }
    const places = Math.min(domainsAtOnce, mostCalls - this.#busy.size)
    await Promise.all(Array.from({ length: places }, work))
    return steps.map((step) => outcomes.get(step) ?? failed(step.action, this.#whyNotTried(step), 0))
  }

  #whyNotTried({ domain }: Step): BallastError {
    const message = this.#busy.has(domain.uuid)
      ? `An earlier call on ${domain.name} has not returned yet`
      : `Not tried: calls on ${this.#busy.size} other guests have not returned yet`
    return new BallastError('ERR_DOMAIN_BUSY', message)
  }

  async #apply(step: Step): Promise<Outcome> {
    const { action, domain } = step
    const { clock } = this.#host
    const begun = clock.now()
    const call = this.#call(step)
    const result = await withTimeout(clock, this.#options.timeout, call)
    const duration = clock.now() - begun
    if (result !== timedOut) return result ? failed(action, result, duration) : applied(action, duration)
    this.#perhaps(step)
    this.#busy.add(domain.uuid)
    void call.then(() => this.#busy.delete(domain.uuid))
    const message = `${domain.name} did not answer for ${Math.round(duration)} ms: what becomes of the call is not known`
    return failed(action, new BallastError('ERR_TIMEOUT', message), duration)
  }

  /** What the call failed with; never rejects. The ledger has it in any case, also when there is no waiter any more. */
  async #call(step: Step): Promise<BallastError | undefined> {
    const { action, domain } = step
    try {
      if (action.kind === 'pin') {
        await this.#pinning.pin(domain, action)
      } else if (action.kind === 'setShares') {
        await this.#host.setCpuShares(domain, action.shares)
        this.#ledger.shares.applied(domain, action.shares, domain.cpuShares)
      } else {
        const bytes = balloonSize(domain.memory, action.bytes)
        await this.#host.setMemory(domain, bytes)
        this.#ledger.memoryRequested(domain, bytes, this.#host.clock.now())
      }
      this.#ledger.refusals.done(action)
      return undefined
    } catch (error) {
      const failure = asBallastError(error)
      if (isOutcomeOpen(failure)) this.#perhaps(step)
      if (action.kind === 'setShares') this.#ledger.shares.failed(domain, failure)
      else this.#ledger.refusals.refused(action, domain, failure, this.#host.clock.now())
      return failure
    }
  }

  #perhaps({ action, domain }: Step): void {
    if (action.kind === 'pin') {
      this.#ledger.pinOutcomeUnknown(domain, action.vcpu, action.cpus, affinityOf(action, domain))
    } else if (action.kind === 'setMemory') {
      const bytes = balloonSize(domain.memory, action.bytes)
      this.#ledger.memoryOutcomeUnknown(domain, bytes, this.#host.clock.now())
    }
  }
}

/** A shrink gives what a grow may take; pins, and shares with them, need neither. */
const phases = ['shrink', 'pin', 'grow'] as const

/** One action, and what it is about. */
interface Step {
  readonly action: Action
  readonly domain: DomainView
  readonly phase: (typeof phases)[number]
}

/** The plan as steps, in the order of doing. */
function inOrder(plan: Plan, view: View): Step[] {
  const domains = domainsByUuid(view.domains)
  const steps = plan.map((planned): Step => {
    const domain = domains.get(planned.uuid)!
    if (planned.kind !== 'setMemory') return { action: planned, domain, phase: 'pin' }
    const action = { ...planned, bytes: Math.floor(planned.bytes / KiB) * KiB }
    return { action, domain, phase: action.bytes < (domain.memory.actual ?? 0) ? 'shrink' : 'grow' }
  })
  return phases.flatMap((phase) => steps.filter((step) => step.phase === phase))
}

/** What stands now, and what it is about to be set to. */
function entryOf({ action, domain }: Step, wallTime: number): JournalEntry {
  const { uuid, name, id, run: token } = domain
  const run = { wallTime, uuid, name, id, run: token }
  const change = <Value>(from: Value, to: Value) => ({
    original: from,
    requested: [{ wallTime, from, to }],
  })
  switch (action.kind) {
    case 'pin': {
      const { vcpu, cpus } = action
      return { ...run, kind: 'affinity', vcpu, ...change(standingPin(domain, vcpu), cpus) }
    }
    case 'setShares':
      return { ...run, kind: 'cpuShares', ...change(domain.cpuShares!, action.shares) }
    case 'setMemory': {
      const { memory } = domain
      const sizes = change(balloonSize(memory, memory.actual!), balloonSize(memory, action.bytes))
      return { ...run, kind: 'memory', ...sizes }
    }
  }
}

function affinityOf(action: PinAction, domain: DomainView): CpuSet {
  return domain.vcpus.find(({ vcpu }) => vcpu === action.vcpu)!.affinity!
}

function applied(action: Action, duration: number): Outcome {
  return { action, status: 'applied', error: undefined, duration }
}

function failed(action: Action, error: BallastError, duration: number): Outcome {
  return { action, status: 'failed', error, duration }
}
