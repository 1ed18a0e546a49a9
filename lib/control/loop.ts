import { type BallastError, endsConnection } from '../host/errors.ts'
import type { Host } from '../host/host.ts'
import type { DomainIdentity } from '../host/sample.ts'
import { domainsByUuid } from '../view/domains-by-uuid.ts'
import { pressureOf } from '../view/memory/shortage.ts'
import type { Viewed } from '../view/memory-glance.ts'
import { Observer } from '../view/observer.ts'
import type { View } from '../view/view.ts'
import { Actuator } from './actuator.ts'
import { type Decided, Decider } from './decide.ts'
import { domainOverhead } from './defaults.ts'
import { DomainInfo } from './domain/domain-info.ts'
import { Migrations } from './domain/migrations.ts'
import { unreadSettings } from './domain/settings-cache.ts'
import { Emergencies } from './emergencies.ts'
import { type Guarded, guard } from './guard/guard.ts'
import type { JournalEntry } from './journal/journal.ts'
import { originalAffinities } from './journal/original-affinities.ts'
import { KsmLoop } from './ksm-loop.ts'
import { lateness } from './lateness.ts'
import { Ledger } from './ledger/ledger.ts'
import type { LoopConfig } from './options.ts'
import type { Reservations } from './reservation/reservations.ts'
import { ResultWatch } from './results/result-watch.ts'
import { Rollbacks } from './rollback/rollbacks.ts'
import type { MemorySamples, Samples } from './sampling.ts'
import { blankCpuSample, type DatedMemorySample, Sampling } from './sampling.ts'
import { StepTimer } from './step-timer.ts'
import type { Outcome, Skipped, Tick } from './tick.ts'
import { type Done, type TickContext, tickOf } from './tick-record.ts'
import type { GuardLimits } from './verdict.ts'

/** Milliseconds that an action is waited for at least, however short the interval: calls on a busy host take that. */
const minimumTimeout = 250

/**
 * The pipeline that runs once per tick, and all that lasts from one tick to the next. A tick is a sequence of steps: each
 * takes what the ones before returned, and keeps nothing for a later one.
 *
 *     sample -> observe -> decide -> guard -> actuate -> follow up
 */
export class ControlLoop {
  readonly #host: Host
  readonly #config: LoopConfig
  readonly #limits: GuardLimits
  readonly #info: DomainInfo
  readonly #sampling: Sampling
  readonly #observer: Observer
  readonly #reservations: Reservations
  readonly #policies: Decider
  readonly #ksm: KsmLoop | undefined
  readonly #ledger = new Ledger()
  readonly #migrations = new Migrations()
  readonly #rollbacks = new Rollbacks(this.#ledger.quarantine)
  readonly #results = new ResultWatch(domainOverhead)
  readonly #emergencies = new Emergencies()
  readonly #actuator: Actuator
  readonly #unsubscribe: () => void
  /** The last View, and the memory sample in it. */
  #seen: Viewed | undefined
  #memory: DatedMemorySample | undefined
  #lastBegun: number | undefined
  /** What failed beside the ticks since the last one. */
  #errors: BallastError[] = []
  /** Whether the connection was lost since the last CPU sample. */
  #isResuming = false

  /** Rejects with `ERR_JOURNAL` when `respectPins` needs a journal that cannot be read. */
  static async start(host: Host, config: LoopConfig, reservations: Reservations): Promise<ControlLoop> {
    const journaled = config.respectPins ? await config.journal.entries() : []
    return new ControlLoop(host, config, reservations, journaled)
  }

  private constructor(
    host: Host,
    config: LoopConfig,
    reservations: Reservations,
    journaled: readonly JournalEntry[],
  ) {
    const { interval, journal, dryRun, ksm } = config
    const { hostMemoryReserve, countZfsArc, hostCpus: reserved, respectPins } = config
    const report = (error: BallastError) => {
      if (isNews(error)) this.#errors.push(error)
    }
    this.#host = host
    this.#config = config
    this.#reservations = reservations
    this.#limits = { ...config, domainOverhead }
    const info = new DomainInfo(host, config, report)
    this.#info = info
    this.#observer = new Observer(host.topology, {
      hostMemoryReserve,
      domainOverhead,
      countZfsArc,
      reserved,
      respectPins,
      originalAffinity: journaled.length > 0 ? originalAffinities(journaled) : undefined,
      settings: (domain) => this.#migrations.heed(domain, info.settings.of(domain) ?? unreadSettings),
      cpuShares: (domain) => info.cpuShares?.of(domain),
      pins: (domain) => info.pins?.of(domain),
      refused: (domain, cpuset) => this.#ledger.refusedCpus.of(domain, host.clock.now(), cpuset),
      cpuQuota: (domain) => info.cpuQuota.of(domain),
      traits: (domain) => info.traits?.of(domain),
      factsVersion: () => info.version + this.#migrations.version,
    })
    this.#policies = new Decider(config, this.#rollbacks)
    const actuation = { dryRun, timeout: Math.max(minimumTimeout, interval / 4) }
    this.#actuator = new Actuator(host, journal, this.#ledger, actuation)
    if (ksm) this.#ksm = new KsmLoop(host, ksm, journal, actuation, report)
    this.#sampling = new Sampling(host, { interval, info, ksm: this.#ksm, report })
    this.#unsubscribe = host.subscribe((event) => {
      const { kind } = event
      if (kind === 'cpuShares') this.#ledger.shares.announced(event.domain, event.shares)
      this.#migrations.hear(event)
      if (kind === 'reboot') this.#rebooted(event.domain)
      if (kind === 'disconnected') this.#interrupt()
    })
  }

  /** Resolves when nothing is under way any more that changes a guest. Never rejects. */
  async end(): Promise<void> {
    this.#unsubscribe()
    await this.#info.end()
  }

  /** The first step of a tick. Changes nothing and never rejects, so it may be left to itself. */
  sample(): Promise<Samples> {
    return this.#sampling.sample()
  }

  /** The other steps. Rejects with what says that the connection is gone. */
  async tick(index: number, samples: Samples): Promise<Tick> {
    const steps = new StepTimer(this.#host.clock, samples)
    const errors = this.#takeErrors(samples)
    const isBlind = 'error' in samples.cpu
    // What is known from before a gap is no ground to act on: in the first tick after it no policy is asked.
    const asked = isBlind || this.#isResuming ? 'none' : 'all'
    if (!isBlind) this.#isResuming = false
    const { view, results } = steps.time('observe', () => this.#observe(samples))
    const listAge = 'error' in samples.cpu ? undefined : samples.cpu.listAge
    return this.#run({ index, cause: 'interval', asked, view, results, errors, samples, listAge }, steps)
  }

  /** Monotonic milliseconds at which memory is to be sampled before the tick at `nextTick`; undefined: not before. */
  nextMemorySample(nextTick: number): number | undefined {
    return this.#policies.ballooning && this.#sampling.nextMemorySample(nextTick)
  }

  /** Samples memory between two ticks. Changes nothing and never rejects, so it may be left to itself. */
  sampleMemory(): Promise<MemorySamples> {
    return this.#sampling.sampleMemory()
  }

  /** The tick that does not wait for the next interval, made from a memory sample alone; undefined when none is needed. */
  async emergencyTick(index: number, samples: MemorySamples): Promise<Tick | undefined> {
    const steps = new StepTimer(this.#host.clock, samples)
    const seen = steps.time('observe', () => this.#observeMemory(samples))
    if (!seen || !this.#emergencies.observe(seen.glance)) return undefined
    const errors = this.#takeErrors()
    const view = steps.time('observe', () => seen.latest.view)
    const context = {
      index,
      cause: 'emergency',
      asked: 'ballooning',
      view,
      results: [],
      errors,
      samples,
      listAge: undefined,
    } as const
    return this.#run(context, steps)
  }

  /** The steps from the View on. */
  async #run(tick: TickContext, steps: StepTimer): Promise<Tick> {
    const { view } = tick
    const decided = steps.time('decide', () => this.#policies.decide(view, tick.asked))
    const guarded = steps.time('guard', () => guard(decided.plan, view, this.#limits, this.#ledger))
    const done = await steps.timeAsync('actuate', () => this.#actuate(tick, guarded))
    const outcomes = steps.time('followUp', () => this.#followUp(tick, decided, done))
    return this.#record(tick, decided, guarded, { ...done, outcomes }, steps)
  }

  /** The View of this tick, and what it shows of earlier changes. */
  #observe(samples: Samples): Pick<TickContext, 'view' | 'results'> {
    const view = this.#withKsm(this.#viewOf(samples))
    this.#results.observeMemory(samples.memory?.sample)
    return { view, results: 'error' in samples.cpu ? [] : this.#results.observe(view, samples.cpu) }
  }

  /** The View of this tick; without a CPU sample the one before, or an empty one. */
  #viewOf({ cpu, memory, wallTime }: Samples): View {
    if ('error' in cpu && this.#seen) return this.#seen.view
    const { topology, clock } = this.#host
    const sample = 'error' in cpu ? blankCpuSample(topology, clock) : cpu
    const accounts = this.#accounts(wallTime, sample.domains)
    const view = this.#observer.observe({ cpu: sample, topology, memory: memory?.sample, ...accounts })
    if ('error' in cpu) return view
    this.#info.periods?.follow(cpu.domains)
    this.#ledger.observe(view, memory?.requestedAt, this.#observer.isAsBefore)
    for (const uuid of this.#ledger.takeDoubted()) this.#info.pins?.forget({ uuid })
    this.#rollbacks.pins.observe(view)
    this.#rollbacks.shrinks.observe(domainsByUuid(view.domains), view.time)
    return this.#keep({ view }, view.memory.reserved, memory).view
  }

  #withKsm(view: View): View {
    return this.#ksm?.see(view) ?? view
  }

  /** Memory that the last View does not have yet, and what the View with it can be made of; undefined: there is none. */
  #observeMemory({ memory, wallTime }: MemorySamples) {
    if (!this.#seen || this.#isResuming || !memory || memory === this.#memory) return undefined
    const accounts = this.#accounts(wallTime, memory.sample.domains)
    const glance = this.#observer.observeMemory(this.#seen, { memory: memory.sample, ...accounts })
    this.#ledger.observeMemory(glance, memory.requestedAt)
    this.#rollbacks.shrinks.observe(glance, glance.time)
    this.#results.observeMemory(memory.sample)
    return { glance, latest: this.#keep(glance, accounts.reserved, memory) }
  }

  #accounts(wallTime: number, domains: readonly DomainIdentity[]) {
    return { targets: this.#ledger.targetsOf(domains), reserved: this.#reservations.bytes, wallTime }
  }

  #keep(seen: Viewed, reserved: number, memory: DatedMemorySample | undefined): Viewed {
    if (memory && this.#reservations.areAny) this.#reservations.observe(seen.view, this.#ledger)
    this.#memory = memory
    this.#seen = this.#reservations.bytes === reserved ? seen : { view: this.#reservations.update(seen.view) }
    return this.#seen
  }

  /** Carries out what the guard let through, unless it is too late for that. */
  async #actuate({ view, asked }: TickContext, { plan }: Guarded): Promise<Done> {
    const age = this.#host.clock.now() - view.time
    const late = asked === 'none' ? undefined : lateness(age, this.#config.interval)
    if (late) return { outcomes: [], late, ksm: this.#ksm?.status, errors: [late] }
    const outcomes = await this.#actuator.actuate(plan, view)
    const errors: BallastError[] = []
    const report = (error: BallastError) => errors.push(error)
    const ksm = asked === 'all' ? await this.#ksm?.tick(view, report) : this.#ksm?.status
    return { outcomes, late, ksm, errors }
  }

  /** Has what was done watched, and gives it with what is expected of it. What came too late was not done: it stays due. */
  #followUp(tick: TickContext, { undone }: Decided, { outcomes, late }: Done): readonly Outcome[] {
    const { index, view, asked } = tick
    // Not every host tells of pins, and one that failed may have changed something.
    for (const { action, status } of outcomes) {
      if (action.kind === 'pin' && status !== 'dry-run') this.#info.pins?.forget(action)
    }
    if (!late) this.#rollbacks.acted(view, outcomes, undone)
    if (this.#policies.ballooning && asked !== 'none') this.#emergencies.handled(pressureOf(view), outcomes)
    return this.#results.acted(index, view, outcomes)
  }

  /** All of it, as the Tick. */
  #record(tick: TickContext, decided: Decided, guarded: Guarded, done: Done, steps: StepTimer): Tick {
    const { begun } = tick.samples
    const period = this.#lastBegun === undefined ? undefined : begun - this.#lastBegun
    this.#lastBegun = begun
    const skipped = guarded.skipped.filter((each) => this.#concerns(each))
    return tickOf(tick, decided, { ...guarded, skipped }, done, { ...steps.timing(), period })
  }

  #rebooted(domain: DomainIdentity): void {
    const { clock } = this.#host
    this.#observer.rebooted(domain, { time: clock.now(), wallTime: clock.wallTime() })
  }

  #interrupt(): void {
    this.#isResuming = true
    this.#sampling.interrupt()
    this.#observer.interrupt()
    this.#rollbacks.pins.interrupt()
    this.#results.interrupt()
  }

  /** What failed since the last tick. Throws what says that the connection is gone. */
  #takeErrors(samples?: Samples): readonly BallastError[] {
    const errors = this.#errors.splice(0)
    if (samples && 'error' in samples.cpu) errors.push(samples.cpu.error)
    const fatal = errors.find(endsConnection)
    if (fatal) throw fatal
    return errors
  }

  /** Whether it is of interest: what no policy of this loop decides on is not, unless the loop only watches. */
  #concerns({ what }: Skipped): boolean {
    const { scheduler, ballooning } = this.#policies
    if (!scheduler && !ballooning) return true
    return (what === 'vcpus' ? scheduler : ballooning) !== undefined
  }
}

/** Whether an error is not about the connection: that it is lost the CPU sample says, once. */
function isNews({ code }: BallastError): boolean {
  return code !== 'ERR_DISCONNECTED'
}
