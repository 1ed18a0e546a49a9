import type { WatermarkState } from '../../../lib/ballooning/watermark/watermark.ts'
import type { SetMemoryAction, StatefulPolicy } from '../../../lib/policy/plan.ts'
import { MiB } from '../../../lib/util/units.ts'
import { Observer } from '../../../lib/view/observer.ts'
import type { View } from '../../../lib/view/view.ts'
import { topologyOf } from '../schedulers/world.ts'
import { cpuSample, epoch, memorySample, type Row } from '../view/samples.ts'

/** A guest in a made-up world. Sizes in MiB, times in milliseconds. */
export interface Guest {
  /** What its programs hold at a time. */
  readonly used: (time: number) => number
  readonly actual: number
  readonly maximum: number
  /** Changes the report, to break or to hide something. */
  readonly report?: (memory: NonNullable<Row['memory']>) => NonNullable<Row['memory']>
  /** MiB/s that its balloon moves. Default 400. */
  readonly speed?: number
}

/** What the guest's kernel keeps outside of its total. */
const reserved = 48
/** Below this the guest's OOM killer acts. */
const dry = 8
/** A balloon that grows stops when so much is unused. */
const balloonMargin = 48
const balloonSpeed = 400
const overhead = 64
const step = 100
/** Reports are made so many milliseconds after each full second, and dated with that second. */
const reportAt = 400

interface Body {
  actual: number
  target: number
  memory: NonNullable<Row['memory']>
  ranDry: boolean
  least: number
}

/** One round of a {@link CliContext}. */
export interface Round {
  readonly view: View
  readonly plan: readonly SetMemoryAction[]
}

/** Guests with balloons, seen through a real Observer, steered by a policy. No guard stands between them. */
export class World<S = WatermarkState> {
  readonly bodies: Body[]
  readonly rounds: Round[] = []
  readonly #guests: readonly Guest[]
  readonly #hostMemory: number
  readonly #observer: Observer
  readonly #policy: StatefulPolicy<SetMemoryAction, S>
  #state: S
  #time = 0

  /** `hostMemory` in MiB; 512 of it are the reserve. */
  constructor(hostMemory: number, guests: readonly Guest[], policy: StatefulPolicy<SetMemoryAction, S>) {
    this.#guests = guests
    this.#hostMemory = hostMemory
    this.#policy = policy
    this.#state = policy.initialState
    this.#observer = new Observer(topologyOf(1), {
      hostMemoryReserve: 512 * MiB,
      domainOverhead: overhead * MiB,
    })
    this.bodies = guests.map(({ actual }) => {
      return { actual, target: actual, memory: {}, ranDry: false, least: Number.POSITIVE_INFINITY }
    })
    this.#report()
  }

  /** Runs for so many rounds of `interval` milliseconds. */
  run(rounds: number, interval = 2_000): this {
    for (let round = 0; round < rounds; round++) {
      for (let passed = 0; passed < interval; passed += step) this.#pass()
      this.#decide()
    }
    return this
  }

  #pass(): void {
    this.#time += step
    for (const [i, body] of this.bodies.entries()) {
      const guest = this.#guests[i]!
      const used = guest.used(this.#time)
      const pace = (step * (guest.speed ?? balloonSpeed)) / 1_000
      if (body.target > body.actual) body.actual = Math.min(body.target, body.actual + pace)
      else {
        const lowest = Math.min(body.actual, used + reserved + balloonMargin)
        body.actual = Math.max(body.target, lowest, body.actual - pace)
      }
      const unused = body.actual - reserved - used
      body.least = Math.min(body.least, unused)
      if (unused < dry) body.ranDry = true
    }
    if (this.#time % 1_000 === reportAt) this.#report()
  }

  #report(): void {
    for (const [i, body] of this.bodies.entries()) {
      const available = body.actual - reserved
      const unused = available - this.#guests[i]!.used(this.#time)
      body.memory = {
        available,
        unused,
        usable: unused,
        lastUpdate: epoch + Math.floor(this.#time / 1_000) * 1_000,
      }
    }
  }

  #decide(): void {
    const time = this.#time
    const rows = this.bodies.map((body, i): Row => {
      const { maximum, report = (memory) => memory } = this.#guests[i]!
      return {
        uuid: `g${i}`,
        memory: report({ ...body.memory, maximum, actual: body.actual, rss: body.actual + overhead }),
      }
    })
    const held = this.bodies.reduce((sum, { actual }) => sum + actual + overhead, 0)
    const free = (this.#hostMemory - held) * MiB
    const targets = new Map(
      this.bodies.flatMap(({ actual, target }, i) => (actual === target ? [] : [[`g${i}`, target * MiB]])),
    )
    const view = this.#observer.observe({
      cpu: cpuSample(time, rows),
      memory: memorySample(time, rows, { total: this.#hostMemory * MiB, free, available: free, pressure: 0 }),
      targets,
    })
    const { plan, state } = this.#policy.decide(view, this.#state)
    this.#state = state
    this.rounds.push({ view, plan })
    for (const action of plan) {
      const index = Number(action.uuid.slice(1))
      this.bodies[index]!.target = action.bytes / MiB
    }
  }

  /** MiB that one guest was asked to come to, in order. */
  asked(index: number): number[] {
    return this.rounds.flatMap(({ plan }) =>
      plan.filter((action) => action.uuid === `g${index}`).map((action) => action.bytes / MiB),
    )
  }
}
