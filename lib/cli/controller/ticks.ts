import { type AutopilotOptions, autopilot } from '../../control/autopilot.ts'
import type { Tick } from '../../control/tick.ts'
import { BallastError } from '../../host/errors.ts'
import type { Host } from '../../host/host.ts'
import { tickJson } from '../../report/tick-json.ts'
import { counted } from '../../util/format.ts'
import { globMatcher } from '../../util/glob.ts'
import { type CliContext, logNotice, writeLines } from '../context.ts'
import { WorkFailed } from '../exit-codes.ts'
import type { LoopOptions } from '../options.ts'

/** Ticks after which nothing that a usual one needs is used for the first time. */
const startTicks = 3

/** What goes beyond one run of the autopilot. */
export interface RunTicksOptions {
  /** Ticks of earlier runs. Default 0. */
  readonly before?: number
  /** Is handed each Tick once it was shown; what it throws ends the run. */
  readonly seen?: (tick: Tick) => void
  /** Gives the Ticks. Default: the autopilot. */
  readonly run?: ((host: Host, options: AutopilotOptions) => AsyncIterable<Tick>) | undefined
}

/**
 * Runs the autopilot and shows each Tick, as JSON or by `show`, until the ticks are done or the user stops it. Returns
 * whether the user did. Throws what ended the loop, and {@link WorkFailed} when something still failed in the last
 * of `--ticks`.
 */
export async function runTicks(
  context: CliContext,
  host: Host,
  { json, ticks }: LoopOptions,
  pilot: AutopilotOptions,
  show: (tick: Tick) => void,
  { before = 0, seen, run = autopilot }: RunTicksOptions = {},
): Promise<boolean> {
  const controls = pilot.scheduler || pilot.ballooning || pilot.ksm
  using _ = controls ? context.endWhenHung?.(hungAfter(pilot)) : undefined
  let last: Tick | undefined
  for await (const tick of run(host, { ...pilot, ticks, signal: context.signal })) {
    if (json) writeLines(context, [tickJson(tick)])
    else show(tick)
    if (tick.index === 0) noticeNoMatch(context, pilot.match, tick)
    if (before + tick.index + 1 === startTicks) context.dropFilePages?.()
    seen?.(tick)
    assertJournal(tick)
    last = tick
  }
  if (context.signal.aborted) {
    const count = counted(before + (last?.index ?? -1) + 1, 'tick')
    const { reason } = context.signal
    if (reason !== 'EPIPE' && reason !== 'reload') {
      logNotice(context, `stopped after ${count}`, { event: 'stopped', level: 'info' })
    }
    return true
  }
  throwIfFailed(last)
  return false
}

/** Milliseconds in which a controller returns to its event loop, however much there is to compute. */
function hungAfter({ interval }: AutopilotOptions): number {
  return Math.max(30_000, 10 * interval)
}

function noticeNoMatch(context: CliContext, match: string | undefined, { view }: Tick): void {
  if (match === undefined) return
  const matches = globMatcher(match)
  if (!view.domains.some((domain) => matches(domain.name))) {
    logNotice(context, `no running guest matches --match ${JSON.stringify(match)}`)
  }
}

/** Throws when the journal cannot be written: nothing can be changed then, in this tick or a later one. */
function assertJournal(tick: Tick): void {
  const broken = errorsOf(tick).find(({ code }) => code === 'ERR_JOURNAL')
  if (!broken || tick.outcomes.some(({ status }) => status === 'applied')) return
  // The tick's own error has the reason, and what to do.
  throw new BallastError(broken.code, 'The run ends: nothing is changed without a journal', { cause: broken })
}

function throwIfFailed(tick: Tick | undefined): void {
  if (!tick) return
  const errors = errorsOf(tick)
  if (errors.length > 0) {
    throw new WorkFailed(`${counted(errors.length, 'thing')} failed in the last tick: ${errors[0]!.message}`)
  }
}

function errorsOf({ errors, outcomes }: Tick): readonly BallastError[] {
  return [...errors, ...outcomes.flatMap(({ error }) => error ?? [])]
}
