import { assertHost } from '../host/assert-host.ts'
import { BallastError } from '../host/errors.ts'
import type { Clock, Host } from '../host/host.ts'
import { unlessAborted } from '../util/unless-aborted.ts'
import { domainOverhead } from './defaults.ts'
import { ControlLoop } from './loop.ts'

import { type AutopilotOptions, type LoopConfig, readOptions } from './options.ts'
import { type Reservation, Reservations, type ReserveOptions } from './reservation/reservations.ts'
import type { Tick } from './tick.ts'

export type { AutopilotOptions } from './options.ts'
export type { Reservation, ReserveOptions } from './reservation/reservations.ts'

/** What {@link autopilot} gives: the Ticks of a loop at work, and what can be asked of it. */
export interface Autopilot extends AsyncGenerator<Tick, void, undefined> {
  /**
   * Reserves memory for a guest about to start: for a number of milliseconds `bytes` are taken from what policies and the
   * guard may hand out, and the ballooning policy shrinks other guests for it. Count the hypervisor's own memory in,
   * about 100 MiB.
   *
   * Resolves when the memory has been seen to be free; it is kept for the rest of the time, or until `signal` is
   * aborted, which is to be done once the guest has started: it counts by itself then. Rejects with `ERR_INSUFFICIENT_MEMORY`
   * when it cannot be there or has not come in time, with a message that says who holds what; with the
   * reason of `signal`; or with a `TypeError` for a wrong argument.
   *
   * It is the loop that finds the memory, so the promise stays pending while no Ticks are read. It rejects when the loop
   * ends, also one that never began.
   *
   * @example
   * const started = new AbortController()
   * await pilot.reserve(4 * GiB, { for: 60_000, signal: started.signal })
   * await startGuest()
   * started.abort()
   */
  reserveMemory(bytes: number, options: ReserveOptions): Promise<Reservation>
}

/**
 * Keeps a host level: every `interval` milliseconds it samples, observes, asks its policies, holds what they want
 * against the invariants of docs/architecture.md, carries out the rest, and yields the Tick that tells of it.
 *
 * Ticks begin at multiples of the interval since the first on `host.clock`: they do not drift, and intervals that a
 * long tick missed are skipped. Between two ticks the memory of guests is sampled once in each statistics period: when
 * one of them is under memory pressure, the ballooning policy is asked at once, and there is one more Tick, with
 * `cause: 'emergency'`. The loop runs only while its next Tick is awaited. It ends with
 * `ticks`, by `break`, or quietly when `signal` is aborted; whatever had begun is finished by then.
 *
 * Throws a `TypeError` at once for a wrong option. Rejects with `ERR_PERMISSION_DENIED` before the first Tick when it
 * would have to change a read-only host, and with `ERR_CONNECTION_LOST` or `ERR_ALREADY_CLOSED` when the host is
 * gone. Everything else that fails is in the errors of the Tick, and the loop goes on.
 *
 * @example
 * for await (const tick of autopilot(host, { interval: 2_000, scheduler: schedulers.balance() })) {
 *   console.log(tick.summary)
 * }
 */
export function autopilot(host: Host, options: AutopilotOptions): Autopilot {
  assertHost(host)
  const config = readOptions(options, host.topology)
  const { ballooning, dryRun } = config
  const reservations = new Reservations({
    clock: host.clock,
    limits: { ...config, domainOverhead },
    idle: dryRun
      ? 'a dry run reclaims no memory'
      : ballooning
        ? undefined
        : 'there is no ballooning policy to reclaim memory',
  })
  const ticks = run(host, config, reservations)
  const { return: finish, throw: fail } = ticks
  dropped.register(ticks, reservations)
  return Object.assign(ticks, {
    reserveMemory: (bytes: number, terms: ReserveOptions) => reservations.reserve(bytes, terms),
    // A generator that has not begun runs none of its code when it is ended, not its `finally` either.
    return: (value: void | PromiseLike<void>) => {
      reservations.end()
      return finish.call(ticks, value)
    },
    throw: (error: unknown) => {
      reservations.end()
      return fail.call(ticks, error)
    },
  })
}

/** Loops that were never asked for a Tick and cannot be any more: their reservations end. */
const dropped = new FinalizationRegistry<Reservations>((reservations) => reservations.end())

async function* run(
  host: Host,
  config: LoopConfig,
  reservations: Reservations,
): AsyncGenerator<Tick, void, undefined> {
  const { interval, ticks, signal } = config
  const { clock } = host
  let loop: ControlLoop | undefined
  try {
    assertMayAct(host, config)
    loop = await ControlLoop.start(host, config, reservations)
    const start = clock.now()
    let index = 0
    // `slot` is the interval that the tick belongs to, `done` how many of them had one.
    for (let slot = 0, done = 0; await reached(clock, start + slot * interval, signal); ) {
      const samples = await unlessAborted(loop.sample(), signal)
      if (!samples) return
      yield await loop.tick(index++, samples)
      if (++done === ticks) return
      slot = nextSlot(start, interval, slot, clock.now())
      for (;;) {
        const time = loop.nextMemorySample(start + slot * interval)
        if (time === undefined) break
        const memory =
          (await reached(clock, time, signal)) && (await unlessAborted(loop.sampleMemory(), signal))
        if (!memory) return
        const tick = await loop.emergencyTick(index, memory)
        if (!tick) continue
        index++
        yield tick
      }
      slot = nextSlot(start, interval, slot - 1, clock.now())
    }
  } finally {
    await loop?.end()
    reservations.end()
  }
}

/**
 * The next interval, counted from `start`, that is to have a tick: the first that has not begun yet, and never one up to
 * `after` again. Times are milliseconds of one clock. Counting from the start keeps ticks from drifting; intervals that a
 * long tick missed are skipped, so that ticks do not come in a burst.
 */
function nextSlot(start: number, interval: number, after: number, now: number): number {
  return Math.max(after + 1, Math.ceil((now - start) / interval))
}

function assertMayAct(host: Host, { scheduler, ballooning, ksm: merging, dryRun }: LoopConfig): void {
  if (!host.readOnly || dryRun || !(scheduler || ballooning || merging)) return
  throw new BallastError(
    'ERR_PERMISSION_DENIED',
    `The connection to ${host.uri} is read-only and can change nothing: connect without readOnly, or ask for a dry run`,
  )
}

/** Sleeps until `time`; false when `signal` was aborted before. */
async function reached(clock: Clock, time: number, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await clock.sleepUntil(time, signal)
  } catch (error) {
    if (!signal?.aborted) throw error
  }
  return !signal?.aborted
}
