import { setTimeout as sleep } from 'node:timers/promises'
import type { StoredRecording } from '../../recording/read-recording.ts'
import { recordedTicks } from '../../recording/recorded-ticks.ts'
import type { ShownTick } from '../../report/shown-tick.ts'
import type { Command } from './keys.ts'
import { HostModel } from './model/host-model.ts'
import type { Transport } from './transport.ts'
import { clockText } from './views/layout.ts'

/** Milliseconds between two Ticks at most while a recording is played, so that a gap in it is no wait. */
const longestWait = 10_000
const speeds = { least: 0.25, most: 64 }
/** Milliseconds of reading ahead after which the screen gets its turn. */
const turn = 40

/** What is to be reached. */
type Goal = (tick: ShownTick, number: number) => boolean

export interface PlayerOptions {
  /** What is looked at. */
  readonly title: string
  /** Where it begins, in milliseconds since the epoch. Undefined: at the beginning. */
  readonly at: number | undefined
  readonly signal: AbortSignal
  /** Is called when there is something else to be seen. */
  readonly changed: () => void
}

/**
 * A recording that is moved through: forward by reading on, back within the Ticks that are kept, and further back by
 * reading it again from its beginning.
 */
export class Player implements Transport {
  model = new HostModel()
  readonly title: string
  message: string | undefined
  #position = 0
  /** The tick that the present move goes to, by its number; steps that come meanwhile are counted from there. */
  #goingTo: number | undefined
  #isPlaying = false
  #speed = 1
  #hasEnded = false
  #ticks: AsyncGenerator<ShownTick, void, undefined>
  /** What is under way; later moves wait for it, or take its place. */
  #moves: Promise<void> = Promise.resolve()
  #move = 0
  readonly #open: () => AsyncGenerator<ShownTick, void, undefined>
  readonly #problems: () => readonly string[]
  readonly #changed: () => void
  readonly #signal: AbortSignal
  readonly #at: number | undefined
  #fail: (error: unknown) => void = () => {}

  constructor(open: () => Promise<StoredRecording>, { title, at, signal, changed }: PlayerOptions) {
    let problems: readonly string[] = []
    this.#open = async function* () {
      const recording = await open()
      problems = recording.problems
      yield* recordedTicks(recording.entries)
    }
    this.#problems = () => problems
    this.title = title
    this.#signal = signal
    this.#at = at
    this.#changed = changed
    this.#ticks = this.#open()
  }

  run(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#fail = reject
      this.#signal.addEventListener('abort', () => resolve(), { once: true })
      if (this.#at !== undefined) this.seek(this.#at)
      // The first Tick has no loads yet: it has nothing to compare with.
      else this.#goTo(1)
    })
  }

  get position(): number {
    return Math.max(this.model.first, Math.min(this.model.last, this.#position))
  }

  get mode(): string {
    const speed = this.#speed === 1 ? '' : ` at ${this.#speed}x`
    if (this.#isAtEnd) return 'end of the recording'
    return `recording, ${this.#isPlaying ? 'playing' : 'stopped'}${speed}`
  }

  get spaceDoes(): string {
    return this.#isPlaying ? 'stop' : 'play'
  }

  get isBehind(): boolean {
    return false
  }

  do(command: Command): void {
    switch (command.kind) {
      case 'pause':
        this.#isPlaying = !this.#isPlaying && !this.#isAtEnd
        if (this.#isPlaying) this.#begin((isCurrent) => this.#play(isCurrent))
        else this.#begin(async () => {})
        break
      case 'step':
        this.#goTo((this.#goingTo ?? this.position) + command.ticks)
        break
      case 'skip':
        this.seek(this.#timeShown + command.by)
        break
      case 'jump':
        if (command.to === 'begin') this.#goTo(0)
        else this.seek(Number.POSITIVE_INFINITY)
        break
      case 'speed':
        this.#speed = Math.max(speeds.least, Math.min(speeds.most, this.#speed * command.factor))
        break
      default:
        return
    }
    this.#changed()
  }

  seek(wallTime: number): void {
    this.#isPlaying = false
    this.#begin(async (isCurrent) => {
      if (wallTime < (this.model.tick(this.model.first)?.wallTime ?? Number.NEGATIVE_INFINITY)) this.#rewind()
      const known = this.#lastUpTo(wallTime)
      if (known !== undefined && known < this.model.last) this.#position = known
      else await this.#readUntil((tick) => tick.wallTime >= wallTime, isCurrent)
    })
  }

  #goTo(number: number): void {
    this.#isPlaying = false
    this.#begin(async (isCurrent) => {
      if (number < this.model.first) this.#rewind()
      if (number <= this.model.last) this.#position = Math.max(0, number)
      else await this.#readUntil((_, read) => read >= number, isCurrent)
    })
    this.#goingTo = Math.max(0, number)
  }

  get #isAtEnd(): boolean {
    return this.#hasEnded && this.position === this.model.last
  }

  get #timeShown(): number {
    return this.model.tick(this.position)?.wallTime ?? 0
  }

  /** Undefined: none is kept. */
  #lastUpTo(wallTime: number): number | undefined {
    for (let number = this.model.last; number >= this.model.first; number--) {
      if (this.model.tick(number)!.wallTime <= wallTime) return number
    }
    return undefined
  }

  /** Starts a move, in place of what is under way. */
  #begin(work: (isCurrent: () => boolean) => Promise<void>): void {
    const move = ++this.#move
    this.#goingTo = undefined
    const isCurrent = () => move === this.#move && !this.#signal.aborted
    this.#moves = this.#moves
      .then(() => (isCurrent() ? work(isCurrent) : undefined))
      .then(() => {
        if (isCurrent()) this.#goingTo = undefined
        this.message = this.#isAtEnd ? this.#problems()[0] : undefined
        this.#changed()
      })
    this.#moves.catch((error) => this.#fail(error))
  }

  #rewind(): void {
    void this.#ticks.return()
    this.model = new HostModel()
    this.#position = 0
    this.#hasEnded = false
    this.#ticks = this.#open()
  }

  async #readUntil(goal: Goal, isCurrent: () => boolean): Promise<void> {
    let turnAt = performance.now() + turn
    while (isCurrent()) {
      const tick = await this.#next()
      if (!tick || goal(tick, this.model.last)) return
      if (performance.now() < turnAt) continue
      this.message = `reading, at ${clockText(tick.wallTime)}`
      this.#changed()
      await sleep(0)
      turnAt = performance.now() + turn
    }
  }

  async #next(): Promise<ShownTick | undefined> {
    const { value: tick } = await this.#ticks.next()
    if (tick) {
      this.model.take(tick)
      this.#position = this.model.last
    } else this.#hasEnded = true
    return tick ?? undefined
  }

  async #play(isCurrent: () => boolean): Promise<void> {
    while (isCurrent()) {
      const before = this.#timeShown
      if (this.position < this.model.last) this.#position = this.position + 1
      else if (!(await this.#next())) break
      this.#changed()
      const wait = Math.max(0, Math.min(longestWait, this.#timeShown - before)) / this.#speed
      await sleep(wait)
    }
    if (isCurrent()) this.#isPlaying = false
  }
}
