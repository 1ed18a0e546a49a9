import { type CliContext, logNotice, type Notice, type StopReason } from '../context.ts'
import { ConfigError, exitFor } from '../exit-codes.ts'
import type { Setup } from './setup.ts'
import type { Service } from './systemd.ts'

export interface ReloadOptions {
  /** Reads the configuration. Rejects with what is wrong in it. */
  readonly read: () => Promise<Setup>
  /** Throws what keeps the first setup from being replaced by this one. */
  readonly assertMayReplace: (next: Setup) => void
  readonly service: Service
}

/** Reads the configuration again at each SIGHUP, and has it taken up when nothing is wrong with it. */
export class Reloads implements Disposable {
  readonly #context: CliContext
  readonly #options: ReloadOptions
  readonly #unsubscribe: () => void
  #turn = new AbortController()
  #next: Setup | undefined
  #isReading = false
  /** There was another SIGHUP while the file was read: it may have changed since. */
  #isOutdated = false

  constructor(context: CliContext, options: ReloadOptions) {
    this.#context = context
    this.#options = options
    this.#unsubscribe = context.onHangup(() => void this.#reload())
  }

  /** Aborted when there is another setup to go on with. */
  get signal(): AbortSignal {
    return this.#turn.signal
  }

  /** That setup; undefined when there is none. */
  take(): Setup | undefined {
    const next = this.#next
    this.#next = undefined
    this.#turn = new AbortController()
    return next
  }

  [Symbol.dispose](): void {
    this.#unsubscribe()
  }

  /** Never rejects. */
  async #reload(): Promise<void> {
    this.#isOutdated = true
    if (this.#isReading) return
    this.#isReading = true
    this.#options.service.reloading()
    while (this.#isOutdated) {
      this.#isOutdated = false
      await this.#readOnce()
    }
    this.#isReading = false
  }

  async #readOnce(): Promise<void> {
    try {
      const next = await this.#options.read()
      this.#options.assertMayReplace(next)
      this.#next = next
      this.#say({ event: 'reload', level: 'info', text: `reloaded ${next.config}` })
      this.#turn.abort('reload' satisfies StopReason)
    } catch (error) {
      const problems = error instanceof ConfigError ? error.problems : []
      for (const text of problems) this.#say({ event: 'reload-failed', level: 'error', text })
      const { line } = exitFor(error)
      this.#say({ event: 'reload-failed', level: 'error', text: `configuration not reloaded: ${line}` })
      this.#options.service.notReloaded(line)
    }
  }

  #say({ text, ...about }: Notice): void {
    logNotice(this.#context, text, about)
  }
}
