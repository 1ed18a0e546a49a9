import { TickReader } from '../../recording/tick-reader.ts'
import type { ShownTick } from '../../report/shown-tick.ts'
import type { Command } from './keys.ts'
import { HostModel } from './model/host-model.ts'
import type { LiveSource, Teller } from './source.ts'
import type { Transport } from './transport.ts'

/** Milliseconds without a Tick, at least and in intervals, after which what is shown is called old. */
const old = { least: 10_000, intervals: 3 }

/** A host as it is now: each Tick is shown as it comes, unless somebody stopped to look. */
export class Live implements Transport {
  readonly model: HostModel
  readonly title: string
  message: string | undefined
  /** The Tick that is looked at; undefined: the last one. */
  #stopped: number | undefined
  #heardAt = performance.now()
  readonly #changed: () => void
  readonly #source: LiveSource

  /** `model` has what was seen before by another source; default: nothing. */
  constructor(source: LiveSource, changed: () => void, model = new HostModel()) {
    this.model = model
    model.begin()
    this.title = source.title
    this.#source = source
    this.#changed = changed
  }

  /** Resolves when the one whose Ticks are shown has nothing more to tell; rejects with what goes wrong with any of them. */
  async run(): Promise<void> {
    const { others } = this.#source
    const forever = new Promise<never>(() => {})
    const deciding = Promise.all(
      others.map((other) => this.#hear(other, (tick) => this.model.takeDecisions(tick))),
    )
    await Promise.race([
      this.#hear(this.#source, (tick) => {
        this.model.take(tick)
        this.#heardAt = performance.now()
      }),
      deciding.then(() => forever),
    ])
  }

  async #hear({ past, ticks }: Teller, take: (tick: ShownTick) => void): Promise<void> {
    let before = past
    for await (const tick of ticks) {
      if (before) await this.#remember(before, tick)
      before = undefined
      take(tick)
      this.#changed()
    }
  }

  get position(): number {
    return Math.max(this.model.first, this.#stopped ?? this.model.last)
  }

  get mode(): string {
    const behind = this.model.last - this.position
    if (this.#stopped !== undefined) return behind > 0 ? `stopped ${behind} ticks ago` : 'stopped'
    return this.#isOld ? `no tick for ${Math.round((performance.now() - this.#heardAt) / 1_000)} s` : 'live'
  }

  get spaceDoes(): string {
    return this.#stopped === undefined ? 'stop' : 'go on'
  }

  get isBehind(): boolean {
    return this.#stopped !== undefined || this.#isOld
  }

  do(command: Command): void {
    const { first, last } = this.model
    const go = (to: number) => {
      this.#stopped = Math.max(first, Math.min(last, to))
    }
    switch (command.kind) {
      case 'pause':
        this.#stopped = this.#stopped === undefined ? last : undefined
        break
      case 'step':
        go(this.position + command.ticks)
        break
      case 'skip':
        go(this.#at(this.#timeShown + command.by))
        break
      case 'jump':
        if (command.to === 'begin') go(first)
        else this.#stopped = undefined
        break
      default:
        return
    }
    this.#changed()
  }

  seek(wallTime: number): void {
    this.#stopped = this.#at(wallTime)
    this.#changed()
  }

  get #isOld(): boolean {
    const period = this.model.tick(this.model.last)?.timing.period ?? 0
    return performance.now() - this.#heardAt > Math.max(old.least, old.intervals * period)
  }

  get #timeShown(): number {
    return this.model.tick(this.position)?.wallTime ?? Date.now()
  }

  /** The last Tick up to a time, of those that are kept. */
  #at(wallTime: number): number {
    const { first, last } = this.model
    for (let number = last; number > first; number--) {
      if (this.model.tick(number)!.wallTime <= wallTime) return number
    }
    return first
  }

  async #remember(past: NonNullable<Teller['past']>, { wallTime }: ShownTick): Promise<void> {
    const ticks = new TickReader()
    const known = this.model.decidedUntil
    for await (const entry of past) {
      if (!('tick' in entry)) continue
      const decisions = ticks.read(entry.tick)
      if (decisions.wallTime > known && decisions.wallTime < wallTime) this.model.takeDecisions(decisions)
    }
  }
}
