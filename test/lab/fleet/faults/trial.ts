import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '../../../../lib/libvirt/connect.ts'
import { realClock } from '../../../../lib/libvirt/real-clock.ts'
import { interval, latestTick } from '../../cases/faults/fault.ts'
import type { LabHost } from '../fleet-lab.ts'
import { runningOn } from '../fleet-lab.ts'
import { Work } from '../fleet-stage.ts'
import { type FleetGround, mover, stayer } from './ground.ts'

/** Milliseconds between looks where the guests run. */
const lookEvery = 300
/** Looks in a row in which a guest that is being moved may be seen nowhere: its source has paused it, and the target not begun. */
const mostNowhere = 40

/** What is watched while a fault befalls a fleet: where each guest runs, what arrives where, whether each host's loop goes on. */
export class FleetTrial {
  readonly ground: FleetGround
  readonly broken: string[] = []
  /** Told in the result. */
  readonly figures: Record<string, unknown> = {}
  /** Hosts whose own loop the fault is to leave alone. Default: all. */
  undisturbed: readonly LabHost[]
  /** How often the guest is to come to another host, and how many orders are to fail. */
  moves = 1
  failures = 0
  readonly #work: Work
  #ticksBefore = 0
  readonly #since = { wall: Date.now(), monotonic: realClock.now() }
  readonly #ended = new AbortController()
  readonly #closing: (() => Promise<void>)[] = []
  #watching: Promise<void> = Promise.resolve()
  #twice = 0
  #arrivals = 0

  private constructor(ground: FleetGround) {
    this.ground = ground
    this.undisturbed = ground.lab.hosts
    this.#work = new Work(ground.lab, [mover, stayer])
  }

  static async begin(ground: FleetGround): Promise<FleetTrial> {
    const trial = new FleetTrial(ground)
    await trial.#work.look()
    trial.#ticksBefore = (await ground.stage.history()).length
    for (const { uri } of ground.lab.hosts) {
      const host = await connect(uri)
      host.subscribe((event) => {
        const isArrival = event.kind === 'lifecycle' && event.event === 'resumed'
        if (isArrival && event.domain.name === mover) trial.#arrivals++
      })
      trial.#closing.push(() => host.close())
    }
    trial.#watching = trial.#watch()
    return trial
  }

  require(isMet: boolean, otherwise: string): void {
    if (!isMet) this.broken.push(otherwise)
  }

  /** Ends the watch, and says what it came to. */
  async end(fault: string) {
    const { ground } = this
    this.require(await ground.isOver(), 'not all orders are over')
    await sleep(2 * interval)
    this.#ended.abort()
    await this.#watching
    await this.#work.look().catch((error) => this.broken.push(String(error)))
    for (const close of this.#closing) await close().catch(() => undefined)
    this.broken.push(...this.#work.broken)
    const ticks = (await ground.stage.history()).slice(this.#ticksBefore)
    const told = ticks.flatMap(({ outcomes }) => outcomes)
    const failed = told.flatMap(({ error }) => error ?? [])
    this.figures.ordersFailed = failed.length
    for (const { code, message } of failed.slice(this.failures))
      this.broken.push(`an order failed: ${code}: ${message}`)
    const { timerLate } = await ground.stage.control.between(this.#since.wall, Date.now())
    const most = latestTick(timerLate)
    let ticksLost = 0
    for (const host of this.undisturbed) {
      const pause = ground.stage.members.get(host)!.longestPause(this.#since.monotonic)
      ticksLost = Math.max(ticksLost, Math.round(pause / interval) - 1)
      this.figures[`longestPause-${host.name}`] = Math.round(pause)
      if (pause > most) this.broken.push(`the loop of ${host.name} paused for ${Math.round(pause)} ms`)
    }
    this.require(
      this.#arrivals <= this.moves,
      `the guest came to a host ${this.#arrivals} times, not ${this.moves}`,
    )
    return {
      fault,
      survived: this.broken.length === 0,
      ticksLost,
      wrongActions: this.#twice + Math.max(0, this.#arrivals - this.moves),
      ranTwice: this.#twice,
      arrivals: this.#arrivals,
      timerLateMs: Math.round(timerLate),
      ...this.figures,
      broken: this.broken,
    }
  }

  async #watch(): Promise<void> {
    const nowhere = new Map<string, number>()
    const { hosts } = this.ground.lab
    while (!this.#ended.signal.aborted) {
      const running = await Promise.all(hosts.map(runningOn))
      for (const name of [mover, stayer]) {
        const places = running.filter((names) => names.includes(name)).length
        if (places > 1) {
          this.#twice++
          this.broken.push(`${name} runs on ${places} hosts`)
        }
        nowhere.set(name, places === 0 ? (nowhere.get(name) ?? 0) + 1 : 0)
      }
      await sleep(lookEvery, undefined, { signal: this.#ended.signal }).catch(() => undefined)
    }
    for (const [name, looks] of nowhere) if (looks > mostNowhere) this.broken.push(`${name} runs nowhere`)
  }
}
