import type { Tick } from '../../control/tick.ts'
import { type CliContext, logNotice } from '../context.ts'

/** Milliseconds between two one-line summaries for the service manager: each makes it tell all who watch. */
const statusPause = 10_000

/** {@link CliContext.notify} of a process in this environment: what `send` does with the service manager's socket. */
export function notifier(
  { NOTIFY_SOCKET: socket }: CliContext['env'],
  send: (socket: string, state: string) => void,
): CliContext['notify'] {
  return socket ? (state) => send(socket, state) : undefined
}

/**
 * What the service manager (systemd, by `sd_notify`) hears of a run: that it is ready, once the first Tick has
 * been; how it goes; that it reloads, and that it stops; and for its watchdog that the loop still turns. Without a service
 * manager it does nothing.
 *
 * The watchdog is fed by a timer, while the last Tick is not too long ago: so an interval may be longer than its
 * time, and a loop that hangs, or that blocks the thread, starves it.
 */
export class Service implements Disposable {
  readonly #context: CliContext
  #interval = 0
  #isReady = false
  #isReloading = false
  #isStopping = false
  /** Set once a message to the service manager failed: that is logged once. */
  #isDeaf = false
  #lastTick = 0
  #lastStatus = -Infinity
  #watchdog: NodeJS.Timeout | undefined
  readonly #stop = () => this.stopping()

  constructor(context: CliContext) {
    this.#context = context
    context.signal.addEventListener('abort', this.#stop, { once: true })
  }

  /** A loop begins, with `interval` milliseconds between its Ticks. */
  begin(interval: number): void {
    this.#interval = interval
    this.#isReloading = false
  }

  tick({ summary }: Tick): void {
    const now = performance.now()
    this.#lastTick = now
    // It is of the loop that is to be replaced.
    if (this.#isReloading) return
    if (!this.#isReady) {
      if (!this.#tell('READY=1', `STATUS=${summary}`)) return
      this.#isReady = true
      this.#lastStatus = now
      this.#watch()
    } else if (now - this.#lastStatus >= statusPause) {
      this.#lastStatus = now
      this.#tell(`STATUS=${summary}`)
    }
  }

  reloading(): void {
    this.#isReady = false
    this.#isReloading = true
    this.#tell('RELOADING=1', 'STATUS=reading the configuration again')
  }

  /** The configuration was not reloaded, and the present one stays in use. */
  notReloaded(why: string): void {
    this.#isReloading = false
    this.#isReady = this.#tell('READY=1', `STATUS=configuration not reloaded: ${why}`)
    this.#lastStatus = performance.now()
  }

  stopping(): void {
    if (this.#isStopping) return
    this.#isStopping = true
    this.#tell('STOPPING=1', 'STATUS=finishing what has begun')
  }

  [Symbol.dispose](): void {
    this.#context.signal.removeEventListener('abort', this.#stop)
    clearInterval(this.#watchdog)
    this.stopping()
  }

  #watch(): void {
    const { WATCHDOG_USEC, WATCHDOG_PID } = this.#context.env
    if (this.#watchdog || !this.#context.notify) return
    const patience = Number(WATCHDOG_USEC ?? 0) / 1_000
    // It may be another process of the service that is watched.
    if (!(patience > 0) || (WATCHDOG_PID && Number(WATCHDOG_PID) !== process.pid)) return
    this.#watchdog = setInterval(() => {
      if (performance.now() - this.#lastTick <= this.#interval + patience) this.#tell('WATCHDOG=1')
    }, patience / 2).unref()
  }

  /** False: it was not taken; the next Tick is the next chance. */
  #tell(...lines: readonly string[]): boolean {
    const { notify } = this.#context
    if (!notify) return true
    try {
      notify(lines.map((line) => line.replaceAll('\n', ' ')).join('\n'))
      return true
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      if (!this.#isDeaf) {
        logNotice(this.#context, `cannot tell the service manager: ${message}`, {
          event: 'service',
          level: 'warn',
        })
      }
      this.#isDeaf = true
      return false
    }
  }
}
