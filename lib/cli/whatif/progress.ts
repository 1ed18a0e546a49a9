import { type CliContext, logNotice } from '../context.ts'

/** Milliseconds between two lines. */
const pause = 5_000

/** Says every few seconds how far a long computation is. */
export class Progress implements Disposable {
  readonly #context: CliContext
  readonly #what: string
  readonly #began = performance.now()
  #said = performance.now()

  constructor(context: CliContext, what: string) {
    this.#context = context
    this.#what = what
  }

  report(done: number, total: number): void {
    const now = performance.now()
    if (now - this.#said < pause) return
    this.#said = now
    const left = ((now - this.#began) * (total - done)) / Math.max(1, done) / 1_000
    logNotice(
      this.#context,
      `${this.#what}: ${Math.floor((100 * done) / total)} % played, about ${Math.ceil(left)} s left`,
    )
  }

  [Symbol.dispose](): void {
    this.#said = Number.POSITIVE_INFINITY
  }
}
