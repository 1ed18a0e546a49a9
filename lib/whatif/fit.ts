import { CpuSet } from '../host/cpuset.ts'
import { BallastError } from '../host/errors.ts'
import type { MovingAction } from '../policy/plan.ts'
import type { Entry, RecordedTick, RunEntry } from '../recording/entries.ts'
import { type RecordedView, recordedViews } from '../recording/recorded-views.ts'
import type { Scenario } from '../simulation/scenario.ts'
import { DomainLife } from './domain-life.ts'
import { domainScenario, type FitRules, lifeChanges } from './fit-domain.ts'
import { HostFigures } from './host-figures.ts'
import { HostTrace } from './host-trace.ts'
import type { FittedLoad } from './load.ts'
import { fitPeriod, ticksOfPeriods } from './period.ts'
import { usualPeriod } from './scenario-load.ts'
import { VcpuTraces } from './vcpu-trace.ts'

const leastTicks = 3

/** There are fewer ticks than a load can be fitted to. */
export class TooShort extends BallastError {
  constructor(ticks: number) {
    super(
      'ERR_RECORDING',
      `There are ${ticks} ticks with samples in that part of the recording; a load can be fitted to ${leastTicks} or more`,
    )
  }
}

/** What of a recording is fitted. Milliseconds since the epoch. */
export interface FitOptions {
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** A recording as a load for the simulated host, and how the guests did in it. */
export interface FittedRecording {
  readonly load: FittedLoad
  readonly figures: HostFigures
  /** What the loop was run with when the part began; undefined: that is not in it. */
  readonly run: RunEntry['run'] | undefined
}

/**
 * Fits a load for the simulated host to a recording: what each vCPU wanted and what each guest used of its memory, from
 * sample to sample, the host, and the guests that come and go. See docs/whatif.md for the rules.
 *
 * Rejects with `ERR_RECORDING` when fewer than three ticks with samples are in the time that is asked for.
 */
export async function fitRecording(
  entries: AsyncIterable<Entry>,
  { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY, signal }: FitOptions = {},
): Promise<FittedRecording> {
  const fit = new Fit()
  const figures = new HostFigures()
  let run: RunEntry['run'] | undefined
  const isWithin = ({ wallTime }: RecordedTick) => wallTime >= from && wallTime <= to
  const began = (one: RunEntry['run']) => {
    if (fit.ticks === 0) run = one
  }
  const other = (tick: RecordedTick) => {
    if (fit.ticks === 0 || !isWithin(tick)) return
    fit.changed(tick)
    figures.changed(recordedChanges(tick))
  }
  for await (const seen of recordedViews(entries, { began, other })) {
    if (seen.tick.wallTime > to) break
    if (!isWithin(seen.tick)) continue
    fit.take(seen)
    figures.take(seen.view, recordedChanges(seen.tick))
  }
  return { load: await fit.fitted(signal), figures, run }
}

/** The pins and sizes that were carried out in a tick. */
function recordedChanges({ outcomes }: RecordedTick): MovingAction[] {
  return outcomes.flatMap(({ action, status }): MovingAction[] => {
    if (status !== 'applied') return []
    return action.kind === 'pin' ? [{ ...action, cpus: CpuSet.parse(action.cpus) }] : [action]
  })
}

type Seen = RecordedView

class Fit {
  readonly #times: number[] = []
  /** Of the first ticks. */
  readonly #early = new HostFigures()
  readonly #traces = new VcpuTraces()
  /** Those that were there at the last tick, by UUID and id, and those that have ended. */
  readonly #present = new Map<string, DomainLife>()
  readonly #lives: DomainLife[] = []
  readonly #host = new HostTrace()

  get ticks(): number {
    return this.#times.length
  }

  take({ view, cpu, tick, facts }: Seen): void {
    const index = this.#times.length
    this.#times.push(view.time)
    this.#traces.take(view, cpu)
    this.#host.take(view, index)
    if (index < ticksOfPeriods) this.#early.take(view, [])
    const { online } = view.topology
    const present = new Set<string>()
    for (const domain of view.domains) {
      const key = `${domain.uuid} ${domain.id}`
      present.add(key)
      let life = this.#present.get(key)
      if (!life) {
        life = new DomainLife(domain, index)
        this.#present.set(key, life)
        this.#lives.push(life)
      }
      life.take(domain, {
        traces: this.#traces,
        facts,
        online,
        seconds: (view.interval ?? Number.NaN) / 1_000,
      })
    }
    for (const key of this.#present.keys()) if (!present.has(key)) this.#present.delete(key)
    this.changed(tick)
  }

  changed(tick: RecordedTick): void {
    if (tick.outcomes.length === 0) return
    for (const life of this.#present.values()) life.changed(tick, ({ cpus }) => CpuSet.parse(cpus))
  }

  load({ period, placed }: Pick<FitRules, 'period' | 'placed'>): FittedLoad {
    const times = this.#times
    if (times.length < leastTicks || !this.#host.isKnown) {
      throw new TooShort(times.length)
    }
    const interval = median(times.slice(1).map((time, index) => time - times[index]!))
    // Before the first tick vCPUs are brought to where they were.
    const lead = Math.max(10, Math.ceil(interval))
    const at = (index: number) => lead + times[Math.max(0, index)]! - times[0]!
    const clock = { at, between: (index: number) => (at(index - 1) + at(index)) / 2, ticks: times.length }
    const host = this.#host
    const whole = host.whole()
    const first = host.firstOnline
    const rules: FitRules = { clock, all: whole.online, period, placed }
    const named = this.#byDomain()
    const domains = named.map(({ name, lives: [life] }) => domainScenario(life!, name, rules))
    const changes = named.flatMap(({ name, lives }) => lifeChanges(lives, name, rules))
    const background = host.backgrounds(whole, clock.at)
    const memory = host.memory(whole.memory, clock.between)
    const cpusets = host.cpusetChanges(whole.online, clock.between)
    const scenario: Scenario = {
      pcpus: whole,
      memory: memory.memory,
      background: background.first,
      domains,
      changes: [
        ...host.onlineChanges(clock.between),
        ...memory.changes,
        ...cpusets.changes,
        ...background.changes,
        ...changes,
      ],
      ...(first && !whole.online.equals(first) && { offline: whole.online.minus(first).toString() }),
      ...(cpusets.first && { cpuset: cpusets.first }),
    }
    return {
      scenario,
      lead,
      interval,
      ticks: Math.round((times.at(-1)! - times[0]!) / interval) + 1,
      hostMemory: whole.memory,
      notes: this.#notes(),
    }
  }

  /** The load, with pieces of work that make vCPUs wait as they did. */
  async fitted(signal: AbortSignal | undefined): Promise<FittedLoad> {
    const placed = (period: number) => this.load({ period, placed: true })
    const period =
      this.ticks < leastTicks ? usualPeriod : await fitPeriod(this.#early.record(), placed, signal)
    return this.load({ period, placed: false })
  }

  /** The runs of each domain, under a name that no other domain has. */
  #byDomain(): { readonly name: string; readonly lives: readonly DomainLife[] }[] {
    const byUuid = new Map<string, DomainLife[]>()
    for (const life of this.#lives) byUuid.set(life.uuid, [...(byUuid.get(life.uuid) ?? []), life])
    const taken = new Set<string>()
    return Array.from(byUuid.values(), (lives) => {
      let { name } = lives[0]!
      for (let number = 2; taken.has(name); number++) name = `${lives[0]!.name}-${number}`
      taken.add(name)
      return { name, lives }
    })
  }

  /** What the recording does not tell, in words. */
  #notes(): string[] {
    const unknown = (what: (life: DomainLife) => boolean) => [
      ...new Set(this.#lives.filter(what).map(({ name }) => name)),
    ]
    const told = (names: readonly string[], what: string) =>
      names.length > 0 ? [`${what}: ${names.slice(0, 5).join(', ')}${names.length > 5 ? ', …' : ''}`] : []
    return [
      ...told(
        unknown(
          ({ traces }) => traces.length === 0 || traces.some(({ closed }) => closed.every(Number.isNaN)),
        ),
        'usage of its vCPUs not known at any time, taken as idle',
      ),
      ...told(
        unknown(({ memory }) => memory.every(({ used }) => Number.isNaN(used))),
        'memory use not reported, taken from what QEMU holds on the host',
      ),
      ...told(
        unknown(({ wasKilled }) => wasKilled),
        'a program was killed for want of memory, and what it would have used is not known',
      ),
    ]
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]!
}
