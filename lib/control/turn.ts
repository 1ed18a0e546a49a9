import type { BallastError } from '../host/errors.ts'
import type { Host } from '../host/host.ts'
import type { CpuSample } from '../host/sample.ts'
import { Observer } from '../view/observer.ts'
import type { Action, Explanation } from '../view/plan.ts'
import type { View } from '../view/view.ts'
import { Actuator } from './actuator.ts'
import { blankCpuSample } from './blank-sample.ts'
import { cpuSharesBook } from './cpu-shares.ts'
import { domainOverhead } from './defaults.ts'
import { asBallastError, endsConnection } from './failure.ts'
import { guard } from './guard.ts'
import type { JournalEntry } from './journal.ts'
import { Ledger } from './ledger.ts'
import type { GuardLimits } from './limits.ts'
import { MemoryFeed } from './memory-feed.ts'
import type { Settings } from './options.ts'
import { originalAffinities } from './original-affinities.ts'
import { PolicyRunner } from './policy-runner.ts'
import type { RunBook } from './run-book.ts'
import { SettingsBook } from './settings-book.ts'
import { StatisticsPeriods, statisticsPeriod } from './statistics-period.ts'
import { summarize } from './summary.ts'
import type { LeftAlone, Tick } from './tick.ts'

/** Milliseconds that an action is waited for at least, however short the interval: calls on a busy host take that. */
const leastPatience = 250

/** What was sampled for one turn. */
export interface Readings {
  /** Monotonic milliseconds and wall clock at the start of the turn, monotonic milliseconds when all was there. */
  readonly begun: number
  readonly wallTime: number
  readonly sampled: number
  /** The sample, or why there is none. */
  readonly cpu: CpuSample | { readonly error: BallastError }
}

/** All that lasts from one turn of the loop to the next, and the turn itself. */
export class Turns implements Disposable {
  readonly #host: Host
  readonly #settings: Settings
  readonly #limits: GuardLimits
  readonly #book: SettingsBook
  /** Undefined where nobody decides on them. */
  readonly #cpuShares: RunBook<number | undefined> | undefined
  readonly #observer: Observer
  readonly #memory: MemoryFeed
  readonly #periods: StatisticsPeriods | undefined
  readonly #policies: readonly PolicyRunner<Action>[]
  readonly #ledger = new Ledger()
  readonly #actuator: Actuator
  #view: View | undefined
  #begunBefore: number | undefined

  /** Rejects with `ERR_JOURNAL` when `respectPins` needs a journal that cannot be read. */
  static async begin(host: Host, settings: Settings): Promise<Turns> {
    return new Turns(host, settings, settings.respectPins ? await settings.journal.entries() : [])
  }

  private constructor(host: Host, settings: Settings, journaled: readonly JournalEntry[]) {
    const { interval, journal, dryRun, scheduler, ballooning, hostReserve } = settings
    const { manages, rulesOf, reserved, respectPins } = settings
    this.#host = host
    this.#settings = settings
    this.#limits = { ...settings, domainOverhead }
    const usable = host.topology.online.minus(reserved)
    this.#book = new SettingsBook(host, { manages, rulesOf, usable }, interval / 4)
    if (scheduler) this.#cpuShares = cpuSharesBook(host, interval / 4)
    this.#observer = new Observer(host.topology, {
      hostReserve,
      domainOverhead,
      reserved,
      respectPins,
      originalAffinity: originalAffinities(journaled),
      settings: (domain) => this.#book.of(domain),
      cpuShares: (domain) => this.#cpuShares?.of(domain),
    })
    const seconds = statisticsPeriod(interval)
    // A tenth of slack: a tick that begins a little early still asks.
    this.#memory = new MemoryFeed(host, seconds * 1_000 - interval / 10, interval / 4)
    const memoryMatters = ballooning !== undefined || scheduler === undefined
    if (memoryMatters && !dryRun && !host.readOnly) {
      this.#periods = new StatisticsPeriods(host, journal, seconds, async (domain) => {
        return (await this.#book.read(domain)).managed
      })
    }
    this.#policies = [
      ...(scheduler ? [new PolicyRunner('scheduler', ['pin', 'setShares'], scheduler)] : []),
      ...(ballooning ? [new PolicyRunner('ballooning', ['setMemory'], ballooning)] : []),
    ]
    this.#actuator = new Actuator(host, journal, this.#ledger, {
      dryRun,
      patience: Math.max(leastPatience, interval / 4),
    })
  }

  /** Samples CPU and memory side by side. Changes nothing and never rejects: it may be left to itself. */
  async sample(): Promise<Readings> {
    const { clock } = this.#host
    const begun = clock.now()
    const wallTime = clock.wallTime()
    const [cpu] = await Promise.all([this.#sampleCpu(), this.#memory.refresh()])
    if (!('error' in cpu)) {
      await Promise.all([this.#book.follow(cpu.domains), this.#cpuShares?.follow(cpu.domains)])
    }
    return { begun, wallTime, sampled: clock.now(), cpu }
  }

  /** The rest of a turn: observe, plan, guard, actuate. Rejects with what says that the connection is gone. */
  async act(index: number, { begun, wallTime, sampled, cpu }: Readings): Promise<Tick> {
    const { clock } = this.#host
    const errors = [
      ...this.#memory.takeErrors(),
      ...this.#book.takeErrors(),
      ...(this.#cpuShares?.takeErrors() ?? []),
      ...(this.#periods?.takeErrors() ?? []),
    ]
    if ('error' in cpu) errors.push(cpu.error)
    const fatal = errors.find(endsConnection)
    if (fatal) throw fatal

    const view = this.#observe(cpu, wallTime)
    const plan: Action[] = []
    let explanation: Explanation | undefined
    if (!('error' in cpu)) {
      for (const policy of this.#policies) {
        const result = policy.run(view)
        for (const action of result.plan) plan.push(action)
        explanation ??= result.explanation
        errors.push(...result.errors)
      }
    }
    const guarded = guard(plan, view, this.#limits, this.#ledger)
    const planned = clock.now()
    const outcomes = await this.#actuator.actuate(guarded.plan, view)
    const ended = clock.now()

    const period = this.#begunBefore === undefined ? undefined : begun - this.#begunBefore
    this.#begunBefore = begun
    const tick = {
      index,
      wallTime,
      view,
      plan,
      explanation,
      clamps: guarded.clamps,
      leftAlone: guarded.leftAlone.filter((left) => this.#concerns(left)),
      outcomes,
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

  [Symbol.dispose](): void {
    this.#periods?.[Symbol.dispose]()
    this.#book[Symbol.dispose]()
    this.#cpuShares?.[Symbol.dispose]()
  }

  async #sampleCpu(): Promise<Readings['cpu']> {
    try {
      return await this.#host.sampleCpu()
    } catch (error) {
      return { error: asBallastError(error) }
    }
  }

  /** The View of this turn; without a sample the one before, or an empty one. */
  #observe(cpu: Readings['cpu'], wallTime: number): View {
    if ('error' in cpu && this.#view) return this.#view
    const memory = this.#memory.newest
    const { topology, clock } = this.#host
    const view = this.#observer.observe({
      cpu: 'error' in cpu ? blankCpuSample(topology, clock) : cpu,
      memory: memory?.sample,
      targets: this.#ledger.targets,
      wallTime,
    })
    if ('error' in cpu) return view
    this.#periods?.follow(cpu.domains)
    this.#ledger.observe(view, memory?.askedAt)
    this.#view = view
    return view
  }

  /** Whether it is of interest: what no policy of this loop decides on is not, unless the loop only watches. */
  #concerns({ what }: LeftAlone): boolean {
    const { scheduler, ballooning } = this.#settings
    if (!scheduler && !ballooning) return true
    return (what === 'vcpus' ? scheduler : ballooning) !== undefined
  }
}
