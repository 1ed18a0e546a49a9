import { BallastError } from '../host/errors.ts'
import type { Clock, Host } from '../host/host.ts'
import { nextBeat } from './beat.ts'
import { type AutopilotOptions, readOptions, type Settings } from './options.ts'
import type { Tick } from './tick.ts'
import { Turns } from './turn.ts'

export type { AutopilotOptions } from './options.ts'

/**
 * Keeps a host level: every `interval` milliseconds it samples, observes, asks its policies, holds what they want
 * against the limits of "What is always true", carries out the rest, and yields the Tick that tells of it.
 *
 * Ticks begin at multiples of the interval since the first on `host.clock`: they do not drift, and beats that a
 * long turn missed are left out. The loop works only while somebody asks for the next Tick. It ends with
 * `ticks`, by `break`, or quietly when `signal` is aborted; whatever had begun is finished by then.
 *
 * Throws a `TypeError` at once for a wrong option. Rejects with `ERR_PERMISSION_DENIED` before the first Tick when it
 * would have to change a read-only host, and with `ERR_CONNECTION_LOST` or `ERR_ALREADY_CLOSED` when the host is
 * gone. Everything else that fails is told in the Tick, and the loop goes on.
 *
 * @example
 * for await (const tick of autopilot(host, { interval: 2_000, scheduler: schedulers.balance() })) {
 *   console.log(tick.summary)
 * }
 */
export function autopilot(host: Host, options: AutopilotOptions): AsyncGenerator<Tick, void, undefined> {
  return run(host, readOptions(options, host.topology))
}

async function* run(host: Host, settings: Settings): AsyncGenerator<Tick, void, undefined> {
  const { interval, ticks, signal } = settings
  assertMayAct(host, settings)
  const { clock } = host
  const turns = await Turns.begin(host, settings)
  try {
    const start = clock.now()
    for (let index = 0, beat = 0; await reached(clock, start + beat * interval, signal); index++) {
      const readings = await unlessAborted(turns.sample(), signal)
      if (!readings) return
      yield await turns.act(index, readings)
      if (index + 1 === ticks) return
      beat = nextBeat(start, interval, beat, clock.now())
    }
  } finally {
    turns[Symbol.dispose]()
  }
}

function assertMayAct(host: Host, { scheduler, ballooning, dryRun }: Settings): void {
  if (!host.readOnly || dryRun || !(scheduler || ballooning)) return
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

/** What `promise` resolves to, unless `signal` is aborted first. `promise` must be one that may be left to itself. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T | undefined> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const abort = () => resolve(undefined)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    promise
      .then((value) => resolve(signal.aborted ? undefined : value), reject)
      .finally(() => signal.removeEventListener('abort', abort))
  })
}
