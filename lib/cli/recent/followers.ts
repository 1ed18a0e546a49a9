import type { Socket } from 'node:net'
import type { Tick } from '../../control/tick.ts'
import { tickRecord } from '../../report/tick-json.ts'
import { ColumnWriter, type TickLines } from './column-writer.ts'
import { columnsVersion, type FollowLine, type MissedLine } from './protocol.ts'

/** Followers at a time, and milliseconds in which one has to have read a Tick. */
const limits = { followers: 8, reading: 30_000 }

/**
 * Those who hear each new Tick of a controller. A Tick is written down once for all of them, and only when one of them is
 * ready for it. Whoever reads slowly misses Ticks; one who does not read at all is left.
 */
export class Followers {
  readonly #followers = new Set<Follower>()
  readonly #writer = new ColumnWriter()
  #last: Tick | undefined

  /** Whether there is room for one more. */
  get hasRoom(): boolean {
    return this.#followers.size < limits.followers
  }

  /** Takes over a connection: tells the last Tick, and each one from now on, as `follow` of this version is answered. */
  add(socket: Socket, version: number): void {
    const follower = new Follower(socket, version)
    this.#followers.add(follower)
    socket.on('close', () => this.#followers.delete(follower))
    if (this.#last) follower.tell(this.#linesOf(this.#last)(version))
  }

  observe(tick: Tick): void {
    this.#last = tick
    const linesOf = this.#linesOf(tick)
    for (const follower of this.#followers) {
      if (follower.isReady) follower.tell(linesOf(follower.version))
      else follower.missed++
    }
  }

  /** The lines of a Tick by version, made when they are first asked for. */
  #linesOf(tick: Tick): (version: number) => TickLines {
    let columns: TickLines | undefined
    let record: TickLines | undefined
    return (version) => {
      if (version >= columnsVersion) {
        columns ??= this.#writer.write(tick)
        return columns
      }
      record ??= { lasting: [], tick: recordLine(tick) }
      return record
    }
  }
}

class Follower {
  /** Ticks since the last one that it was told. */
  missed = 0
  readonly version: number
  readonly #socket: Socket
  /** The lines that hold for it. */
  #lasting: readonly Buffer[] = []
  #tooSlow: NodeJS.Timeout | undefined

  constructor(socket: Socket, version: number) {
    this.version = version
    this.#socket = socket
    const stop = () => clearTimeout(this.#tooSlow)
    socket.on('drain', stop).on('close', stop)
  }

  /** Whether it has read what it was told before. */
  get isReady(): boolean {
    return !this.#socket.writableNeedDrain
  }

  tell({ lasting, tick }: TickLines): void {
    this.#socket.cork()
    if (this.missed > 0)
      this.#socket.write(`${JSON.stringify({ missed: this.missed } satisfies MissedLine)}\n`)
    this.missed = 0
    for (const line of lasting) if (!this.#lasting.includes(line)) this.#socket.write(line)
    this.#lasting = lasting
    const isRead = this.#socket.write(tick)
    this.#socket.uncork()
    if (isRead) return
    clearTimeout(this.#tooSlow)
    this.#tooSlow = setTimeout(() => this.#socket.destroy(), limits.reading).unref()
  }
}

function recordLine(tick: Tick): Buffer {
  return Buffer.from(`${JSON.stringify({ tick: tickRecord(tick) } satisfies FollowLine)}\n`)
}
