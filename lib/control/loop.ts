import { asBallastError, BallastError, endsConnection } from '../host/errors.ts'
import type { Host } from '../host/host.ts'
import type { CpuSample, DomainIdentity } from '../host/sample.ts'
import type { Action, Explanation } from '../policy/plan.ts'
import { Observer } from '../view/observer.ts'
import type { View } from '../view/view.ts'
import { Actuator } from './actuator.ts'

import { domainOverhead } from './defaults.ts'
import { DomainInfo } from './domain/domain-info.ts'
import { memorySampleInterval } from './domain/stats-period.ts'
import { Emergencies } from './emergencies.ts'
import { guard } from './guard/guard.ts'
import type { JournalEntry } from './journal/journal.ts'
import { originalAffinities } from './journal/original-affinities.ts'
import { KsmLoop } from './ksm-loop.ts'
import { Ledger } from './ledger/ledger.ts'
import type { LoopConfig } from './options.ts'
import { PolicyRunner } from './policy-runner.ts'
import type { Reservations } from './reservation/reservations.ts'
import { Rollbacks } from './rollback/rollbacks.ts'
import { blankCpuSample, type DatedMemorySample, MemorySampling } from './sampling.ts'
import { summarize } from './summary.ts'
import type { Skipped, Tick } from './tick.ts'
import type { GuardLimits } from './verdict.ts'

/** Milliseconds that an action is waited for at least, however short the interval: calls on a busy host take that. */
const minimumTimeout = 250

/** A turn up to here. */
export interface SampleTiming {
  /** Monotonic milliseconds and wall clock at its start, monotonic milliseconds when all was there. */
  readonly begun: number
  readonly wallTime: number
  readonly sampled: number
}

/** What was sampled for the turn of a beat. */
export interface Samples extends SampleTiming {
  /** The sample, or why there is none. */
  readonly cpu: CpuSample | { readonly error: BallastError }
}

/** All that lasts from one turn of the loop to the next, and the turn itself. */
export class ControlLoop implements Disposable {
  readonly #host: Host
  readonly #settings: LoopConfig
  readonly #limits: GuardLimits
  readonly #books: DomainInfo
  readonly #observer: Observer
  readonly #memory: MemorySampling
  readonly #scheduler: PolicyRunner<Action> | undefined
  readonly #ballooning: PolicyRunner<Action> | undefined
  readonly #ledger = new Ledger()
  readonly #rollbacks = new Rollbacks(this.#ledger.quarantine)
  readonly #actuator: Actuator
  readonly #ksm: KsmLoop | undefined
  readonly #reservations: Reservations
  readonly #emergencies = new Emergencies()
  /** Milliseconds between memory samples, and when the last was due. */
  readonly #lookPeriod: number
  #lookedAt = Number.NEGATIVE_INFINITY
  #view: View | undefined
  /** The memory that the View has. */
  #seen: DatedMemorySample | undefined
  #begunBefore: number | undefined
  readonly #unsubscribe: () => void
  /** How often the connection was lost. */
  #gaps = 0
  /** Whether it was since the last sample of CPUs. */
  #isResuming = false

  /** Rejects with `ERR_JOURNAL` when `respectPins` needs a journal that cannot be read. */
  static async start(host: Host, settings: LoopConfig, reservations: Reservations): Promise<ControlLoop> {
    const journaled = settings.respectPins ? await settings.journal.entries() : []
    return new ControlLoop(host, settings, reservations, journaled)
  }

  private constructor(
    host: Host,
    settings: LoopConfig,
    reservations: Reservations,
    journaled: readonly JournalEntry[],
  ) {
    const { interval, journal, dryRun, scheduler, ballooning, hostMemoryReserve } = settings
    const { hostCpus: reserved, respectPins } = settings
    this.#host = host
    this.#settings = settings
    this.#reservations = reservations
    this.#limits = { ...settings, domainOverhead }
    this.#books = new DomainInfo(host, settings)
    this.#observer = new Observer(host.topology, {
      hostMemoryReserve,
      domainOverhead,
      reserved,
      respectPins,
      originalAffinity: originalAffinities(journaled),
      settings: (domain) => this.#books.settingsOf(domain),
      cpuShares: (domain) => this.#books.cpuSharesOf(domain),
      traits: (domain) => this.#books.traitsOf(domain),
    })
    this.#lookPeriod = memorySampleInterval(interval)
    // A tenth of slack: a tick that begins a little early still asks.
    const slack = Math.min(interval, this.#lookPeriod) / 10
    this.#memory = new MemorySampling(host, this.#lookPeriod - slack)
    if (scheduler) this.#scheduler = new PolicyRunner('scheduler', ['pin', 'setShares'], scheduler)
    if (ballooning) this.#ballooning = new PolicyRunner('ballooning', ['setMemory'], ballooning)
    const doing = { dryRun, timeout: Math.max(minimumTimeout, interval / 4) }
    this.#actuator = new Actuator(host, journal, this.#ledger, doing)
    this.#unsubscribe = host.subscribe(({ kind }) => {
      if (kind === 'disconnected') this.#interrupt()
    })
    if (settings.ksm) this.#ksm = new KsmLoop(host, settings.ksm, journal, doing)
  }

  /** Samples CPU and memory side by side. Changes nothing and never rejects: it may be left to itself. */
  async sample(): Promise<Samples> {
    const { clock } = this.#host
    const begun = clock.now()
    const wallTime = clock.wallTime()
    this.#lookedAt = begun
    const timeout = this.#settings.interval / 4
    const gaps = this.#gaps
    const [cpu] = await Promise.all([this.#sampleCpu(), this.#memory.refresh(timeout), this.#ksm?.refresh()])
    if (!('error' in cpu)) await this.#books.follow(cpu.domains)
    const isOvertaken = gaps !== this.#gaps && !('error' in cpu)
    return { begun, wallTime, sampled: clock.now(), cpu: isOvertaken ? { error: overtaken() } : cpu }
  }

  /**
   * The rest of a turn: observe, plan, guard, actuate. In the first after the connection was lost no policy is asked: what
   * is known of before is not what to act on. Rejects with what says that the connection is gone.
   */
  async tick(index: number, { cpu, ...sampleMemory }: Samples): Promise<Tick> {
    const errors = this.#takeErrors()
    if ('error' in cpu) errors.push(cpu.error)
    const seen = this.#observe(cpu, sampleMemory.wallTime)
    const view = this.#ksm?.see(seen) ?? seen
    const onlyLooks = 'error' in cpu || this.#isResuming
    if (!('error' in cpu)) this.#isResuming = false
    const policies = onlyLooks ? [] : [this.#scheduler, this.#ballooning]
    return this.#turn({ ...sampleMemory, index, cause: 'interval', view, policies, errors })
  }

  /**
   * Monotonic milliseconds at which memory is to be looked at before the beat at `beat`; undefined: not before.
   */
  nextMemorySample(beat: number): number | undefined {
    const time = Math.max(this.#lookedAt + this.#lookPeriod, this.#host.clock.now())
    return this.#ballooning && time <= beat - this.#lookPeriod / 2 ? time : undefined
  }

  /** Samples memory between two beats. Changes nothing and never rejects: it may be left to itself. */
  async look(): Promise<SampleTiming> {
    const { clock } = this.#host
    const begun = clock.now()
    this.#lookedAt = begun
    await this.#memory.refresh(this.#lookPeriod / 4)
    return { begun, wallTime: clock.wallTime(), sampled: clock.now() }
  }

  /** After a look: the turn that is not to wait for the next beat; undefined when there is no need for one. */
  async emergencyTick(index: number, look: SampleTiming): Promise<Tick | undefined> {
    const view = this.#observeMemory(look.wallTime)
    if (!view || !this.#emergencies.see(view)) return undefined
    const errors = this.#takeErrors()
    return this.#turn({ ...look, index, cause: 'emergency', view, policies: [this.#ballooning], errors })
  }

  [Symbol.dispose](): void {
    this.#unsubscribe()
    this.#books[Symbol.dispose]()
  }

  #interrupt(): void {
    this.#gaps++
    this.#isResuming = true
    this.#memory.forget()
    this.#observer.interrupt()
    this.#rollbacks.interrupt()
  }

  async #sampleCpu(): Promise<Samples['cpu']> {
    try {
      return await this.#host.sampleCpu()
    } catch (error) {
      return { error: asBallastError(error) }
    }
  }

  /** Asks the policies and does what the guard lets through. */
  async #turn({ index, cause, view, policies, errors, ...look }: TickContext): Promise<Tick> {
    const fatal = errors.find(endsConnection)
    if (fatal) throw fatal
    const { clock } = this.#host
    const { begun, wallTime, sampled } = look
    const rollbacks = cause === 'interval' && policies.length > 0 ? this.#rollbacks.pins(view) : []
    const plan: Action[] = []
    let explanation: Explanation | undefined
    for (const policy of policies) {
      if (!policy || (policy === this.#scheduler && rollbacks.length > 0)) continue
      const result = policy.run(view)
      for (const action of result.plan) plan.push(action)
      explanation ??= result.explanation
      errors.push(...result.errors)
    }
    if (policies.includes(this.#ballooning)) rollbacks.push(...this.#rollbacks.memory(view, plan))
    plan.unshift(...rollbacks.flatMap((rollback) => rollback.plan))
    const guarded = guard(plan, view, this.#limits, this.#ledger)
    const planned = clock.now()
    const late = policies.length > 0 ? lateness(planned - view.time, this.#settings.interval) : undefined
    if (late) errors.push(late)
    const outcomes = late ? [] : await this.#actuator.actuate(guarded.plan, view)
    if (!late) this.#rollbacks.acted(view, outcomes)
    const asked = cause === 'interval' && policies.length > 0 && !late
    const ksm = asked ? await this.#ksm?.turn(view) : this.#ksm?.status
    errors.push(...apartFromGaps(this.#ksm?.takeErrors() ?? []))
    const ended = clock.now()
    if (policies.includes(this.#ballooning)) this.#emergencies.handled(view, outcomes)

    const period = this.#begunBefore === undefined ? undefined : begun - this.#begunBefore
    this.#begunBefore = begun
    const tick = {
      index,
      cause,
      wallTime,
      view,
      plan,
      ...(rollbacks.length > 0 && !late && { rollbacks }),
      explanation,
      clamps: guarded.clamps,
      skipped: guarded.skipped.filter((left) => this.#concerns(left)),
      outcomes,
      ksm,
      errors,
      timing: {
        sample: sampled - begun,
        plan: planned - sampled,
        actuate: ended - planned,
        total: ended - begun,
        period,
      },
    }
    return { ...tick, summary: summarize(tick) }
  }

  #takeErrors(): BallastError[] {
    return apartFromGaps([...this.#memory.takeErrors(), ...this.#books.takeErrors()])
  }

  /** The View of this turn; without a sample the one before, or an empty one. */
  #observe(cpu: Samples['cpu'], wallTime: number): View {
    if ('error' in cpu && this.#view) return this.#view
    const memory = this.#memory.newest
    const { topology, clock } = this.#host
    const seen = 'error' in cpu ? blankCpuSample(topology, clock) : cpu
    const view = this.#observer.observe({
      cpu: seen,
      memory: memory?.sample,
      ...this.#accounts(wallTime, seen.domains),
    })
    if ('error' in cpu) return view
    this.#books.ensureStatsPeriods(cpu.domains)
    this.#ledger.observe(view, memory?.requestedAt)
    this.#rollbacks.see(view, 'interval')
    return this.#keep(view, memory)
  }

  /** The View with memory that it has not had yet; undefined when there is none. */
  #observeMemory(wallTime: number): View | undefined {
    const memory = this.#memory.newest
    if (!this.#view || this.#isResuming || !memory || memory === this.#seen) return undefined
    const view = this.#observer.observeMemory(this.#view, {
      memory: memory.sample,
      ...this.#accounts(wallTime, memory.sample.domains),
    })
    this.#ledger.observeMemory(view, memory.requestedAt)
    this.#rollbacks.see(view, 'emergency')
    return this.#keep(view, memory)
  }

  #accounts(wallTime: number, domains: readonly DomainIdentity[]) {
    return { targets: this.#ledger.targetsOf(domains), reserved: this.#reservations.bytes, wallTime }
  }

  #keep(seen: View, memory: DatedMemorySample | undefined): View {
    if (memory) this.#reservations.see(seen, this.#ledger)
    this.#seen = memory
    this.#view = withReserved(seen, this.#reservations.bytes)
    return this.#view
  }

  /** Whether it is of interest: what no policy of this loop decides on is not, unless the loop only watches. */
  #concerns({ what }: Skipped): boolean {
    const { scheduler, ballooning } = this.#settings
    if (!scheduler && !ballooning) return true
    return (what === 'vcpus' ? scheduler : ballooning) !== undefined
  }
}

/** That the connection is lost the CPU sample says, once; what could not be asked meanwhile is asked again. */
function apartFromGaps(errors: readonly BallastError[]): BallastError[] {
  return errors.filter(({ code }) => code !== 'ERR_DISCONNECTED')
}

function overtaken(): BallastError {
  return new BallastError('ERR_DISCONNECTED', 'The connection was lost while samples were taken')
}

/** Nobody is to make room any more for what was given up, or cannot be, at the sight of `view`. */
function withReserved(view: View, reserved: number): View {
  const { memory } = view
  if (reserved === memory.reserved) return view
  const budget = Math.max(0, memory.total - memory.reserve - reserved)
  return { ...view, memory: { ...memory, reserved, budget } }
}

/** What {@link ControlLoop} does in one turn, once all is seen. */
interface TickContext extends SampleTiming, Pick<Tick, 'index' | 'cause' | 'view'> {
  readonly policies: readonly (PolicyRunner<Action> | undefined)[]
  readonly errors: BallastError[]
}

/** So many intervals after it was looked a plan is about a host that may be another by now. */
const intervals = 3
/** Milliseconds that are not late, however short the interval: a busy machine takes that now and then. */
const leastLimit = 1_000

/**
 * What to say of a plan that comes to be carried out `age` milliseconds after what it was made from was seen: undefined
 * while that is soon enough. A plan that is late is dropped whole, and the next look decides anew.
 */
export function lateness(age: number, interval: number): BallastError | undefined {
  const limit = Math.max(leastLimit, intervals * interval)
  if (!(age > limit)) return undefined
  const message =
    `The loop fell behind: its plan was ready ${Math.round(age)} ms after it had looked, ` +
    `later than ${limit} ms: nothing was changed`
  return new BallastError('ERR_LATE', message)
}
