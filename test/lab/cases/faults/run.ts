import { type AutopilotOptions, autopilot } from '../../../../lib/control/autopilot.ts'
import type { Tick } from '../../../../lib/control/tick.ts'
import type { Host } from '../../../../lib/host/host.ts'
import { LogFormatter } from '../../../../lib/report/log-lines.ts'
import type { View } from '../../../../lib/view/view.ts'
import { type Call, Tap } from './tap.ts'
import { type Facts, noFacts, wrongActions } from './wrong-actions.ts'

/** A Tick, and what was learned of it when it came. */
export interface Seen {
  readonly tick: Tick
  /** The calls that were made for it. */
  readonly calls: readonly Call[]
  readonly wrong: readonly string[]
  /** Whether the CPUs could be sampled. */
  readonly isFresh: boolean
  /** Intervals since the tick of the beat before. */
  readonly lateness: number
  /** On the host's clock, when it came. */
  readonly at: number
}

/** What a run came to. */
export interface RunFigures {
  readonly ticks: number
  /** Beats without a look at the CPUs: left out, or told by a Tick that could not look. */
  readonly ticksLost: number
  readonly actions: number
  readonly wrong: readonly string[]
}

/**
 * Controllers at work in the background, while somebody breaks what they work on: their Ticks are judged one by
 * one as they come, and can be waited for.
 */
export class Run {
  readonly facts: Facts = noFacts()
  readonly tap = new Tap()
  readonly interval: number
  readonly #host: Host
  readonly #stop = new AbortController()
  readonly #watchers = new Set<(seen: Seen | undefined) => void>()
  readonly #unsubscribe: () => void
  readonly #ended: Promise<void>
  #view: View | undefined
  #beatAt: number | undefined
  #figures = { ticks: 0, ticksLost: 0, actions: 0 }
  #wrong: string[] = []
  /** Ticks with calls that were no longer waited for: what becomes of those is judged when they return. */
  #open: Pick<Seen, 'tick' | 'calls' | 'wrong'>[] = []
  #failure: unknown

  constructor(host: Host, options: AutopilotOptions, log: (line: string) => void) {
    this.#host = host
    this.interval = options.interval
    this.#unsubscribe = host.subscribe(({ kind }) => {
      const { gaps } = this.facts
      const now = host.clock.now()
      if (kind === 'disconnected') gaps.push({ lost: now, back: undefined })
      if (kind === 'connected') gaps.push({ ...gaps.pop()!, back: now })
    })
    this.#ended = this.#pump(options, log)
  }

  get figures(): RunFigures {
    return { ...this.#figures, wrong: this.#wrong }
  }

  /** On the host's clock. */
  get now(): number {
    return this.#host.clock.now()
  }

  /**
   * The next tick of which `isIt` is true; undefined when none of so many beats is, or the loop ends. `isIt` is asked
   * of every tick from now on, once.
   */
  until(isIt: (seen: Seen) => boolean, beats: number): Promise<Seen | undefined> {
    if (this.#stop.signal.aborted) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      let left = beats
      const watch = (seen: Seen | undefined) => {
        if (seen?.tick.cause === 'interval') left--
        const found = seen && isIt(seen)
        if (seen && !found && left > 0) return
        this.#watchers.delete(watch)
        resolve(found ? seen : undefined)
      }
      this.#watchers.add(watch)
    })
  }

  /** Ends the loop. Throws what it had ended with by itself. */
  async end(): Promise<void> {
    this.#stop.abort()
    await this.#ended
    this.#unsubscribe()
    this.#judgeLate()
    if (this.#failure !== undefined) throw this.#failure
  }

  async #pump(options: AutopilotOptions, log: (line: string) => void): Promise<void> {
    const narrator = new LogFormatter()
    try {
      const pilot = autopilot(this.tap.on(this.#host), { ...options, signal: this.#stop.signal })
      for await (const tick of pilot) {
        for (const line of [tick.summary, ...narrator.lines(tick)]) log(line)
        this.#see(tick)
      }
    } catch (error) {
      this.#failure = error
    }
    this.#stop.abort()
    for (const watch of [...this.#watchers]) watch(undefined)
  }

  #judgeLate(): void {
    const isOver = ({ calls }: Pick<Seen, 'calls'>) => calls.every(({ done }) => done !== undefined)
    for (const { tick, calls, wrong } of this.#open.filter(isOver)) {
      const known = new Set(wrong)
      this.#wrong.push(...wrongActions(tick, calls, this.facts).filter((why) => !known.has(why)))
    }
    this.#open = this.#open.filter((one) => !isOver(one))
  }

  #see(tick: Tick): void {
    this.#judgeLate()
    const calls = this.tap.take()
    const wrong = wrongActions(tick, calls, this.facts)
    const isFresh = tick.view !== this.#view
    const passed = tick.wallTime - (this.#beatAt ?? tick.wallTime - this.interval)
    const lateness = tick.cause === 'interval' ? passed / this.interval : 0
    if (tick.cause === 'interval') {
      this.#figures.ticksLost += Math.max(0, Math.round(lateness) - 1) + (isFresh ? 0 : 1)
      this.#beatAt = tick.wallTime
    }
    this.#view = tick.view
    this.#figures.ticks++
    this.#figures.actions += tick.outcomes.length
    this.#wrong.push(...wrong)
    this.#open.push({ tick, calls, wrong })
    const seen = { tick, calls, wrong, isFresh, lateness, at: this.now }
    for (const watch of [...this.#watchers]) watch(seen)
  }
}
