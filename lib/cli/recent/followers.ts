import type { Socket } from 'node:net'
import type { Tick } from '../../control/tick.ts'
import { tickRecord } from '../../report/tick-json.ts'
import type { FollowLine, MissedLine } from './protocol.ts'

/** Followers at a time, and milliseconds in which one has to have read a Tick. */
const limits = { followers: 8, reading: 30_000 }

/**
 * Those who hear each new Tick of a controller. A Tick is written down once for all of them, and only when one of them is
 * ready for it. Whoever reads slowly misses Ticks; one who does not read at all is left.
 */
export class Followers {
  readonly #followers = new Set<Follower>()
  #last: Tick | undefined

  /** Whether there is room for one more. */
  get hasRoom(): boolean {
    return this.#followers.size < limits.followers
  }

  /** Takes over a connection: tells the last Tick, and each one from now on. */
  add(socket: Socket): void {
    const follower = new Follower(socket)
    this.#followers.add(follower)
    socket.on('close', () => this.#followers.delete(follower))
    if (this.#last) follower.tell(lineOf(this.#last))
  }

  observe(tick: Tick): void {
    this.#last = tick
    let line: Buffer | undefined
    for (const follower of this.#followers) {
      if (follower.isReady) {
        line ??= lineOf(tick)
        follower.tell(line)
      } else follower.missed++
    }
  }
}

class Follower {
  /** Ticks since the last one that it was told. */
  missed = 0
  readonly #socket: Socket
  #tooSlow: NodeJS.Timeout | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    const stop = () => clearTimeout(this.#tooSlow)
    socket.on('drain', stop).on('close', stop)
  }

  /** Whether it has read what it was told before. */
  get isReady(): boolean {
    return !this.#socket.writableNeedDrain
  }

  tell(line: Buffer): void {
    this.#socket.cork()
    if (this.missed > 0)
      this.#socket.write(`${JSON.stringify({ missed: this.missed } satisfies MissedLine)}\n`)
    this.missed = 0
    const isRead = this.#socket.write(line)
    this.#socket.uncork()
    if (isRead) return
    clearTimeout(this.#tooSlow)
    this.#tooSlow = setTimeout(() => this.#socket.destroy(), limits.reading).unref()
  }
}

function lineOf(tick: Tick): Buffer {
  return Buffer.from(`${JSON.stringify({ tick: tickRecord(tick) } satisfies FollowLine)}\n`)
}
