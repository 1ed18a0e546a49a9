import { constants, openSync, write, writeSync } from 'node:fs'
import { emitKeypressEvents } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  cursorHide,
  cursorShow,
  enterAlternativeScreen,
  eraseScreen,
  exitAlternativeScreen,
} from 'ansi-escapes'
import type { Key } from '../keys.ts'

/** Milliseconds after Esc in which the rest of a key's sequence comes. */
const escapeTime = 50
/** Milliseconds until a terminal that takes nothing is tried again. */
const fullPause = 10
/** Milliseconds that the end waits for what is being written. */
const patience = 500

const wrapOff = '\x1b[?7l'
const wrapOn = '\x1b[?7h'
const enter = `${enterAlternativeScreen}${cursorHide}${wrapOff}${eraseScreen}`
const leave = `\x1b[0m${wrapOn}${cursorShow}${exitAlternativeScreen}`

/** What a terminal tells. */
export interface TerminalEvents {
  key(key: Key): void
  /** What was on the screen is not there any more, or it has another size: it is to be drawn anew. */
  changed(): void
  /** Nobody types any more. */
  gone(): void
}

/**
 * The terminal of a process, taken over: another screen, keys one by one. `release` leaves it as it was found, and so
 * does the end of the process, whatever that is by.
 */
export class Terminal {
  readonly #process: NodeJS.Process
  readonly #events: TerminalEvents
  readonly #stops: (() => void)[] = []
  /** What is written to. */
  readonly #fd: number
  #isTaken = false
  #wasRaw = false
  #writing: Promise<void> | undefined

  constructor(process: NodeJS.Process, events: TerminalEvents) {
    this.#process = process
    this.#events = events
    const { stdin, stdout } = process
    this.#fd = openAgain(stdout.fd)
    emitKeypressEvents(stdin, { escapeCodeTimeout: escapeTime } as never)
    this.#listen(stdin, 'keypress', (text: string | undefined, key: { name?: string; ctrl?: boolean }) =>
      events.key({ text, name: key.name, ctrl: key.ctrl ?? false }),
    )
    this.#listen(stdin, 'end', () => events.gone())
    this.#listen(stdin, 'error', () => events.gone())
    this.#listen(stdout, 'resize', () => events.changed())
    this.#listen(process, 'SIGTSTP', () => this.suspend())
    this.#listen(process, 'SIGCONT', () => {
      this.#take()
      events.changed()
    })
    this.#listen(process, 'exit', () => this.#giveBack())
    // Before Node prints what went wrong, so that it stands on the screen that stays.
    this.#listen(process, 'uncaughtExceptionMonitor', () => this.#giveBack())
    this.#take()
  }

  get size(): { readonly columns: number; readonly rows: number } {
    const { columns = 80, rows = 24 } = this.#process.stdout
    return { columns: Math.max(1, columns), rows: Math.max(1, rows) }
  }

  /** Whether what was written before is still under way: a slow line. */
  get isBusy(): boolean {
    return this.#writing !== undefined
  }

  /** Writes without holding the process; resolves when the terminal has taken it. */
  async write(text: string): Promise<void> {
    const writing = this.#writeAll(Buffer.from(text))
    this.#writing = writing
    await writing
    this.#writing = undefined
  }

  /** Stops the process as Ctrl-Z does, with the terminal given back until it goes on. */
  suspend(): void {
    this.#giveBack()
    const { pid } = this.#process
    // Not by SIGTSTP, which we listen to; its shell sees it stopped all the same.
    this.#process.kill(pid, 'SIGSTOP')
  }

  /** Gives the terminal back, for good. */
  async release(): Promise<void> {
    await Promise.race([this.#writing, sleep(patience, undefined, { ref: false })])
    this.#giveBack()
    for (const stop of this.#stops.splice(0)) stop()
    this.#process.stdin.pause()
  }

  #take(): void {
    if (this.#isTaken) return
    this.#isTaken = true
    const { stdin } = this.#process
    this.#wasRaw = stdin.isRaw
    stdin.setRawMode(true)
    stdin.resume()
    this.#writeNow(enter)
  }

  #giveBack(): void {
    if (!this.#isTaken) return
    this.#isTaken = false
    this.#writeNow(leave)
    // Where the terminal has gone, its error event says so.
    this.#process.stdin.setRawMode(this.#wasRaw)
  }

  #writeNow(text: string): void {
    try {
      writeSync(this.#fd, text)
    } catch (error) {
      // It takes nothing: there is no way to give it back.
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) this.#events.gone()
    }
  }

  /**
   * Not by the stream: Node writes to a terminal with the whole process waiting, so that a slow line would hold what
   * is heard from the host too.
   */
  async #writeAll(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length && this.#isTaken; ) {
      const written = await this.#writeSome(bytes.subarray(at))
      if (written === undefined) return
      at += written
      if (written === 0) await sleep(fullPause)
    }
  }

  /** Bytes that were taken; undefined: the terminal has gone. */
  #writeSome(bytes: Buffer): Promise<number | undefined> {
    return new Promise((resolve) => {
      write(this.#fd, bytes, (error, written) => {
        if (!error) resolve(written)
        else if (error.code === 'EAGAIN') resolve(0)
        else {
          this.#events.gone()
          resolve(undefined)
        }
      })
    })
  }

  #listen(emitter: NodeJS.EventEmitter, event: string, listener: (...args: never[]) => void): void {
    emitter.on(event, listener as (...args: unknown[]) => void)
    this.#stops.push(() => emitter.off(event, listener as (...args: unknown[]) => void))
  }
}

/**
 * The same terminal, opened anew so that no write waits for it; another program that has it too is not affected. Where this user
 * may not open it, since it was handed over by another one, it is used as it is.
 */
function openAgain(fd: number): number {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  } catch {
    return fd
  }
}
