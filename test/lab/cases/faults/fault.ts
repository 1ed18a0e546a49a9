import type { Scheduler } from '../../../../lib/policy/plan.ts'
import type { Guest } from '../../guest.ts'
import type { Ground } from './ground.ts'
import { harmSince, healthOf } from './harm.ts'
import { carousel, seesaw } from './restless.ts'
import type { Run, Seen } from './run.ts'

/** What a fault came to. */
export interface FaultResult {
  readonly fault: string
  /** The controllers did as they should, and no guest came to harm by it. */
  readonly survived: boolean
  /** Beats without a look at the guests. */
  readonly ticksLost: number
  /** Actions that should not have been. */
  readonly wrongActions: number
  /** Each thing that was not as it should be, in words. */
  readonly broken: readonly string[]
  readonly [figure: string]: unknown
}

/** One way to break a lab. */
export interface Fault {
  readonly name: string
  /** It needs a libvirtd that may be ended. */
  readonly breaksDaemon?: boolean
  befall(ground: Ground, name: string): Promise<FaultResult>
}

/** Milliseconds between beats. */
export const interval = 1_000
/** Waits that a tick is a chain of: its timer, a thread of the addon, the daemon, and the way back. */
const waitsOfTick = 4
/** Beats within which the controllers are to be at work, at first and again after a fault. */
const mostBeats = 15
/** The same without policies, where nobody will be. */
const beatsWithout = 2

/** A fault as it goes: the controllers at work, the guests, and what was noted of both. */
export class Trial {
  readonly ground: Ground
  readonly run: Run
  readonly guests: readonly Guest[]
  /** The guest that the fault befalls, and those that are to notice nothing. */
  readonly victim: Guest
  readonly others: readonly Guest[]
  readonly broken: string[] = []
  /** Told in the result. */
  readonly figures: Record<string, unknown> = {}
  /** Guests that are served again when all is over: those that live. */
  survivors: readonly Guest[]

  constructor(ground: Ground, run: Run, guests: readonly Guest[]) {
    this.ground = ground
    this.run = run
    this.guests = guests
    this.survivors = guests
    this.victim = guests.at(-1)!
    this.others = guests.slice(0, -1)
  }

  get daemon() {
    return this.ground.lab.daemon
  }

  log(line: string): void {
    this.ground.options.log(line)
  }

  /** Notes what went wrong, unless `isMet`. */
  require(isMet: boolean, otherwise: string): void {
    if (!isMet) this.broken.push(otherwise)
  }

  /** Waits for a tick that shows it, and notes when none of so many beats does. */
  async see(what: string, isIt: (seen: Seen) => boolean, beats = 6): Promise<Seen | undefined> {
    const found = await this.run.until(isIt, beats)
    this.require(found !== undefined, `not seen within ${beats} beats: ${what}`)
    return found
  }

  /** Waits until every one of these guests has been pinned in one tick, and had its balloon changed before. */
  served(guests: readonly Guest[], beats = mostBeats): Promise<Seen | undefined> {
    const resized = new Set<string>()
    return this.see(
      `controllers at work on ${guests.map(({ name }) => name).join(', ')}`,
      ({ tick: { outcomes } }) => {
        const done = outcomes.filter(({ status }) => status === 'applied')
        const pinned = new Set(done.flatMap(({ action }) => (action.kind === 'pin' ? [action.domain] : [])))
        for (const { action } of done) if (action.kind === 'setMemory') resized.add(action.domain)
        return guests.every(({ domain }) => pinned.has(domain) && resized.has(domain))
      },
      beats,
    )
  }

  /** In each of so many ticks of the interval the others are sampled and pinned, in time. */
  async othersGoOn(count: number): Promise<void> {
    const came: { readonly index: number; readonly at: number; readonly passed: number }[] = []
    await this.run.until(({ tick, lateness }) => {
      if (tick.cause !== 'interval') return false
      came.push({ index: tick.index, at: tick.wallTime, passed: lateness * interval })
      for (const { domain } of this.others) {
        const pins = tick.outcomes.filter(({ action }) => action.domain === domain && action.kind === 'pin')
        const isServed = pins.some(({ status }) => status === 'applied')
        const why = pins.map(({ error }) => error?.message).join('; ') || 'nothing was tried'
        this.require(isServed, `${domain} was not pinned in tick ${tick.index}: ${why}`)
      }
      return false
    }, count)
    const { control } = this.ground
    for (const { index, at, passed } of came) {
      const { timerLate } = await control.between(at - passed, at)
      const limit = latestTick(timerLate)
      const words = `tick ${index} came after ${ms(passed)}, limit ${ms(limit)} with timers ${ms(timerLate)} late`
      this.require(passed <= limit, words)
    }
  }
}

/**
 * Milliseconds from one tick to the next at most, where timers of a process that does nothing else come so late. A tick
 * that comes more than half an interval late has lost its place. What leads to one is a chain of some waits, each of
 * which the machine may hold up as long as it did the timer.
 */
export function latestTick(timerLate: number): number {
  return 1.5 * interval + waitsOfTick * timerLate
}

function ms(milliseconds: number): string {
  return `${Math.round(milliseconds)} ms`
}

/** A fault that befalls restless controllers at work; all that live are served when it is over. */
export function whileAtWork(
  name: string,
  befall: (trial: Trial) => Promise<void>,
  { scheduler = carousel, ...traits }: Pick<Fault, 'breaksDaemon'> & { scheduler?: Scheduler } = {},
): Fault {
  return {
    name,
    ...traits,
    async befall(ground) {
      const guests = await ground.guests()
      const before = await healthOf(guests)
      await using host = await ground.connect()
      const run = ground.run(host, { interval, scheduler, ballooning: seesaw })
      const trial = new Trial(ground, run, guests)
      try {
        if (await trial.served(guests, ground.options.off ? beatsWithout : mostBeats)) {
          await befall(trial)
          await trial.served(trial.survivors)
        }
      } catch (error) {
        trial.broken.push(error instanceof Error ? error.message : `${error}`)
      } finally {
        await run.end().catch((error) => trial.broken.push(`the loop ended: ${error}`))
      }
      const alive = before.filter(({ guest }) => trial.survivors.includes(guest))
      return resultOf(name, run, [...trial.broken, ...(await harmSince(alive))], trial.figures)
    },
  }
}

export function resultOf(
  fault: string,
  run: Pick<Run, 'figures'>,
  broken: readonly string[],
  figures: Readonly<Record<string, unknown>> = {},
): FaultResult {
  const { ticks, ticksLost, actions, wrong } = run.figures
  return {
    fault,
    survived: broken.length === 0,
    ticksLost,
    wrongActions: wrong.length,
    ticks,
    actions,
    ...figures,
    broken: [...broken, ...wrong],
  }
}
